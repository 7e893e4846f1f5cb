/* kernels/cuda/conv3d.c - three-dimensional convolution */
#include "kernels/cuda/convolution_passes.h"

#include "base/banned.h"

ost_rc ost_cuda_conv3d(ost_layer *layer, ost_err *err)
{
    return ost_cuda_convolution(layer, false, err);
}
