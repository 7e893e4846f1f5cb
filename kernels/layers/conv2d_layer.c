/* kernels/layers/conv2d_layer.c - two-dimensional convolution
 *
 * (N, C, H, W) to (N, out, H', W') with
 *     H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1,
 * rounded down.  Weights: weight (out, C, kernel...), bias (out).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "out",
      .type = OST_NET_ATTR_INT,
      .required = true,
      .min = 1,
      .max = OST_CHANNELS_MAX,
      .help = "output channels" },
    { .name = "kernel",
      .type = OST_NET_ATTR_INTS,
      .required = true,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "sides of the kernel" },
    { .name = "stride",
      .type = OST_NET_ATTR_INTS,
      .dflt = 1,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "steps of the kernel" },
    { .name = "padding",
      .type = OST_NET_ATTR_INTS,
      .max = OST_WINDOW_MAX,
      .help = "zeros added around" },
    { .name = "dilation",
      .type = OST_NET_ATTR_INTS,
      .dflt = 1,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "distance between the kernel's elements" },
    { .name = "bias",
      .type = OST_NET_ATTR_BOOL,
      .dflt = 1,
      .max = 1,
      .help = "whether a number is added to each channel" },
    { .name = "init",
      .type = OST_NET_ATTR_WORD,
      .dflt = OST_INIT_KAIMING,
      .words = ost_init_words,
      .help = "first weights" },
    { 0 },
};

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
    .attrs = attrs,
    .shape = shape,
    .flops = ost_convolution_flops,
};
