/* kernels/layers/widen_layer.c - channels of zeros behind those that there are
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "channels",
      .type = OST_NET_ATTR_INT,
      .required = true,
      .min = 1,
      .max = OST_CHANNELS_MAX,
      .help = "channels of the output" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    layer->out->shape[1] = ost_layer_attr_int(layer, "channels", 0);
    return OST_OK;
}

const ost_layer_kind ost_layer_widen = {
    .name = "widen",
    .summary = "channels of zeros behind those that there are",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_INTERNAL,
    .attrs = attrs,
    .shape = shape,
};
