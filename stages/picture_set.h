/* stages/picture_set.h - items as what networks eat
 *
 * A field (H, W) or (H, W, C) of u8, u16 or f32 becomes planes (C, H, W) of
 * f32, the field `frames` (T, H, W) one channel (1, T, H, W); both normalized
 * for each channel: (value - mean) / std.
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
    int64_t frames; /* 0 for pictures, which have no such side */
    int64_t height;
    int64_t width;
} ost_picture_set;

/* The input of a network for `n` items (N, C, H, W) or (N, C, T, H, W); returns
 * how many sides that are.  Of the set, only the four sides are looked at. */
int ost_picture_set_shape(const ost_picture_set *set, int64_t n,
                          int64_t shape[OST_MAX_DIMS]);

/* What a model says of its input: {"field", "channels", "height", "width"}, and
 * "frames" where there are some.  New reference. */
json_t *ost_picture_set_meta(const ost_picture_set *set, const char *field);

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

/* Writes the pictures index[0..count-1] to `out`, a network's input. */
ost_rc ost_picture_set_load(ost_stage_ctx *ctx, const ost_picture_set *set,
                            const ost_normalization *norm,
                            const uint32_t *index, size_t count, float *out,
                            ost_err *err);

#endif
