/* kernels/cuda/conv_transpose2d.c - transposed convolution */
#include "kernels/cuda/convolution_passes.h"

#include "base/banned.h"

ost_rc ost_cuda_conv_transpose2d(ost_layer *layer, ost_err *err)
{
    return ost_cuda_convolution(layer, true, err);
}
