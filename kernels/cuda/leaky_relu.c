/* kernels/cuda/leaky_relu.c - what is negative, times a slope */
#include "kernels/cuda/activation.h"

#include "base/banned.h"

ost_rc ost_cuda_leaky_relu(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cuda_activation(layer);
}
