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
        if (data && gradients)
            parts->part[parts->parts - 1].add = layer->add_in[i];
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

/* Whether two parts have one gradient, so that they cannot be written at
 * once. */
static bool shares(const ost_part_args *parts)
{
    for (int i = 0; i < parts->parts; i++)
        for (int k = 0; k < i; k++)
            if (parts->part[i].data == parts->part[k].data)
                return true;
    return false;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_part_args parts;
    ost_part_args one;
    ost_rc rc = OST_OK;

    (void)pass;
    list(layer, true, &parts);
    parts.whole = layer->out->grad;
    if (!shares(&parts))
        return ost_cuda_split(&parts, err);
    one = parts;
    one.parts = 1;
    for (int i = 0; i < parts.parts && !rc; i++) {
        one.part[0] = parts.part[i];
        one.part[0].before = 0;
        one.listed = one.part[0].run;
        rc = ost_cuda_split(&one, err);
    }
    return rc;
}

ost_rc ost_cuda_concat(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    return OST_OK;
}
