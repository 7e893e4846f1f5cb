/* kernels/cuda/sigmoid.c - 1 / (1 + e^-x) */
#include "kernels/cuda/activation.h"

#include "base/banned.h"

ost_rc ost_cuda_sigmoid(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cuda_activation(layer);
}
