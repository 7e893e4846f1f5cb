/* kernels/cuda/relu.c - the positive part; NaN stays NaN */
#include "kernels/cuda/activation.h"

#include "base/banned.h"

ost_rc ost_cuda_relu(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cuda_activation(layer);
}
