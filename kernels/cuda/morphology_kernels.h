/* kernels/cuda/morphology_kernels.h - the largest value under a shape
 *
 * Planes are those of kernels/cpu/morphology.c: u8 as it is, u16 and f32 as
 * float, with as many channels side by side as the picture has.
 *
 * Each function launches on `stream` and returns the cudaError_t of that; it
 * does not wait.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_MORPHOLOGY_KERNELS_H
#define OST_KERNELS_CUDA_MORPHOLOGY_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A plane is a picture of u8 or f32.  NaN becomes -INFINITY, or INFINITY unless
 * `lowest`. */
int ost_cuda_morph_load(const ost_cuda_picture *in, int lowest,
                        const ost_cuda_picture *plane, void *stream);
int ost_cuda_morph_store(const ost_cuda_picture *plane,
                         const ost_cuda_picture *out, void *stream);

/* Raises `to` to the largest values of `from` in rectangles of 2 * rx + 1
 * columns and 2 * ry + 1 rows; with `begin` it has no values yet.  `room` is a
 * plane too.  Of equal values (0 and -0) the one that the CPU backend takes:
 * the last one of the first row. */
int ost_cuda_morph_rect(const ost_cuda_picture *from, int64_t rx, int64_t ry,
                        int begin, const ost_cuda_picture *room,
                        const ost_cuda_picture *to, void *stream);

int ost_cuda_morph_negate(const ost_cuda_picture *plane, void *stream);
/* to = to - from, or with `reverse` from - to. */
int ost_cuda_morph_subtract(const ost_cuda_picture *from, int reverse,
                            const ost_cuda_picture *to, void *stream);

#ifdef __cplusplus
}
#endif

#endif
