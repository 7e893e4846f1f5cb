/* kernels/cuda/picture_kernels.h - pictures made pixel by pixel
 *
 * Each function launches on `stream` and returns the cudaError_t of that; it
 * does not wait.  Pictures are checked by the caller; pointers are the
 * device's.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_PICTURE_KERNELS_H
#define OST_KERNELS_CUDA_PICTURE_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every pixel of `out` is the one in row rows[y] and column columns[x] of `in`,
 * bit for bit; `fill` (its bits) where one of them is negative. */
int ost_cuda_pick(const ost_cuda_picture *in, const int64_t *rows,
                  const int64_t *columns, uint32_t fill,
                  const ost_cuda_picture *out, void *stream);

/* `fill` (its bits) where `mask` is 0. */
int ost_cuda_blank_pixels(const ost_cuda_picture *in,
                          const ost_cuda_picture *mask, uint32_t fill,
                          const ost_cuda_picture *out, void *stream);

/* Fades `in` into `out`: rows[y] * columns[x] is its share. */
int ost_cuda_blend_pixels(const ost_cuda_picture *in, const double *rows,
                          const double *columns, const ost_cuda_picture *out,
                          void *stream);

/* The curve of kernels/tone.h; `table` has what each u8 or u16 becomes. */
int ost_cuda_gamma_pixels(const ost_cuda_picture *in, double low, double high,
                          double exponent, const float *table,
                          const ost_cuda_picture *out, void *stream);

int ost_cuda_gray_pixels(const ost_cuda_picture *in,
                         const ost_cuda_picture *out, void *stream);

int ost_cuda_noise_pixels(const ost_cuda_picture *in, float deviation,
                          uint32_t seed, const ost_cuda_picture *out,
                          void *stream);

/* Writes 1 into `mask` where a channel is set. */
int ost_cuda_mark_pixels(const ost_cuda_picture *in,
                         const ost_cuda_picture *mask, void *stream);

/* Marked pixels; `left` and `top` begin as INT32_MAX, `right` and `bottom` as
 * -1 (they are inside), `count` as 0. */
typedef struct ost_cuda_marks {
    int32_t left;
    int32_t top;
    int32_t right;
    int32_t bottom;
    unsigned long long count;
} ost_cuda_marks;

int ost_cuda_find_marked(const ost_cuda_picture *in, ost_cuda_marks *found,
                         void *stream);

#ifdef __cplusplus
}
#endif

#endif
