/* kernels/cuda/combine.h - layers of several values, number by number
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_COMBINE_H
#define OST_KERNELS_CUDA_COMBINE_H

#include "kernels/cuda/cuda.h"

/* Prepares a layer whose shape is ost_broadcast_shape()'s to add or to multiply
 * its inputs, in their order. */
ost_rc ost_cuda_combine(ost_layer *layer, bool multiply);

#endif
