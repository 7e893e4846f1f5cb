/* kernels/cpu/pixel_loops.h - loops over the bodies of kernels/per_pixel.def
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_PIXEL_LOOPS_H
#define OST_KERNELS_CPU_PIXEL_LOOPS_H

#include "kernels/cpu/rows.h"
#include "kernels/per_pixel.h"

/* Does it to `n` pixels that lie one behind the other.  `out` may be `in` where
 * both have one type; else they are apart. */
typedef void (*ost_pixel_loop)(const void *in, int64_t n, const void *args,
                               void *out);

/* The loop of a body ("line", "ramp", "threshold") from one type to another. */
ost_pixel_loop ost_pixel_loop_of(const char *body, ost_dtype from,
                                 ost_dtype to);

/* Does it to an image; sizes and channels of the two are the same.  Pixels with
 * gaps between them are collected row by row. */
ost_rc ost_each_pixel(const ost_image *in, const ost_image *out,
                      const char *body, const void *args, ost_err *err);

#endif
