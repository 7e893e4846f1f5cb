/* kernels/layers/slice_layer.c - a range along one axis, or one place of it
 *
 * Places from `from` to before `to` of `axis`; or the place `index`, and the
 * axis goes.
 */
#include "kernels/layers/axes.h"
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "axis",
      .type = OST_NET_ATTR_INT,
      .dflt = 1,
      .min = 1,
      .max = OST_MAX_DIMS - 1,
      .help = "axis that is cut (1: channels)" },
    { .name = "from",
      .type = OST_NET_ATTR_INT,
      .max = OST_CHANNELS_MAX,
      .help = "first place" },
    { .name = "to",
      .type = OST_NET_ATTR_INT,
      .dflt = -1,
      .min = 1,
      .max = OST_CHANNELS_MAX,
      .help = "place after the last; the end without it" },
    { .name = "index",
      .type = OST_NET_ATTR_INT,
      .dflt = -1,
      .max = OST_CHANNELS_MAX,
      .help = "the one place to take, in place of 'from' and 'to'" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    bool drop = ost_layer_attr_int(layer, "index", 0) >= 0;
    int axis = (int)ost_layer_attr_int(layer, "axis", 0);
    char text[96];
    int64_t from;
    int64_t side;

    if (axis >= in->ndim)
        return ost_fail(err, OST_EINPUT, "input %s has no axis %d",
                        ost_shape_text(text, in->ndim, in->shape), axis);
    ost_slice_range(layer, &from, &side);
    if (side < 1 || from + side > in->shape[axis])
        return ost_fail(err, OST_EINPUT,
                        "input %s has no places %lld to %lld on axis %d",
                        ost_shape_text(text, in->ndim, in->shape),
                        (long long)from, (long long)(from + side - 1), axis);
    if (drop && in->ndim == 2)
        return ost_fail(err, OST_EINPUT,
                        "input %s would have no axis left: 'from' and 'to' "
                        "keep it",
                        ost_shape_text(text, in->ndim, in->shape));
    for (int i = 0; i < in->ndim; i++)
        if (i != axis || !drop)
            layer->out->shape[layer->out->ndim++] =
                i == axis ? side : in->shape[i];
    return OST_OK;
}

const ost_layer_kind ost_layer_slice = {
    .name = "slice",
    .summary = "a range along one axis, or one place of it",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = attrs,
    .shape = shape,
};
