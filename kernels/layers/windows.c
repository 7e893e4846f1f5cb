/* kernels/layers/windows.c - shapes that several kinds of layers compute alike
 */
#include "kernels/layers/windows.h"

#include <string.h>

#include "base/banned.h"

const char *const ost_init_words[] = {
    [OST_INIT_ZEROS] = "zeros",
    [OST_INIT_ONES] = "ones",
    [OST_INIT_KAIMING] = "kaiming",
    [OST_INIT_XAVIER] = "xavier",
    [OST_INIT_UNIFORM] = "uniform",
    [OST_INIT_NORMAL] = "normal",
    NULL,
};

const ost_net_attr_spec ost_convolution_attrs[] = {
    { .name = "out",
      .type = OST_NET_ATTR_INT,
      .required = true,
      .min = 1,
      .max = OST_CHANNELS_MAX,
      .help = "output channels" },
    { .name = "kernel",
      .type = OST_NET_ATTR_INTS,
      .required = true,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "sides of the kernel" },
    { .name = "stride",
      .type = OST_NET_ATTR_INTS,
      .dflt = 1,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "steps of the kernel" },
    { .name = "padding",
      .type = OST_NET_ATTR_INTS,
      .max = OST_WINDOW_MAX,
      .help = "zeros added around" },
    { .name = "dilation",
      .type = OST_NET_ATTR_INTS,
      .dflt = 1,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "distance between the kernel's elements" },
    { .name = "groups",
      .type = OST_NET_ATTR_INT,
      .dflt = 1,
      .min = 1,
      .max = OST_CHANNELS_MAX,
      .help = "parts of the channels that do not see each other" },
    { .name = "bias",
      .type = OST_NET_ATTR_BOOL,
      .dflt = 1,
      .max = 1,
      .help = "whether a number is added to each channel" },
    OST_INIT_ATTRS(OST_INIT_KAIMING),
    { 0 },
};

void ost_same_shape(ost_layer *layer)
{
    layer->out->ndim = layer->in[0]->ndim;
    memcpy(layer->out->shape, layer->in[0]->shape, sizeof(layer->out->shape));
}

static ost_rc need_sides(const ost_layer *layer, int sides, ost_err *err)
{
    const ost_value *in = layer->in[0];
    char text[96];

    if (in->ndim == sides + 2)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "input %s has %d spatial sides, must have %d",
                    ost_shape_text(text, in->ndim, in->shape),
                    in->ndim > 2 ? in->ndim - 2 : 0, sides);
}

/* An attribute with one number for each side has the right count of them. */
static ost_rc need_counts(const ost_layer *layer, int sides, ost_err *err)
{
    for (int i = 0; layer->kind->attrs[i].name; i++)
        if (layer->attrs[i].count > 1 && layer->attrs[i].count != sides)
            return ost_fail(err, OST_EINPUT,
                            "attribute '%s' has %d numbers, must have 1 or %d",
                            layer->attrs[i].name, layer->attrs[i].count, sides);
    return OST_OK;
}

/* 0 when the window does not fit. */
static int64_t out_side(int64_t in, int64_t kernel, int64_t stride,
                        int64_t padding, int64_t dilation)
{
    int64_t reach = dilation * (kernel - 1) + 1;

    if (in + 2 * padding < reach)
        return 0;
    return (in + 2 * padding - reach) / stride + 1;
}

ost_rc ost_convolution_shape(ost_layer *layer, int sides, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int64_t out = ost_layer_attr_int(layer, "out", 0);
    int64_t shape[OST_MAX_DIMS] = { out };
    int64_t groups = ost_layer_attr_int(layer, "groups", 0);
    int64_t area = 1;
    ost_rc rc = need_sides(layer, sides, err);

    if (!rc)
        rc = need_counts(layer, sides, err);
    if (rc)
        return rc;
    if (in->shape[1] % groups || out % groups)
        return ost_fail(err, OST_EINPUT,
                        "%lld input and %lld output channels cannot be divided "
                        "into %lld groups",
                        (long long)in->shape[1], (long long)out,
                        (long long)groups);
    layer->out->ndim = in->ndim;
    layer->out->shape[0] = in->shape[0];
    layer->out->shape[1] = out;
    shape[1] = in->shape[1] / groups;
    for (int i = 0; i < sides; i++) {
        shape[2 + i] = ost_layer_attr_int(layer, "kernel", i);
        area *= shape[2 + i];
        layer->out->shape[2 + i] =
            out_side(in->shape[2 + i], shape[2 + i],
                     ost_layer_attr_int(layer, "stride", i),
                     ost_layer_attr_int(layer, "padding", i),
                     ost_layer_attr_int(layer, "dilation", i));
    }
    rc = ost_layer_weight(layer, "weight", sides + 2, shape,
                          (ost_init)ost_layer_attr_word(layer, "init"),
                          shape[1] * area, out * area, true, err);
    if (!rc && ost_layer_attr(layer, "bias") != 0.0)
        rc = ost_layer_weight(layer, "bias", 1, &out, OST_INIT_ZEROS,
                              shape[1] * area, out * area, true, err);
    return rc;
}

double ost_convolution_flops(const ost_layer *layer)
{
    const ost_weight *w = layer->weights[0];

    return 2.0 * (double)ost_weight_count(w) * (double)layer->out->shape[0] *
           (double)ost_value_area(layer->out);
}

ost_rc ost_pooling_shape(ost_layer *layer, int sides, ost_err *err)
{
    const ost_value *in = layer->in[0];
    ost_rc rc = need_sides(layer, sides, err);

    if (!rc)
        rc = need_counts(layer, sides, err);
    if (rc)
        return rc;
    ost_same_shape(layer);
    for (int i = 0; i < sides; i++) {
        int64_t kernel = ost_layer_attr_int(layer, "kernel", i);
        int64_t stride = ost_layer_attr_int(layer, "stride", i);
        int64_t padding = ost_layer_attr_int(layer, "padding", i);

        if (2 * padding > kernel)
            return ost_fail(err, OST_EINPUT,
                            "padding %lld is more than half the window of %lld",
                            (long long)padding, (long long)kernel);
        layer->out->shape[2 + i] = out_side(
            in->shape[2 + i], kernel, stride ? stride : kernel, padding, 1);
    }
    return OST_OK;
}
