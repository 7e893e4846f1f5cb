/* kernels/cpu/resize_axis.h - where the pixels of a resized image come from
 *
 * Tables of one axis, made on the host for every backend.  Private to kernels/.
 */
#ifndef OST_KERNELS_CPU_RESIZE_AXIS_H
#define OST_KERNELS_CPU_RESIZE_AXIS_H

#include "base/err.h"
#include "kernels/cpu/rows.h"

#include <stdbool.h>
#include <stdint.h>

/* Output i is the weighted sum of the input positions first[i] ... first[i] +
 * taps - 1, clamped to the input. */
typedef struct ost_resize_axis {
    int64_t from; /* input length */
    int64_t to;   /* output length */
    int64_t taps; /* the same for all positions; weights may be 0 */
    int64_t *first;
    float *weight; /* to x taps */
} ost_resize_axis;

/* Axes for linear weights, or with `area` for the covered area along sides that
 * shrink.  Release both in any case. */
ost_rc ost_resize_axes_init(const ost_image *in, const ost_image *out,
                            bool area, ost_resize_axis *down,
                            ost_resize_axis *along, ost_err *err);
void ost_resize_axis_release(ost_resize_axis *axis);

/* Whether that is to be done in the fixed point of resize_linear.h. */
bool ost_resize_is_linear_u8(const ost_image *in, const ost_image *out,
                             bool area);

/* The nearest input position of each of `to` output positions. */
void ost_resize_nearest(int64_t from, int64_t to, int64_t *position);

enum { OST_CUBIC_TAPS = 4, OST_CUBIC_BITS = 11 };

/* What the four taps of an output position take and how they weigh. */
typedef struct ost_cubic_taps {
    int64_t at[OST_CUBIC_TAPS];
    float weight[OST_CUBIC_TAPS];
    int32_t fixed[OST_CUBIC_TAPS]; /* weight in units of 2^-11 */
    int64_t first;                 /* at[0] before it was clamped */
} ost_cubic_taps;

void ost_cubic_fill(ost_cubic_taps *taps, int64_t i, int64_t from, int64_t to);

#endif
