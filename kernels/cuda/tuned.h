/* kernels/cuda/tuned.h - the fastest of the deterministic algorithms
 *
 * For `cuda-f32-tuned`: what is the fastest for a shape is measured once and
 * kept (kernels/tuning.h).  Only algorithms that add up in a fixed order
 * and multiply in f32 take part, within the workspace, so that a choice that is
 * kept gives the same bits each time; what was chosen may differ from one
 * machine to another, which is why this is a numeric class of its own.
 * Measuring takes memory for the operands and waits for the device.
 */
#ifndef OST_KERNELS_CUDA_TUNED_H
#define OST_KERNELS_CUDA_TUNED_H

#include "kernels/cuda/convolution_passes.h"
#include "kernels/cuda/product.h"

enum { OST_PRODUCT_CHOICES = 8 };

/* Changes the algorithm of a pass that has been chosen by rule; that stays when
 * none is faster or there is no memory to measure. */
ost_rc ost_tuned_convolution(ost_conv *conv, ost_conv_way way, ost_err *err);
/* Which of `count` found algorithms a described product is to use. */
ost_rc ost_tuned_product(ost_product *product,
                         const cublasLtMatmulHeuristicResult_t *found,
                         int count, int *best, ost_err *err);

#endif
