/* kernels/layers/conv_transpose2d_layer.c - transposed convolution
 *
 * (N, C, H, W) to (N, out, H', W') (ost_transposed_shape()): what a convolution
 * from `out` to C channels does to a gradient.  Weights: weight (C, out /
 * groups, kernel...), bias (out).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_transposed_shape(layer, 2, err);
}

const ost_layer_kind ost_layer_conv_transpose2d = {
    .name = "conv_transpose2d",
    .summary = "two-dimensional transposed convolution",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_INPUT,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_transposed_attrs,
    .shape = shape,
    .flops = ost_transposed_flops,
};
