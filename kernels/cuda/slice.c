/* kernels/cuda/slice.c - a range along one axis, or one place of it */
#include "kernels/cuda/parts.h"
#include "kernels/layers/axes.h"

#include "base/banned.h"

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_value *in = layer->in[0];
    ost_part_args parts;
    int64_t from;
    int64_t side;
    int axis = ost_slice_range(layer, &from, &side);

    (void)pass;
    ost_cuda_parts_init(&parts, in, axis);
    ost_cuda_parts_add(&parts, in, axis, from, side, layer->out->data);
    parts.whole = in->data;
    return ost_cuda_split(&parts, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_value *in = layer->in[0];
    ost_part_args parts;
    int64_t from;
    int64_t side;
    int axis = ost_slice_range(layer, &from, &side);

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    ost_cuda_parts_init(&parts, in, axis);
    parts.add = layer->add_in[0];
    if (!parts.add)
        ost_cuda_parts_add(&parts, in, axis, 0, from, NULL);
    ost_cuda_parts_add(&parts, in, axis, from, side, layer->out->grad);
    if (!parts.add)
        ost_cuda_parts_add(&parts, in, axis, from + side,
                           in->shape[axis] - from - side, NULL);
    parts.whole = layer->in_grad[0];
    return ost_cuda_join(&parts, err);
}

ost_rc ost_cuda_slice(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    return OST_OK;
}
