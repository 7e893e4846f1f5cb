/* kernels/cuda/bias_kernels.h - the gradient of a bias, behind a chain */
#ifndef OST_KERNELS_CUDA_BIAS_KERNELS_H
#define OST_KERNELS_CUDA_BIAS_KERNELS_H

#include "kernels/cuda/chain_kernels.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Does the chain, if it has steps, and adds up what comes out of each channel,
 * in double: grad = the sums, or grad += them.  `parts` has room for
 * ost_cuda_bias_parts() numbers.  Returns the cudaError_t of the launches on
 * `stream` and does not wait. */
int ost_cuda_launch_bias(const ost_chain_args *chain, double *parts, bool add,
                         float *grad, void *stream);
/* Of `count` numbers in `channels`; 0: none are needed. */
int64_t ost_cuda_bias_parts(int64_t count, int64_t channels);

#ifdef __cplusplus
}
#endif

#endif
