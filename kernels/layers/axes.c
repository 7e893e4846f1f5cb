/* kernels/layers/axes.c - shapes of layers that work along axes */
#include "kernels/layers/axes.h"

#include <string.h>

#include "base/banned.h"

int ost_slice_range(const ost_layer *layer, int64_t *from, int64_t *side)
{
    int axis = (int)ost_layer_attr_int(layer, "axis", 0);
    int64_t index = ost_layer_attr_int(layer, "index", 0);
    int64_t to = ost_layer_attr_int(layer, "to", 0);

    if (index >= 0) {
        *from = index;
        *side = 1;
        return axis;
    }
    *from = ost_layer_attr_int(layer, "from", 0);
    *side = (to < 0 ? layer->in[0]->shape[axis] : to) - *from;
    return axis;
}

const ost_net_attr_spec ost_reduction_attrs[] = {
    { .name = "axes",
      .type = OST_NET_ATTR_INTS,
      .required = true,
      .min = 1,
      .max = OST_MAX_DIMS - 1,
      .help = "axes that go (1: channels)" },
    { .name = "keep",
      .type = OST_NET_ATTR_BOOL,
      .dflt = 1,
      .max = 1,
      .help = "whether they stay as sides of 1" },
    { 0 },
};

void ost_reduction_kept(const ost_layer *layer, int64_t *shape)
{
    const ost_value *in = layer->in[0];
    int count = ost_layer_attr_count(layer, "axes");

    memcpy(shape, in->shape, sizeof(in->shape));
    for (int i = 0; i < count; i++)
        shape[ost_layer_attr_int(layer, "axes", i)] = 1;
}

ost_rc ost_reduction_shape(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int count = ost_layer_attr_count(layer, "axes");
    bool gone[OST_MAX_DIMS] = { false };
    char text[96];

    for (int i = 0; i < count; i++) {
        int64_t axis = ost_layer_attr_int(layer, "axes", i);

        if (axis >= in->ndim)
            return ost_fail(err, OST_EINPUT, "input %s has no axis %d",
                            ost_shape_text(text, in->ndim, in->shape),
                            (int)axis);
        if (gone[axis])
            return ost_fail(err, OST_EINPUT,
                            "attribute 'axes' names axis %d twice", (int)axis);
        gone[axis] = true;
    }
    if (ost_layer_attr(layer, "keep") != 0.0) {
        layer->out->ndim = in->ndim;
        ost_reduction_kept(layer, layer->out->shape);
        return OST_OK;
    }
    for (int i = 0; i < in->ndim; i++)
        if (!gone[i])
            layer->out->shape[layer->out->ndim++] = in->shape[i];
    if (layer->out->ndim == 1)
        layer->out->shape[layer->out->ndim++] = 1;
    return OST_OK;
}

void ost_broadcast_sides(const ost_layer *layer, int input, int64_t *shape)
{
    const ost_value *in = layer->in[input];

    for (int i = 0; i < layer->out->ndim; i++)
        shape[i] = i < in->ndim ? in->shape[i] : 1;
}

/* Widens the output to input i where it has sides of 1; false when the two do
 * not go together. */
static bool widen(ost_layer *layer, int i)
{
    const ost_value *in = layer->in[i];
    ost_value *out = layer->out;
    int64_t side[OST_MAX_DIMS];

    if ((in->ndim != out->ndim && in->ndim != 2) ||
        in->shape[0] != out->shape[0])
        return false;
    ost_broadcast_sides(layer, i, side);
    for (int k = 1; k < out->ndim; k++) {
        if (out->shape[k] == 1)
            out->shape[k] = side[k];
        if (side[k] != 1 && side[k] != out->shape[k])
            return false;
    }
    return true;
}

ost_rc ost_broadcast_shape(ost_layer *layer, ost_err *err)
{
    const ost_value *most = layer->in[0]; /* with most sides */
    char left[96];
    char right[96];

    for (int i = 1; i < layer->n_inputs; i++)
        if (layer->in[i]->ndim > most->ndim)
            most = layer->in[i];
    layer->out->ndim = most->ndim;
    layer->out->shape[0] = most->shape[0];
    for (int i = 1; i < most->ndim; i++)
        layer->out->shape[i] = 1;
    for (int i = 0; i < layer->n_inputs; i++) {
        const ost_value *a = i ? layer->in[0] : most;
        const ost_value *b = layer->in[i];

        if (!widen(layer, i))
            return ost_fail(err, OST_EINPUT, "inputs %s and %s differ in shape",
                            ost_shape_text(left, a->ndim, a->shape),
                            ost_shape_text(right, b->ndim, b->shape));
    }
    return OST_OK;
}
