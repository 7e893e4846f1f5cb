/* kernels/layers/dropout_layer.c - leaves out numbers while training */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "p",
      .type = OST_NET_ATTR_REAL,
      .dflt = 0.5,
      .max = 0.999,
      .help = "share that is left out" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_dropout = {
    .name = "dropout",
    .summary = "leaves out numbers at random while training",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_IN_PLACE,
    .attrs = attrs,
    .shape = shape,
};
