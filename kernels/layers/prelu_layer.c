/* kernels/layers/prelu_layer.c - what is negative, times a learned slope
 *
 * He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.  Weights:
 * weight (1) or, with `per_channel`, (C).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "per_channel",
      .type = OST_NET_ATTR_BOOL,
      .max = 1,
      .help = "whether each channel has a slope of its own" },
    { .name = "slope",
      .type = OST_NET_ATTR_REAL,
      .dflt = 0.25,
      .min = -100,
      .max = 100,
      .help = "first slope" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    int64_t count = 1;

    if (ost_layer_attr(layer, "per_channel") != 0.0)
        count = ost_value_channels(layer->in[0]);
    ost_same_shape(layer);
    return ost_layer_weight(layer, "weight", 1, &count, OST_INIT_CONSTANT, 1, 1,
                            true, err);
}

const ost_layer_kind ost_layer_prelu = {
    .name = "prelu",
    .summary = "what is negative, times a learned slope",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_INPUT,
    .attrs = attrs,
    .shape = shape,
};
