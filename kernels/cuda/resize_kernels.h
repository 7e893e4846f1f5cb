/* kernels/cuda/resize_kernels.h - pictures of another size, or moved
 *
 * Where pixels come from and how they weigh is told by tables that the host
 * has made, with the CPU backend's numbers.
 *
 * Each function launches on `stream` and returns the cudaError_t of that; it
 * does not wait.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_RESIZE_KERNELS_H
#define OST_KERNELS_CUDA_RESIZE_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of one axis: output i is the weighted sum of the input positions first[i] ...
 * first[i] + taps - 1, clamped to the picture; weights are `taps` for each. */
typedef struct ost_cuda_axis {
    const int64_t *first;
    const float *weight;
    int64_t taps;
} ost_cuda_axis;

/* In single precision, along rows first; weights of 0 are left out. */
int ost_cuda_resize_taps(const ost_cuda_picture *in, const ost_cuda_axis *down,
                         const ost_cuda_axis *along,
                         const ost_cuda_picture *out, void *stream);
/* u8 with two taps an axis, in OpenCV's fixed point. */
int ost_cuda_resize_linear(const ost_cuda_picture *in,
                           const ost_cuda_axis *down,
                           const ost_cuda_axis *along,
                           const ost_cuda_picture *out, void *stream);
/* Four taps an axis: u8 in whole numbers, others in single precision. */
int ost_cuda_resize_cubic(const ost_cuda_picture *in, const ost_cuda_axis *down,
                          const ost_cuda_axis *along,
                          const ost_cuda_picture *out, void *stream);

/* An affine map: what output columns and rows add to positions in the input, in
 * 1/1024 of a pixel (rounding is in the rows'). */
typedef struct ost_cuda_warp_args {
    const int64_t *column_x;
    const int64_t *column_y;
    const int64_t *row_x;
    const int64_t *row_y;
    int nearest;
    int constant; /* `fill` outside; else the nearest pixel */
    float fill;
    uint32_t fill_bits; /* in the picture's type */
} ost_cuda_warp_args;

int ost_cuda_warp_pixels(const ost_cuda_picture *in,
                         const ost_cuda_warp_args *args,
                         const ost_cuda_picture *out, void *stream);

/* `map` has x and y of each pixel of `out`. */
int ost_cuda_remap_pixels(const ost_cuda_picture *in, const float *map,
                          int nearest, int constant, float fill,
                          const ost_cuda_picture *out, void *stream);

/* Weights from the center outwards, reach + 1 of them; edges are repeated.
 * `room` has a number a value.  Integers in fixed point: weights of u8 are in
 * units of 2^-8, those of u16 in units of 2^-16. */
int ost_cuda_blur_floats(const ost_cuda_picture *in, const float *weight,
                         int64_t reach, float *room,
                         const ost_cuda_picture *out, void *stream);
int ost_cuda_blur_integers(const ost_cuda_picture *in, const uint32_t *weight,
                           int64_t reach, uint32_t *room,
                           const ost_cuda_picture *out, void *stream);

#ifdef __cplusplus
}
#endif

#endif
