/* kernels/cpu/concat.c - values side by side along one axis */
#include "kernels/cpu/region.h"

#include "base/banned.h"

static int64_t side_of(const ost_layer *layer, int i)
{
    bool stack = ost_layer_attr(layer, "stack") != 0.0;

    return stack ? 1
                 : layer->in[i]->shape[ost_layer_attr_int(layer, "axis", 0)];
}

/* The place of input i in the output. */
static ost_region place_of(const ost_layer *layer, int i)
{
    int axis = (int)ost_layer_attr_int(layer, "axis", 0);
    ost_region r = { .whole = layer->out,
                     .block = layer->out->block,
                     .axis = axis,
                     .side = side_of(layer, i) };

    for (int k = 0; k < i; k++)
        r.from += side_of(layer, k);
    return r;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    for (int i = 0; i < layer->n_inputs; i++) {
        ost_region r = place_of(layer, i);

        ost_region_put(&r, layer->out->data, layer->in[i]->data);
    }
    ost_clear_lanes(layer->out, layer->out->block, layer->out->data);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    for (int i = 0; i < layer->n_inputs; i++) {
        ost_region r = place_of(layer, i);

        if (layer->in_grad[i])
            ost_region_get(&r, layer->out->grad, layer->in_grad[i]);
    }
    return OST_OK;
}

ost_rc ost_cpu_concat(ost_layer *layer, ost_err *err)
{
    int block = ost_cpu_common_block(layer);

    (void)err;
    for (int i = 0; i < layer->n_inputs; i++)
        layer->in_block[i] = block;
    layer->out->block = block;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
