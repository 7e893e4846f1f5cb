/* kernels/layers/conv3d_layer.c - three-dimensional convolution
 *
 * (N, C, D, H, W) to (N, out, D', H', W') with
 *     H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1,
 * rounded down, and so for each side.  Weights: weight (out, C / groups,
 * kernel...), bias (out).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_convolution_shape(layer, 3, err);
}

const ost_layer_kind ost_layer_conv3d = {
    .name = "conv3d",
    .summary = "three-dimensional convolution",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_INPUT,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_convolution_attrs,
    .shape = shape,
    .flops = ost_convolution_flops,
};
