/* kernels/cpu/conv2d.c - two-dimensional convolution */
#include "kernels/cpu/convolution.h"

#include "base/banned.h"

ost_rc ost_cpu_conv2d(ost_layer *layer, ost_err *err)
{
    return ost_cpu_convolution(layer, err);
}
