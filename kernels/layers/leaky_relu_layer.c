/* kernels/layers/leaky_relu_layer.c - what is negative, times a slope */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "slope",
      .type = OST_NET_ATTR_REAL,
      .dflt = 0.01,
      .max = 1,
      .help = "factor of what is negative" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_leaky_relu = {
    .name = "leaky_relu",
    .summary = "what is negative, times a slope",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_OUTPUT | OST_IN_PLACE,
    .tangent = OST_TANGENT_GATE,
    .attrs = attrs,
    .shape = shape,
};
