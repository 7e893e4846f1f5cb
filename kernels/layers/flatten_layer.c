/* kernels/layers/flatten_layer.c - all numbers of an item in one row */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int64_t length;

    if (__builtin_mul_overflow(ost_value_channels(in), ost_value_area(in),
                               &length))
        return ost_fail(err, OST_EINPUT, "its rows are too long");
    layer->out->ndim = 2;
    layer->out->shape[0] = in->shape[0];
    layer->out->shape[1] = length;
    return OST_OK;
}

const ost_layer_kind ost_layer_flatten = {
    .name = "flatten",
    .summary = "all numbers of an item in one row",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_IN_PLACE,
    .tangent = OST_TANGENT_LINEAR,
    .shape = shape,
};
