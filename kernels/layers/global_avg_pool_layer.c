/* kernels/layers/global_avg_pool_layer.c - the mean of each channel
 *
 * (N, C, ...) to (N, C).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->out->ndim = 2;
    layer->out->shape[0] = layer->in[0]->shape[0];
    layer->out->shape[1] = ost_value_channels(layer->in[0]);
    return OST_OK;
}

const ost_layer_kind ost_layer_global_avg_pool = {
    .name = "global_avg_pool",
    .summary = "the mean of each channel of each item",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .shape = shape,
};
