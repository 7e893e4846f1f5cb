/* kernels/cuda/concat.c - values side by side along one axis */
#include "kernels/cuda/parts.h"

#include "base/banned.h"

/* The inputs in the output, or those of their gradients that are wanted. */
static void list(const ost_layer *layer, bool gradients, ost_part_args *parts)
{
    int axis = (int)ost_layer_attr_int(layer, "axis", 0);
    bool stack = ost_layer_attr(layer, "stack") != 0.0;
    int64_t from = 0;

    ost_cuda_parts_init(parts, layer->out, axis);
    for (int i = 0; i < layer->n_inputs; i++) {
        int64_t side = stack ? 1 : layer->in[i]->shape[axis];
        float *data = gradients ? layer->in_grad[i] : layer->in[i]->data;

        if (data)
            ost_cuda_parts_add(parts, layer->out, axis, from, side, data);
        from += side;
    }
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_part_args parts;

    (void)pass;
    list(layer, false, &parts);
    parts.whole = layer->out->data;
    return ost_cuda_join(&parts, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_part_args parts;

    (void)pass;
    list(layer, true, &parts);
    parts.whole = layer->out->grad;
    return ost_cuda_split(&parts, err);
}

ost_rc ost_cuda_concat(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
