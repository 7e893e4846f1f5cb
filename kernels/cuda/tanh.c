/* kernels/cuda/tanh.c - the hyperbolic tangent */
#include "kernels/cuda/activation.h"

#include "base/banned.h"

ost_rc ost_cuda_tanh(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cuda_activation(layer);
}
