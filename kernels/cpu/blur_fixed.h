/* kernels/cpu/blur_fixed.h - Gaussian blur of integers, in fixed point
 *
 * As OpenCV does it: weights are multiples of 2^-8 (u8) or 2^-16 (u16) that
 * add up to exactly 1, all sums are exact, and the result is rounded once, half
 * up.  Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_BLUR_FIXED_H
#define OST_KERNELS_CPU_BLUR_FIXED_H

#include "kernels/cpu/rows.h"

/* `weight` holds reach + 1 numbers that add up to 1 with all but the first
 * counted twice: from the center outwards.  u8 or u16 images of one size. */
ost_rc ost_blur_fixed(const ost_image *in, const ost_image *out, int64_t reach,
                      const double *weight, ost_err *err);

#endif
