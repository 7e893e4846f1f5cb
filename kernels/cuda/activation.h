/* kernels/cuda/activation.h - layers of one input that work number by number
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_ACTIVATION_H
#define OST_KERNELS_CUDA_ACTIVATION_H

#include "kernels/cuda/chain.h"

/* Prepares a layer that chains know (ost_cuda_chain_activation()). */
ost_rc ost_cuda_activation(ost_layer *layer);

#endif
