/* kernels/layers/max_pool2d_layer.c - maxima over two-dimensional windows
 *
 * (N, C, H, W) to (N, C, H', W') with H' = (H + 2 padding - kernel) / stride +
 * 1, rounded down.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "kernel",
      .type = OST_NET_ATTR_INTS,
      .required = true,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "sides of the window" },
    { .name = "stride",
      .type = OST_NET_ATTR_INTS,
      .max = OST_WINDOW_MAX,
      .help = "steps of the window; 0: its sides" },
    { .name = "padding",
      .type = OST_NET_ATTR_INTS,
      .max = OST_WINDOW_MAX,
      .help = "positions added around, at most half the window" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_pooling_shape(layer, 2, err);
}

const ost_layer_kind ost_layer_max_pool2d = {
    .name = "max_pool2d",
    .summary = "maxima over two-dimensional windows",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs = attrs,
    .shape = shape,
};
