/* stages/gan_samples.h - what a generator makes while it learns
 *
 * Now and then the same few items go through the generator as `generate` would
 * take them, one at a time, with the same random numbers each time, so that
 * what changes from one sampling to the next is the generator alone.  People
 * look at the images; the training looks at their spread:
 *
 *     spread = s(made) / s(real)
 *
 * s being the standard deviation over the images of a sampling, of each number
 * of an image by itself, averaged over the numbers.  A generator that makes
 * the same image of everything has a spread of 0.
 */
#ifndef OST_STAGES_GAN_SAMPLES_H
#define OST_STAGES_GAN_SAMPLES_H

#include "base/buf.h"
#include "base/vec.h"
#include "stages/gan_batch.h"
#include "stages/generator.h"

typedef struct ost_gan_training ost_gan_training;

typedef struct ost_gan_sampling {
    int64_t step;  /* updates done */
    double spread; /* NaN: of less than two images, or beside equal ones */
} ost_gan_sampling;

typedef struct ost_gan_samples {
    const ost_gan_pictures *pictures;
    ost_generator generator;     /* with weights of its own; the descriptions of
                                    the networks are borrowed */
    uint64_t key;                /* of what is drawn for an image */
    size_t n;                    /* images of a sampling */
    uint32_t *index;             /* items that they are made of; NULL: drawn */
    const ost_picture_set *real; /* what they are compared with: */
    size_t n_real;
    uint32_t *real_index;
    int64_t first_real; /* of series: the first frame that is made */
    bool paired;        /* real i is what image i is to be */
    size_t numbers;     /* of one image */
    uint8_t *bytes;     /* of all images of the last sampling, as planes */
    double real_spread; /* s(real) */
    int64_t low;        /* samplings in a row whose spread was too low */
    OST_VEC(ost_gan_sampling) list;
} ost_gan_samples;

/* For `n` images at a time, less where there are less items.  Caller releases
 * with ost_gan_samples_release(). */
ost_rc ost_gan_samples_open(ost_gan_training *t, int64_t n, ost_gan_samples *s,
                            ost_err *err);
void ost_gan_samples_release(ost_gan_samples *s);

/* Makes one from the weights as they are to be handed on; appends it, hands its
 * images to port 'samples' and the picture of it to 'grids', and remembers them
 * for a step that goes on from here. */
ost_rc ost_gan_sample(ost_gan_training *t, ost_gan_samples *s, ost_err *err);

/* The picture of the last sampling: a column for each image, from top to bottom
 * what came in, what came out, and the real one, where there are these; of
 * series one frame below the other.  u8 of shape (H, W) or (H, W, 3); returns
 * how many sides that are. */
int ost_gan_grid_shape(const ost_gan_samples *s, int64_t shape[3]);
void ost_gan_grid(const ost_gan_samples *s, ost_tensor *out);

/* Hands out the last sampling. */
ost_rc ost_gan_samples_emit(ost_stage_ctx *ctx, const ost_gan_samples *s,
                            ost_err *err);
/* Writes that picture to a file that is there while the step runs; says
 * where, in memory of the step, or NULL when it could not be written. */
const char *ost_gan_samples_show(ost_stage_ctx *ctx, const ost_gan_samples *s);

/* For checkpoints: the list.  Reading hands out again what is remembered of it;
 * OST_ENOTFOUND, and nothing done, when something of it is not. */
void ost_gan_samples_write(const ost_gan_samples *s, ost_buf *b);
ost_rc ost_gan_samples_read(ost_gan_training *t, ost_gan_samples *s,
                            ost_reader *r, ost_err *err);

#endif
