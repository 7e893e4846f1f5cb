/* kernels/cuda/activation.h - layers of one input that work number by number
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_ACTIVATION_H
#define OST_KERNELS_CUDA_ACTIVATION_H

#include "kernels/cuda/chain.h"

/* Prepares a layer of one input whose step is `op`, and whose gradient is what
 * `back` makes of its output's gradient, told by its output. */
ost_rc ost_cuda_activation(ost_layer *layer, ost_chain_op op, ost_chain_op back,
                           const char *number);

#endif
