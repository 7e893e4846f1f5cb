/* kernels/gan.h - two sides that learn against each other
 *
 * Generators make images, discriminators tell them from real ones: Goodfellow
 * et al., "Generative adversarial nets", NIPS 2014.  An objective (one file of
 * kernels/objectives/, one line of kernels/objective_list.def) says which
 * networks there are, what a batch holds, and which losses each side makes
 * small.  A step is
 *
 *     fill ost_gan_host_input() -> ost_gan_discriminate -> update
 *                                  discriminators
 *                               -> ost_gan_generate -> update generators
 *                               -> ost_gan_finish
 *
 * or the other way round, as the objective has it (`first`).  Each call leaves
 * the gradients of its own side's weights, and the losses that it knows, which
 * are there when the device has finished.
 *
 * Networks of a side share one list of weights.  Those of a role are called
 * "ROLE.name", unless the network's file has a param `domain`: it then names
 * them itself, and may give two domains the same ones.
 *
 * How to add an objective: kernels/objectives/x.c with `const ost_objective
 * ost_objective_x` and one line OBJECTIVE(x) in kernels/objective_list.def.
 */
#ifndef OST_KERNELS_GAN_H
#define OST_KERNELS_GAN_H

#include "kernels/loss.h"
#include "kernels/network.h"
#include "kernels/optimizer.h"

enum {
    OST_GAN_ROLES = 8,   /* networks of an objective, at most */
    OST_GAN_SCALES = 4,  /* networks of one role: discriminators of one image
                            in several resolutions */
    OST_GAN_TERMS = 8,   /* weighted terms of an objective */
    OST_GAN_LOSSES = 16, /* losses that it tells */
    OST_GAN_INPUTS = 2,  /* tensors of a batch */
    OST_GAN_CHAIN = 2,   /* networks of a way from input to image */
    OST_GAN_WAYS = 4,
    OST_GAN_KEPT = 4, /* buffers that later steps hang on */
};

typedef enum ost_gan_side {
    OST_GENERATOR,
    OST_DISCRIMINATOR,
    OST_GAN_SIDES,
} ost_gan_side;

/* What a batch holds. */
typedef enum ost_gan_data {
    OST_GAN_IMAGES,  /* in[0]: images */
    OST_GAN_PAIRS,   /* in[0]: conditions, in[1]: the images that belong to
                        them */
    OST_GAN_DOMAINS, /* in[0]: images of domain a, in[1]: others of domain b */
    OST_GAN_SERIES,  /* in[0]: frames (N, C, T, H, W) */
} ost_gan_data;

/* A network's part in the game. */
typedef struct ost_gan_role {
    const char *name; /* "generator", "encode_a" */
    ost_gan_side side;
    /* Values of the params of these names of the network's file, where it has
     * them; NULL: none. */
    const char *domain;
    const char *part;
    bool drawn;  /* its input is not an image: numbers drawn from N(0, 1), of
                    the shape that the file calls its input */
    bool scaled; /* the file's param `scales` says how many of it there are;
                    each gets its number as the param `scale` */
} ost_gan_role;

/* A summand of a loss, by name, with the weight that it has by default. */
typedef struct ost_gan_term {
    const char *name; /* "l1" */
    double weight;
    const char *help;
} ost_gan_term;

/* From what comes in to an image: networks one after the other. */
typedef struct ost_gan_way {
    const char *name; /* "a_to_b" */
    int roles[OST_GAN_CHAIN];
    int n_roles;
    int input; /* of the batch that the first one reads; -1: drawn */
} ost_gan_way;

typedef struct ost_gan ost_gan;
typedef struct ost_gan_steepness ost_gan_steepness;

typedef struct ost_objective {
    const char *name;
    const char *summary; /* with the paper */
    ost_gan_data data;
    ost_gan_loss loss;         /* by default */
    ost_gan_side first;        /* updated first */
    const ost_gan_role *roles; /* ends with a NULL name, as the next four do */
    const ost_gan_term *terms;
    const char *const *losses; /* "d_real": names of ost_gan.loss */
    const ost_gan_way *ways;   /* the first is the usual one */
    /* Builds the networks for the batch (ost_gan_net()).  Says what is wrong
     * with shapes in words of people who wrote the networks. */
    ost_rc (*build)(ost_gan *gan, ost_err *err);
    ost_rc (*discriminate)(ost_gan *gan, ost_err *err);
    ost_rc (*generate)(ost_gan *gan, ost_err *err);
    /* What came out last at way 0, for people to look at: (N, ...), in the
     * memory of the device. */
    ost_tensor (*image)(const ost_gan *gan);
    /* Once the device has finished: sums up losses that are made of several.
     * NULL: there are none. */
    void (*sum_up)(ost_gan *gan);
} ost_objective;

typedef enum ost_gan_penalty {
    OST_PENALTY_NONE,
    /* (|grad D(x)| - 1)^2 between real and generated images: Gulrajani et al.,
     * NIPS 2017, equation 3 */
    OST_PENALTY_GRADIENT,
    /* |grad D(x)|^2 / 2 at real images: Mescheder et al., ICML 2018, R1 */
    OST_PENALTY_R1,
} ost_gan_penalty;

typedef struct ost_gan_spec {
    const ost_objective *objective;
    const ost_net_spec *nets[OST_GAN_ROLES][OST_GAN_SCALES]; /* by role; NULL
                                                              past the last */
    bool named[OST_GAN_ROLES]; /* the network names its weights by domain */
    int ndim[OST_GAN_INPUTS];  /* of a batch, N included; 0: no such input */
    int64_t shape[OST_GAN_INPUTS][OST_MAX_DIMS];
    int latent_ndim; /* of one drawn input, without N */
    int64_t latent[OST_MAX_DIMS];
    double weight[OST_GAN_TERMS];
    ost_gan_loss loss;
    double smoothing; /* the label of real images is 1 minus this, where the
                         discriminator learns */
    ost_gan_penalty penalty;
    double penalty_weight;
    int64_t history; /* generated images kept to be shown to the discriminator
                        again: Shrivastava et al., CVPR 2017; 0: none */
    int64_t given;   /* of series: frames that are given, the first ones */
    uint64_t key;    /* of all that is drawn */
} ost_gan_spec;

/* Images that later steps hang on. */
typedef struct ost_gan_kept {
    float *data;    /* room for spec->history images; NULL: for none */
    float *held;    /* for one of them, on its way */
    int64_t each;   /* numbers of an image */
    int64_t filled; /* images that are there */
} ost_gan_kept;

struct ost_gan {
    const ost_gan_spec *spec;
    ost_backend *backend;
    ost_weights *weights[OST_GAN_SIDES];
    float *in[OST_GAN_INPUTS];   /* the batch, in the memory of the device */
    double loss[OST_GAN_LOSSES]; /* of the last step, as objective->losses;
                                    after ost_gan_finish() */
    int64_t step;                /* numbers the steps; names what they draw */
    ost_gan_kept kept[OST_GAN_KEPT];
    int n_kept;
    void *state; /* the objective's, of ost_xalloc(); freed with the gan */
};

/* By name; NULL when there is none.  By index; NULL past the end. */
const ost_objective *ost_objective_find(const char *name);
const ost_objective *ost_objective_at(size_t i);

/* Builds everything.  `spec` and what it points to, and `backend`, must outlive
 * it.  Weights are declared, and zero (see ost_weights_init()).  OST_EINPUT's
 * message begins with the role: "discriminator: layer 3 (conv2d): ".  Caller
 * frees with ost_gan_free(). */
ost_rc ost_gan_new(const ost_gan_spec *spec, ost_backend *backend,
                   ost_gan **gan, ost_err *err);
void ost_gan_free(ost_gan *gan);
/* Plain numbers of input `i` of a batch, in memory of the host, to be filled
 * before the next of the three below, which have them in `in` then, and leave
 * them there for the next one.  The device may still compute what it was told
 * before.  OST_ENOMEM. */
ost_rc ost_gan_host_input(ost_gan *gan, int i, float **numbers, ost_err *err);
/* The gradients of one side, from the batch in `in` and gan->step. */
ost_rc ost_gan_discriminate(ost_gan *gan, ost_err *err);
ost_rc ost_gan_generate(ost_gan *gan, ost_err *err);
/* Both and an update of each side in the objective's order; counts the step.
 * `opt` by side. */
ost_rc ost_gan_step(ost_gan *gan, const ost_optimizer *opt, ost_err *err);
/* Waits for the device: the losses are there then. */
ost_rc ost_gan_finish(ost_gan *gan, ost_err *err);
/* For checkpoints: how many numbers gan->kept[i] has, and copies of them. */
size_t ost_gan_kept_count(const ost_gan *gan, int i);
ost_rc ost_gan_kept_get(ost_gan *gan, int i, float *numbers, ost_err *err);
ost_rc ost_gan_kept_set(ost_gan *gan, int i, const float *numbers,
                        ost_err *err);
/* Whether a loss is of this game: those of a penalty, whose names have
 * "_penalty" in them, are 0 where there is none, and not worth telling. */
bool ost_gan_tells(const ost_gan_spec *spec, int loss);
/* Bytes for activations, gradients of values and workspace of all networks, and
 * of what ost_gan_floats() gave. */
size_t ost_gan_memory(const ost_gan *gan);
/* The networks in the order in which they were built; NULL past the last. */
const ost_net *ost_gan_net_at(const ost_gan *gan, int i);

/* --- for objectives ------------------------------------------------------ */

/* A network of a role for inputs of this shape.  `flags` as ost_net_new()
 * (OST_NET_TRAIN is added).  Belongs to the gan. */
ost_rc ost_gan_net(ost_gan *gan, int role, int scale, int ndim,
                   const int64_t *shape, unsigned flags, ost_net **net,
                   ost_err *err);
/* Device memory for `count` floats, zeroed, freed with the gan. */
ost_rc ost_gan_floats(ost_gan *gan, int64_t count, float **data, ost_err *err);
/* Names the numbers of pass `pass` of this step. */
uint64_t ost_gan_draw(const ost_gan *gan, int pass);
/* `items` rows of `count` numbers from N(0, 1), in memory of the host: a row
 * hangs on the pass and its place alone. */
void ost_gan_numbers(const ost_gan *gan, int pass, int64_t items, int64_t count,
                     float *numbers);
/* OST_EINPUT, with the role in front, unless `made`, which comes out of a
 * role's network, has the shape of the images. */
ost_rc ost_gan_expect(const ost_gan *gan, int role, const ost_tensor *made,
                      int ndim, const int64_t *shape, ost_err *err);
/* Weight of a term, by its place in objective->terms. */
double ost_gan_weight(const ost_gan *gan, int term);
/* to = from, of `count` floats of the device. */
ost_rc ost_gan_copy(const ost_gan *gan, float *to, const float *from,
                    int64_t count, ost_err *err);
/* What the discriminator's `logits` are worth: fills `grad` (of weight times
 * the mean; may be NULL) and *loss (the mean). */
ost_rc ost_gan_judge(const ost_gan *gan, const ost_tensor *logits,
                     ost_verdict verdict, double weight, float *grad,
                     double *loss, ost_err *err);
/* The discriminator `net` has run and learns its verdict: *loss as
 * ost_gan_judge(), gradients go to its weights. */
ost_rc ost_gan_learn(const ost_gan *gan, ost_net *net, ost_verdict verdict,
                     double weight, double *loss, ost_err *err);
/* weight * mean |x - target|: *loss is the mean without the weight, the
 * gradient is written to `grad` (may be NULL). */
ost_rc ost_gan_l1(const ost_gan *gan, const ost_tensor *x, const float *target,
                  double weight, float *grad, double *loss, ost_err *err);
/* A pool of spec->history images of `numbers` each, for
 * ost_gan_show_again().  It is the next of gan->kept. */
ost_rc ost_gan_pool(ost_gan *gan, int64_t numbers, int *pool, ost_err *err);
/* Images that were made before, now and then, in place of those that are made
 * now: Shrivastava et al., "Learning from simulated and unsupervised images
 * through adversarial training", CVPR 2017.  Each of the `items` of `images`
 * goes into the pool while that is not full; then each is exchanged, by even
 * chance, for one of those in it.  What pass `pass` draws for an item hangs on
 * its place alone. */
ost_rc ost_gan_show_again(ost_gan *gan, int pool, int pass, int64_t items,
                          float *images, ost_err *err);
/* For gradient penalties: watches a discriminator, a network of ost_gan_net()
 * with OST_NET_INPUT_GRAD and OST_NET_ADD_GRAD.  Belongs to the gan; NULL where
 * the spec has no penalty, and NULL is then fine for the two below.  OST_EINPUT
 * for layers that have no derivative here (kernels/tangent.h). */
ost_rc ost_gan_steepness_new(ost_gan *gan, int role, int scale, ost_net *judge,
                             ost_gan_steepness **steepness, ost_err *err);
/* What is in the discriminator's input are real or generated images. */
ost_rc ost_gan_see(ost_gan *gan, ost_gan_steepness *steepness,
                   ost_verdict verdict, ost_err *err);
/* The penalty at the images that were seen: *loss is the mean without the
 * weight, gradients are added to those of the discriminator's weights.  Runs it
 * once more, and waits for what it gives; `pass` names what is drawn. */
ost_rc ost_gan_penalize(ost_gan *gan, ost_gan_steepness *steepness, int pass,
                        double *loss, ost_err *err);
/* Forgets the gradients of one side, so that backwards add up. */
void ost_gan_clear(const ost_gan *gan, ost_gan_side side);

/* What the backends' slot gets: out = a x + b y, item by item, with numbers of
 * their own; without y the second term is left out, without x the first is a
 * alone. */
struct ost_mix {
    float *out;
    const float *x;
    const float *y;
    const double *a; /* `items` of them, in memory of the host, that may change
                        when the slot returns */
    const double *b;
    int64_t items;
    int64_t count; /* numbers of an item */
};

#endif
