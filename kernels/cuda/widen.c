/* kernels/cuda/widen.c - channels of zeros behind those that there are */
#include "kernels/cuda/parts.h"

#include "base/banned.h"

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t channels = ost_value_channels(layer->in[0]);
    ost_part_args parts;

    (void)pass;
    ost_cuda_parts_init(&parts, layer->out, 1);
    ost_cuda_parts_add(&parts, layer->out, 1, 0, channels, layer->in[0]->data);
    ost_cuda_parts_add(&parts, layer->out, 1, channels,
                       ost_value_channels(layer->out) - channels, NULL);
    parts.whole = layer->out->data;
    return ost_cuda_join(&parts, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_part_args parts;

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    ost_cuda_parts_init(&parts, layer->out, 1);
    ost_cuda_parts_add(&parts, layer->out, 1, 0,
                       ost_value_channels(layer->in[0]), layer->in_grad[0]);
    parts.part[0].add = layer->add_in[0];
    parts.whole = layer->out->grad;
    return ost_cuda_split(&parts, err);
}

ost_rc ost_cuda_widen(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    return OST_OK;
}
