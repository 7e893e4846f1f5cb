/* kernels/layers/reflection_pad2d_layer.c - a margin that mirrors the picture
 *
 * (N, C, H, W) to (N, C, H + top + bottom, W + left + right); the border itself
 * is not repeated.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "padding",
      .type = OST_NET_ATTR_INTS,
      .required = true,
      .max = OST_WINDOW_MAX,
      .help =
          "positions added at each side, or at [top, bottom, left, right]" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int count = layer->attrs[0].count;
    char text[96];

    if (in->ndim != 4)
        return ost_fail(err, OST_EINPUT, "input %s is not made of pictures",
                        ost_shape_text(text, in->ndim, in->shape));
    if (count != 1 && count != 4)
        return ost_fail(err, OST_EINPUT,
                        "attribute 'padding' has %d numbers, must have 1 or 4",
                        count);
    ost_same_shape(layer);
    for (int i = 0; i < 4; i++) {
        int64_t padding = ost_layer_attr_int(layer, "padding", i);

        if (padding >= in->shape[2 + i / 2])
            return ost_fail(err, OST_EINPUT,
                            "padding %lld is not less than a side of the input "
                            "%s",
                            (long long)padding,
                            ost_shape_text(text, in->ndim, in->shape));
        layer->out->shape[2 + i / 2] += padding;
    }
    return OST_OK;
}

const ost_layer_kind ost_layer_reflection_pad2d = {
    .name = "reflection_pad2d",
    .summary = "a margin that mirrors the picture",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = attrs,
    .shape = shape,
};
