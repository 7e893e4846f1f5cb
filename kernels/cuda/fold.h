/* kernels/cuda/fold.h - layers that take axes together
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_FOLD_H
#define OST_KERNELS_CUDA_FOLD_H

#include "kernels/cuda/cuda.h"

/* Prepares a layer whose shape is ost_reduction_shape()'s. */
ost_rc ost_cuda_fold_sum(ost_layer *layer, bool mean);
ost_rc ost_cuda_fold_highest(ost_layer *layer, ost_err *err);

#endif
