/* kernels/cpu/resize_linear.h - linear resizing of u8, in OpenCV's fixed point
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_RESIZE_LINEAR_H
#define OST_KERNELS_CPU_RESIZE_LINEAR_H

#include "kernels/cpu/rows.h"

/* For an axis: output i lies between the input positions first[i] and the next,
 * both clamped to the image, and weighs them by weight[2 * i] and the next. */
typedef struct ost_linear_axis {
    const int64_t *first;
    const float *weight;
} ost_linear_axis;

/* Images of u8 with the same channels, not empty. */
ost_rc ost_resize_linear_u8(const ost_image *in, const ost_image *out,
                            const ost_linear_axis *down,
                            const ost_linear_axis *along, ost_err *err);

/* Makes `out` if it is half of `in` in both directions, of one channel without
 * gaps; says whether it is. */
bool ost_resize_half_u8(const ost_image *in, const ost_image *out);

#endif
