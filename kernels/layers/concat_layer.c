/* kernels/layers/concat_layer.c - values side by side along one axis
 *
 * Along `axis` the output's side is the sum of the inputs' sides; all others
 * are the same.  With `stack` the inputs do not have that axis: pictures
 * (N, C, H, W) become a series (N, C, T, H, W) along axis 2.
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
    { .name = "stack",
      .type = OST_NET_ATTR_BOOL,
      .max = 1,
      .help = "whether the axis is new, from 2 on, and each is one place of "
              "it" },
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

/* From inputs of one shape to that shape with another axis. */
static ost_rc stack_shape(ost_layer *layer, int axis, ost_err *err)
{
    const ost_value *a = layer->in[0];
    ost_value *out = layer->out;
    char left[96];
    char right[96];

    if (axis < 2 || axis > a->ndim || a->ndim == OST_MAX_DIMS)
        return ost_fail(err, OST_EINPUT, "input %s can have no new axis %d",
                        ost_shape_text(left, a->ndim, a->shape), axis);
    for (int i = 1; i < layer->n_inputs; i++) {
        const ost_value *b = layer->in[i];

        if (!ost_value_same_shape(a, b))
            return ost_fail(err, OST_EINPUT, "inputs %s and %s differ in shape",
                            ost_shape_text(left, a->ndim, a->shape),
                            ost_shape_text(right, b->ndim, b->shape));
    }
    out->ndim = a->ndim + 1;
    for (int i = 0; i < out->ndim; i++)
        out->shape[i] = a->shape[i < axis ? i : i - 1];
    out->shape[axis] = layer->n_inputs;
    return OST_OK;
}

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *a = layer->in[0];
    int axis = (int)ost_layer_attr_int(layer, "axis", 0);
    char left[96];
    char right[96];

    if (ost_layer_attr(layer, "stack") != 0.0)
        return stack_shape(layer, axis, err);
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
    .tangent = OST_TANGENT_LINEAR,
    .attrs = attrs,
    .shape = shape,
};
