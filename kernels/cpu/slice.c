/* kernels/cpu/slice.c - a range along one axis, or one place of it
 *
 * An axis of one place that is left out leaves memory as it was, unless it is
 * that of the channels or the last of the positions: then the values are plain,
 * as rows of numbers always are.
 */
#include "kernels/cpu/region.h"
#include "kernels/layers/axes.h"

#include <string.h>

#include "base/banned.h"

static ost_region range_of(const ost_layer *layer)
{
    ost_region r = { .whole = layer->in[0], .block = layer->out->block };

    r.axis = ost_slice_range(layer, &r.from, &r.side);
    return r;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_region r = range_of(layer);

    (void)pass;
    (void)err;
    ost_region_get(&r, layer->in[0]->data, layer->out->data);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_region r = range_of(layer);

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    memset(layer->in_grad[0], 0,
           (size_t)ost_value_stored(layer->in[0]) * sizeof(float));
    ost_region_put(&r, layer->in_grad[0], layer->out->grad);
    return OST_OK;
}

ost_rc ost_cpu_slice(ost_layer *layer, ost_err *err)
{
    bool channels_go = layer->out->ndim < layer->in[0]->ndim &&
                       ost_layer_attr_int(layer, "axis", 0) == 1;

    (void)err;
    if (channels_go || layer->out->ndim == 2)
        layer->in_block[0] = 1;
    ost_cpu_same_layout(layer);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
