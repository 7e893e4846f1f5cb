/* stages/generator.h - the networks of an objective, from files to models
 *
 * A side of an objective (kernels/gan.h) is one network file: every role of the
 * side is that file, with the values that the role gives its params.  What
 * `train_gan` hands on is a model whose metadata says
 *
 *     {"kind": "generator" or "discriminator", "objective": "pix2pix",
 *      "network": NAME, "architecture": the file, "params": as used,
 *      "input": [{"field", "channels", "height", "width", "frames"?}, ...],
 *                          (what came in: condition, a, b, the frames that are
                          given; [] where all is drawn)
 *      "image": {"field", "channels", "height", "width", "frames"?},
 *                          (what comes out)
 *      "latent": [100], "classes": [...] (labels of what it learned from),
 *      "n_weights", "training", "history", "samplings": [{"step", "spread"}],
 *      "diverged"?: {"reason", "step", "kept": update that the weights are of}}
 *
 * and whose weights are those of all roles of the side, by name.  Pictures go
 * in as value / 127.5 - 1 and come out as round((x + 1) 127.5), clamped to
 * 0..255.
 */
#ifndef OST_STAGES_GENERATOR_H
#define OST_STAGES_GENERATOR_H

#include "kernels/gan.h"
#include "stages/network.h"
#include "stages/picture_set.h"

/* The networks of one side, read for each role and scale. */
typedef struct ost_side_networks {
    const ost_objective *objective;
    ost_gan_side side;
    ost_network *nets[OST_GAN_ROLES][OST_GAN_SCALES]; /* NULL: not its role */
    /* Their descriptions, whose weights have the names of the side:
     * "ROLE.name", or "ROLE.SCALE.name" of several; as the file has them where
     * it has a param `domain`.  Zeroed where `nets` is NULL. */
    ost_net_spec specs[OST_GAN_ROLES][OST_GAN_SCALES];
    bool named; /* the file has a param `domain` */
} ost_side_networks;

/* Reads the file for all roles of a side; `values` as ost_network_read(), but
 * without `domain`, `part` and `scale`, which the roles give.  Caller releases
 * with ost_side_networks_release(). */
ost_rc ost_side_networks_read(const ost_objective *objective, ost_gan_side side,
                              const char *file, const char *text, size_t size,
                              const json_t *values, ost_side_networks *nets,
                              ost_err *err);
void ost_side_networks_release(ost_side_networks *nets);
/* The first of them: the file, and its params. */
const ost_network *ost_side_networks_first(const ost_side_networks *nets);
/* The params as they were used, without those that roles give.  Caller decrefs.
 */
json_t *ost_side_networks_params(const ost_side_networks *nets);

/* A picture as a model's metadata tells of it. */
typedef struct ost_generator_picture {
    const char *field;
    int64_t channels;
    int64_t frames; /* 0 for pictures */
    int64_t height;
    int64_t width;
} ost_generator_picture;

/* A generator that can be run. */
typedef struct ost_generator {
    ost_stage_ctx *ctx;
    const ost_input *model;
    ost_backend *backend;
    const json_t *meta; /* borrowed from the step */
    ost_side_networks networks;
    const ost_gan_way *way;
    bool live; /* behaves as in training; may be changed before the first
                  image */
    ost_generator_picture input; /* what the way reads; no field: drawn */
    ost_generator_picture image; /* what comes out */
    int latent_ndim;             /* of one drawn input, without N */
    int64_t latent[OST_MAX_DIMS];
    size_t n_classes; /* labels of what it learned from */
    const char **classes;

    /* From the first image on. */
    ost_weights *weights;
    ost_net *nets[OST_GAN_CHAIN];
} ost_generator;

/* Reads what is known of the model at `in`; its weights are read when the first
 * image is made.  `way` NULL: the objective's first.  OST_EINPUT says when it
 * is no generator, or has no such way (and which it has).  `backend` outlives
 * it; caller releases with ost_generator_release(). */
ost_rc ost_generator_open(ost_stage_ctx *ctx, const ost_input *in,
                          const char *way, ost_backend *backend,
                          ost_generator *generator, ost_err *err);
void ost_generator_release(ost_generator *generator);

/* For a generator that still learns, described by the caller in place of
 * ost_generator_open(): makes its networks, whose weights the caller fills
 * before each use. */
ost_rc ost_generator_build(ost_generator *generator, ost_err *err);

/* Whether generators of an objective behave as in training where nothing else
 * is said.  Those of pairs do: Isola et al., "Image-to-image translation with
 * conditional adversarial networks", CVPR 2017, section 3.3, drop numbers and
 * take the statistics of the image at hand when they generate, too.  Others
 * learn from batches, of which one image does not have the statistics, or add
 * noise to codes while they learn alone. */
bool ost_generator_lives(const ost_objective *objective);
/* True when the way draws what it begins with and reads no picture. */
bool ost_generator_draws(const ost_generator *generator);
/* An image of one picture (H, W), (H, W, C) or (T, H, W) of u8 that has the
 * sides of `input`; NULL where the way draws.  `draw` names the random numbers.
 * `image`: plain numbers, borrowed until the next call. */
ost_rc ost_generator_run(ost_generator *generator, const ost_tensor *picture,
                         uint64_t draw, ost_tensor *image, ost_err *err);

/* value / 127.5 - 1 for every channel. */
ost_normalization ost_generator_norm(int64_t channels);
/* round((x + 1) 127.5), clamped: `count` numbers to bytes. */
void ost_generator_bytes(const float *x, size_t count, uint8_t *out);

#endif
