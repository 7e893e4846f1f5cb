/* kernels/layers/relu_layer.c - the positive part */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_relu = {
    .name = "relu",
    .summary = "the positive part",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_OUTPUT | OST_IN_PLACE,
    .tangent = OST_TANGENT_GATE,
    .shape = shape,
};
