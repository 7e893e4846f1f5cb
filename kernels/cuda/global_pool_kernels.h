/* kernels/cuda/global_pool_kernels.h - kernels of one number of each channel of
 * each item
 *
 * `rows` rows of `area` numbers each.  Each launcher returns the cudaError_t of
 * its launch on `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_GLOBAL_POOL_KERNELS_H
#define OST_KERNELS_CUDA_GLOBAL_POOL_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The mean of each row. */
int ost_cuda_launch_row_mean(int64_t rows, int64_t area, const float *x,
                             float *y, void *stream);
/* With `add` it is added to what is there, here and below. */
int ost_cuda_launch_row_mean_back(int64_t rows, int64_t area, const float *dy,
                                  bool add, float *dx, void *stream);
/* The highest number of each row, and where it is unless `where` is NULL: NaN
 * wins, and the first of equal numbers. */
int ost_cuda_launch_row_max(int64_t rows, int64_t area, const float *x,
                            float *y, int32_t *where, void *stream);
int ost_cuda_launch_row_max_back(int64_t rows, int64_t area, const float *dy,
                                 const int32_t *where, bool add, float *dx,
                                 void *stream);

#ifdef __cplusplus
}
#endif

#endif
