/* kernels/layers/softmax_layer.c - shares of the channels of each position */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_softmax = {
    .name = "softmax",
    .summary = "e^x of each channel over the sum of all channels",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_OUTPUT | OST_IN_PLACE,
    .shape = shape,
};
