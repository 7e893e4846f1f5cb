/* stages/picture_set.h - items as what networks eat
 *
 * A field (H, W) or (H, W, C) of u8, u16 or f32 becomes planes (C, H, W) of
 * f32, normalized for each channel: (value - mean) / std.
 */
#ifndef OST_STAGES_PICTURE_SET_H
#define OST_STAGES_PICTURE_SET_H

#include "stages/stage.h"

enum { OST_PICTURE_CHANNELS = 64 };

typedef struct ost_normalization {
    int64_t channels;
    double mean[OST_PICTURE_CHANNELS];
    double std[OST_PICTURE_CHANNELS]; /* never 0 */
} ost_normalization;

/* The pictures of a dataset, all of one shape. */
typedef struct ost_picture_set {
    const ost_item *items;
    size_t n;
    ost_tensor *tensors; /* on stored bytes */
    int64_t channels;
    int64_t height;
    int64_t width;
} ost_picture_set;

/* Opens `field` of `n` items.  OST_EINPUT names the item whose field is
 * missing, no picture, or of another shape than the first one's.  Everything is
 * borrowed until the step is finished. */
ost_rc ost_picture_set_open(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                            const char *field, ost_picture_set *set,
                            ost_err *err);

/* Mean and standard deviation of each channel over all pictures, the same for
 * any number of threads; a channel that is constant gets 1 as std.  NaN and
 * infinite values are refused, by item. */
ost_rc ost_picture_set_measure(ost_stage_ctx *ctx, const ost_picture_set *set,
                               ost_normalization *norm, ost_err *err);

/* Writes the pictures index[0..count-1] to `out`, (count, C, H, W). */
ost_rc ost_picture_set_load(ost_stage_ctx *ctx, const ost_picture_set *set,
                            const ost_normalization *norm,
                            const uint32_t *index, size_t count, float *out,
                            ost_err *err);

#endif
