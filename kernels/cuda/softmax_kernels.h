/* kernels/cuda/softmax_kernels.h - kernels of shares of the channels of each
 * position
 *
 * Each launcher returns the cudaError_t of its launch on `stream` and does not
 * wait.
 */
#ifndef OST_KERNELS_CUDA_SOFTMAX_KERNELS_H
#define OST_KERNELS_CUDA_SOFTMAX_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers (items, channels, area). */
typedef struct ost_softmax_work {
    int64_t items;
    int64_t channels;
    int64_t area;
} ost_softmax_work;

/* y may be x, and dx may be dy. */
int ost_cuda_launch_softmax(const ost_softmax_work *work, const float *x,
                            float *y, void *stream);
int ost_cuda_launch_softmax_back(const ost_softmax_work *work, const float *y,
                                 const float *dy, float *dx, void *stream);

#ifdef __cplusplus
}
#endif

#endif
