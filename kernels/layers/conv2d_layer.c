/* kernels/layers/conv2d_layer.c - two-dimensional convolution
 *
 * (N, C, H, W) to (N, out, H', W') with
 *     H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1,
 * rounded down, and so for each side.  Weights: weight (out, C / groups,
 * kernel...), bias (out).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_convolution_shape(layer, 2, err);
}

const ost_layer_kind ost_layer_conv2d = {
    .name = "conv2d",
    .summary = "two-dimensional convolution",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_INPUT,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_convolution_attrs,
    .shape = shape,
    .flops = ost_convolution_flops,
};
