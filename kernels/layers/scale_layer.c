/* kernels/layers/scale_layer.c - times a constant */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "by",
      .type = OST_NET_ATTR_REAL,
      .required = true,
      .min = -1e6,
      .max = 1e6,
      .help = "what each number is multiplied by" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_scale = {
    .name = "scale",
    .summary = "times a constant",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_IN_PLACE,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = attrs,
    .shape = shape,
};
