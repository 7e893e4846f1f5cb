/* kernels/cuda/bias_back.h - how the backward of a layer with a bias begins
 *
 * With what follows the layer: its steps are done to the gradient of the output
 * where it is, and the gradient of the bias is added up on the way.
 */
#ifndef OST_KERNELS_CUDA_BIAS_BACK_H
#define OST_KERNELS_CUDA_BIAS_BACK_H

#include "kernels/cuda/chain.h"

typedef struct ost_bias_back {
    ost_cuda_chain steps; /* for `fuse_back`; see chain.h */
    double *parts;
} ost_bias_back;

/* While preparing; `back` stays where it is. */
void ost_bias_back_init(ost_bias_back *back, ost_layer *layer);
/* Weight 1 of the layer is the bias; it may have none, or not learn it. */
ost_rc ost_bias_back_run(const ost_bias_back *back, const ost_layer *layer,
                         ost_err *err);

#endif
