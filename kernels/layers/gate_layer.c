/* kernels/layers/gate_layer.c - one value where another one is positive
 *
 * From y and t to t where y > 0, and `slope` times t elsewhere: what a
 * piecewise linear layer with the output y does to a tangent t
 * (kernels/tangent.h).  No gradient goes to y: almost everywhere it is 0.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "slope",
      .type = OST_NET_ATTR_REAL,
      .max = 1,
      .help = "factor where the first value is not positive" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_gate = {
    .name = "gate",
    .summary = "one value where another one is positive",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = OST_INTERNAL | OST_READS_INPUT | OST_CUTS_FIRST,
    .attrs = attrs,
    .shape = shape,
};
