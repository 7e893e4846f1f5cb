/* kernels/layers/upsample_layer.c - larger pictures and volumes
 *
 * (N, C, H, W) or, nearest only, (N, C, D, H, W); each side H becomes `factor`
 * times H, or what `size` says.  Output i lies at (i + 1/2) H / H' - 1/2 of the
 * input where numbers are mixed, and takes number i H / H', rounded down, where
 * they are not: PyTorch's interpolate() without align_corners.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const char *const modes[] = { "nearest", "bilinear", NULL };

static const ost_net_attr_spec attrs[] = {
    { .name = "factor",
      .type = OST_NET_ATTR_INTS,
      .max = OST_WINDOW_MAX,
      .help = "how many times as large each side gets" },
    { .name = "size",
      .type = OST_NET_ATTR_INTS,
      .max = OST_SIDE_MAX,
      .help = "sides of the output, instead of a factor" },
    { .name = "mode",
      .type = OST_NET_ATTR_WORD,
      .words = modes,
      .help = "whether numbers are repeated or mixed" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    bool mixed = ost_layer_attr_word(layer, "mode") == 1;
    int sides = in->ndim == 5 && !mixed ? 3 : 2;
    ost_rc rc = ost_need_sides(layer, sides, err);

    if (rc)
        return rc;
    ost_same_shape(layer);
    for (int i = 0; i < sides; i++) {
        int64_t factor = ost_layer_attr_int(layer, "factor", i);
        int64_t size = ost_layer_attr_int(layer, "size", i);

        if (!factor == !size)
            return ost_fail(err, OST_EINPUT,
                            "one of the attributes 'factor' and 'size' must be "
                            "given and not be 0");
        layer->out->shape[2 + i] = size ? size : in->shape[2 + i] * factor;
        if (layer->out->shape[2 + i] > OST_SIDE_MAX)
            return ost_fail(err, OST_EINPUT,
                            "a side of the output would be %lld, at most %d "
                            "are possible",
                            (long long)layer->out->shape[2 + i], OST_SIDE_MAX);
    }
    return OST_OK;
}

const ost_layer_kind ost_layer_upsample = {
    .name = "upsample",
    .summary = "more positions, by repeating or mixing numbers",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = attrs,
    .shape = shape,
};
