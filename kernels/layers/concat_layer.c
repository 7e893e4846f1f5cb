/* kernels/layers/concat_layer.c - values side by side along one axis
 *
 * Along `axis` the output's side is the sum of the inputs' sides; all others
 * are the same.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "axis",
      .type = OST_NET_ATTR_INT,
      .dflt = 1,
      .min = 1,
      .max = OST_MAX_DIMS - 1,
      .help = "axis along which they stand (1: channels)" },
    { 0 },
};

static bool fits(const ost_value *a, const ost_value *b, int axis)
{
    if (a->ndim != b->ndim)
        return false;
    for (int i = 0; i < a->ndim; i++)
        if (i != axis && a->shape[i] != b->shape[i])
            return false;
    return true;
}

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *a = layer->in[0];
    int axis = (int)ost_layer_attr_int(layer, "axis", 0);
    char left[96];
    char right[96];

    if (axis >= a->ndim)
        return ost_fail(err, OST_EINPUT, "input %s has no axis %d",
                        ost_shape_text(left, a->ndim, a->shape), axis);
    ost_same_shape(layer);
    for (int i = 1; i < layer->n_inputs; i++) {
        const ost_value *b = layer->in[i];

        if (!fits(a, b, axis))
            return ost_fail(err, OST_EINPUT,
                            "inputs %s and %s differ in more than axis %d",
                            ost_shape_text(left, a->ndim, a->shape),
                            ost_shape_text(right, b->ndim, b->shape), axis);
        layer->out->shape[axis] += b->shape[axis];
    }
    return OST_OK;
}

const ost_layer_kind ost_layer_concat = {
    .name = "concat",
    .summary = "values side by side along one axis",
    .min_inputs = 1,
    .max_inputs = OST_LAYER_INPUTS,
    .attrs = attrs,
    .shape = shape,
};
