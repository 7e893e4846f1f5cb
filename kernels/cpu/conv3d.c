/* kernels/cpu/conv3d.c - three-dimensional convolution */
#include "kernels/cpu/convolution.h"

#include "base/banned.h"

ost_rc ost_cpu_conv3d(ost_layer *layer, ost_err *err)
{
    return ost_cpu_convolution(layer, err);
}
