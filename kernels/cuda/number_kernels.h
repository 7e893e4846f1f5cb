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

#ifdef __cplusplus
}
#endif

#endif
