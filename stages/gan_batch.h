/* stages/gan_batch.h - what generators and discriminators learn from
 *
 * An objective (kernels/gan.h) wants images, pairs, two domains or series.  A
 * training takes them from an endless row: each epoch in a new random order,
 * one behind the other, so that every batch has the same size and every item
 * comes equally often.  The two domains have orders of their own; an epoch is
 * over when the larger one is through.
 *
 * As they are taken, pictures may be enlarged and cropped back to their size at
 * a random place (`jitter`: Isola et al., CVPR 2017, section 6.2), and flipped.
 * A pair is moved as one; what is drawn hangs on the place in the row alone.
 */
#ifndef OST_STAGES_GAN_BATCH_H
#define OST_STAGES_GAN_BATCH_H

#include "kernels/gan.h"
#include "stages/picture_set.h"

/* An endless row of the items of a set. */
typedef struct ost_gan_row {
    uint64_t stream; /* of the step, for the order of epoch 0 */
    uint64_t key;    /* of moves */
    size_t n;
    uint32_t *order;
    int64_t epoch; /* whose order that is; -1: none yet */
} ost_gan_row;

typedef struct ost_gan_pictures {
    ost_stage_ctx *ctx;
    ost_gan_data kind;
    int n_sets; /* tensors of a batch */
    ost_picture_set sets[OST_GAN_INPUTS];
    const char *fields[OST_GAN_INPUTS];
    double jitter;                    /* 1: none */
    double flip;                      /* how probable */
    ost_gan_row rows[OST_GAN_INPUTS]; /* one for both sets of pairs */
    float *raw;                       /* pictures before they are moved */
    size_t raw_count;
} ost_gan_pictures;

/* What was asked for. */
typedef struct ost_gan_source {
    ost_gan_data kind;
    const char *field;
    const char *condition; /* of pairs; NULL: the left half of `field` */
    double jitter;
    double flip;
} ost_gan_source;

/* Opens what stands at the ports 'in' and 'b'.  OST_EINPUT names the port or
 * the item that does not fit.  Caller releases with
 * ost_gan_pictures_release(). */
ost_rc ost_gan_pictures_open(ost_stage_ctx *ctx, const ost_gan_source *source,
                             ost_gan_pictures *p, ost_err *err);
void ost_gan_pictures_release(ost_gan_pictures *p);

/* Items of an epoch. */
size_t ost_gan_epoch_items(const ost_gan_pictures *p);
/* The index of the item of set `set` at `place` of its row. */
ost_rc ost_gan_item_at(ost_gan_pictures *p, int set, int64_t place,
                       uint32_t *index, ost_err *err);
/* Fills the inputs of the gan's next step with the items at `place` and behind
 * it. */
ost_rc ost_gan_load(ost_gan_pictures *p, int64_t place, ost_gan *gan,
                    ost_err *err);

#endif
