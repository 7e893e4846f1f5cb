/* kernels/cuda/number_kernels.h - kernels for numbers in the device's memory
 *
 * Each returns the cudaError_t of its launch on `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_NUMBER_KERNELS_H
#define OST_KERNELS_CUDA_NUMBER_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* *to = number */
int ost_cuda_launch_set(uint64_t *to, uint64_t number, void *stream);
/* out = a x + b y, item by item; without x, a alone; y may be NULL. */
int ost_cuda_launch_mix(float *out, const float *x, const float *y,
                        const double *a, const double *b, int64_t items,
                        int64_t count, void *stream);

#ifdef __cplusplus
}
#endif

#endif
