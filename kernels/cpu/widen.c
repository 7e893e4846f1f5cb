/* kernels/cpu/widen.c - channels of zeros behind those that there are */
#include "kernels/cpu/region.h"

#include <string.h>

#include "base/banned.h"

static ost_region first_channels(const ost_layer *layer)
{
    return (ost_region){ .whole = layer->out,
                         .block = layer->out->block,
                         .axis = 1,
                         .side = ost_value_channels(layer->in[0]) };
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_region r = first_channels(layer);

    (void)pass;
    (void)err;
    memset(layer->out->data, 0,
           (size_t)ost_value_stored(layer->out) * sizeof(float));
    ost_region_put(&r, layer->out->data, layer->in[0]->data);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_region r = first_channels(layer);

    (void)pass;
    (void)err;
    if (layer->in_grad[0])
        ost_region_get(&r, layer->out->grad, layer->in_grad[0]);
    return OST_OK;
}

ost_rc ost_cpu_widen(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_cpu_same_layout(layer);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
