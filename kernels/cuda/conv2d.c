/* kernels/cuda/conv2d.c - two-dimensional convolution */
#include "kernels/cuda/convolution_passes.h"

#include "base/banned.h"

ost_rc ost_cuda_conv2d(ost_layer *layer, ost_err *err)
{
    return ost_cuda_convolution(layer, false, err);
}
