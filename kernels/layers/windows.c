/* kernels/layers/windows.c - shapes that several kinds of layers compute alike
 */
#include "kernels/layers/windows.h"

#include "kernels/spectral.h"

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

#define CONVOLUTION_ATTRS                                               \
    { .name = "out",                                                    \
      .type = OST_NET_ATTR_INT,                                         \
      .required = true,                                                 \
      .min = 1,                                                         \
      .max = OST_CHANNELS_MAX,                                          \
      .help = "output channels" },                                      \
        { .name = "kernel",                                             \
          .type = OST_NET_ATTR_INTS,                                    \
          .required = true,                                             \
          .min = 1,                                                     \
          .max = OST_WINDOW_MAX,                                        \
          .help = "sides of the kernel" },                              \
        { .name = "stride",                                             \
          .type = OST_NET_ATTR_INTS,                                    \
          .dflt = 1,                                                    \
          .min = 1,                                                     \
          .max = OST_WINDOW_MAX,                                        \
          .help = "steps of the kernel" },                              \
        { .name = "padding",                                            \
          .type = OST_NET_ATTR_INTS,                                    \
          .max = OST_WINDOW_MAX,                                        \
          .help = "zeros added around" },                               \
        { .name = "dilation",                                           \
          .type = OST_NET_ATTR_INTS,                                    \
          .dflt = 1,                                                    \
          .min = 1,                                                     \
          .max = OST_WINDOW_MAX,                                        \
          .help = "distance between the kernel's elements" },           \
        { .name = "groups",                                             \
          .type = OST_NET_ATTR_INT,                                     \
          .dflt = 1,                                                    \
          .min = 1,                                                     \
          .max = OST_CHANNELS_MAX,                                      \
          .help = "parts of the channels that do not see each other" }, \
        { .name = "bias",                                               \
          .type = OST_NET_ATTR_BOOL,                                    \
          .dflt = 1,                                                    \
          .max = 1,                                                     \
          .help = "whether a number is added to each channel" },        \
        OST_INIT_ATTRS(OST_INIT_KAIMING), OST_SPECTRAL_ATTR

const ost_net_attr_spec ost_convolution_attrs[] = {
    CONVOLUTION_ATTRS,
    { 0 },
};

const ost_net_attr_spec ost_transposed_attrs[] = {
    CONVOLUTION_ATTRS,
    { .name = "output_padding",
      .type = OST_NET_ATTR_INTS,
      .max = OST_WINDOW_MAX,
      .help = "positions added at the end, less than the stride" },
    { 0 },
};

void ost_same_shape(ost_layer *layer)
{
    layer->out->ndim = layer->in[0]->ndim;
    memcpy(layer->out->shape, layer->in[0]->shape, sizeof(layer->out->shape));
}

ost_rc ost_need_sides(const ost_layer *layer, int sides, ost_err *err)
{
    const ost_value *in = layer->in[0];
    char text[96];

    if (in->ndim != sides + 2)
        return ost_fail(err, OST_EINPUT,
                        "input %s has %d spatial sides, must have %d",
                        ost_shape_text(text, in->ndim, in->shape),
                        in->ndim > 2 ? in->ndim - 2 : 0, sides);
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

static ost_rc need_groups(int64_t in, int64_t out, int64_t groups, ost_err *err)
{
    if (in % groups == 0 && out % groups == 0)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "%lld input and %lld output channels cannot be divided "
                    "into %lld groups",
                    (long long)in, (long long)out, (long long)groups);
}

ost_rc ost_convolution_shape(ost_layer *layer, int sides, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int64_t out = ost_layer_attr_int(layer, "out", 0);
    int64_t shape[OST_MAX_DIMS] = { out };
    int64_t groups = ost_layer_attr_int(layer, "groups", 0);
    int64_t area = 1;
    ost_rc rc = ost_need_sides(layer, sides, err);

    if (rc)
        return rc;
    rc = need_groups(in->shape[1], out, groups, err);
    if (rc)
        return rc;
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
    if (!rc)
        rc = ost_layer_spectral(layer, 0, err);
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

static ost_rc transposed_sides(const ost_layer *layer, int sides, ost_err *err)
{
    for (int i = 0; i < sides; i++) {
        int64_t kernel = ost_layer_attr_int(layer, "kernel", i);
        int64_t stride = ost_layer_attr_int(layer, "stride", i);
        int64_t padding = ost_layer_attr_int(layer, "padding", i);
        int64_t dilation = ost_layer_attr_int(layer, "dilation", i);
        int64_t more = ost_layer_attr_int(layer, "output_padding", i);
        int64_t out = (layer->in[0]->shape[2 + i] - 1) * stride - 2 * padding +
                      dilation * (kernel - 1) + more + 1;

        if (more >= stride)
            return ost_fail(err, OST_EINPUT,
                            "output_padding %lld is not less than the stride "
                            "%lld",
                            (long long)more, (long long)stride);
        layer->out->shape[2 + i] = out < 0 ? 0 : out;
    }
    return OST_OK;
}

ost_rc ost_transposed_shape(ost_layer *layer, int sides, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int64_t out = ost_layer_attr_int(layer, "out", 0);
    int64_t groups = ost_layer_attr_int(layer, "groups", 0);
    int64_t shape[OST_MAX_DIMS] = { in->shape[1], out / groups };
    int64_t area = 1;
    ost_rc rc = ost_need_sides(layer, sides, err);

    if (!rc)
        rc = need_groups(in->shape[1], out, groups, err);
    if (rc)
        return rc;
    ost_same_shape(layer);
    layer->out->shape[1] = out;
    rc = transposed_sides(layer, sides, err);
    if (rc)
        return rc;
    for (int i = 0; i < sides; i++) {
        shape[2 + i] = ost_layer_attr_int(layer, "kernel", i);
        area *= shape[2 + i];
    }
    /* What comes in and goes out of a convolution of this weight. */
    rc = ost_layer_weight(layer, "weight", sides + 2, shape,
                          (ost_init)ost_layer_attr_word(layer, "init"),
                          shape[1] * area, shape[0] * area, true, err);
    if (!rc)
        rc = ost_layer_spectral(layer, 1, err);
    if (!rc && ost_layer_attr(layer, "bias") != 0.0)
        rc = ost_layer_weight(layer, "bias", 1, &out, OST_INIT_ZEROS,
                              shape[1] * area, shape[0] * area, true, err);
    return rc;
}

double ost_transposed_flops(const ost_layer *layer)
{
    const ost_value *in = layer->in[0];

    return 2.0 * (double)ost_weight_count(layer->weights[0]) *
           (double)in->shape[0] * (double)ost_value_area(in);
}

#define WINDOW_ATTRS                                                   \
    { .name = "kernel",                                                \
      .type = OST_NET_ATTR_INTS,                                       \
      .required = true,                                                \
      .min = 1,                                                        \
      .max = OST_WINDOW_MAX,                                           \
      .help = "sides of the window" },                                 \
        { .name = "stride",                                            \
          .type = OST_NET_ATTR_INTS,                                   \
          .max = OST_WINDOW_MAX,                                       \
          .help = "steps of the window; 0: its sides" },               \
        { .name = "padding",                                           \
          .type = OST_NET_ATTR_INTS,                                   \
          .max = OST_WINDOW_MAX,                                       \
          .help = "positions added around, at most half the window" }, \
    {                                                                  \
        .name = "ceil", .type = OST_NET_ATTR_BOOL, .max = 1,           \
        .help = "whether the last window may end outside"              \
    }

const ost_net_attr_spec ost_max_pool_attrs[] = {
    WINDOW_ATTRS,
    { 0 },
};

const ost_net_attr_spec ost_avg_pool_attrs[] = {
    WINDOW_ATTRS,
    { .name = "count_padding",
      .type = OST_NET_ATTR_BOOL,
      .dflt = 1,
      .max = 1,
      .help = "whether padding counts as zeros in the mean" },
    { 0 },
};

const ost_net_attr_spec ost_adaptive_pool_attrs[] = {
    { .name = "size",
      .type = OST_NET_ATTR_INTS,
      .required = true,
      .min = 1,
      .max = OST_SIDE_MAX,
      .help = "sides of the output" },
    { 0 },
};

/* The last window may end outside, but not begin there. */
static int64_t out_side_up(int64_t in, int64_t kernel, int64_t stride,
                           int64_t padding)
{
    int64_t left = in + 2 * padding - kernel;
    int64_t steps = left < 0 ? left / stride : (left + stride - 1) / stride;

    if (steps * stride >= in + padding)
        steps--;
    return steps < 0 ? 0 : steps + 1;
}

ost_rc ost_pooling_shape(ost_layer *layer, int sides, ost_err *err)
{
    const ost_value *in = layer->in[0];
    bool ceil = ost_layer_attr(layer, "ceil") != 0.0;
    ost_rc rc = ost_need_sides(layer, sides, err);

    if (rc)
        return rc;
    ost_same_shape(layer);
    for (int i = 0; i < sides; i++) {
        int64_t kernel = ost_layer_attr_int(layer, "kernel", i);
        int64_t stride = ost_layer_attr_int(layer, "stride", i);
        int64_t padding = ost_layer_attr_int(layer, "padding", i);
        int64_t *out = &layer->out->shape[2 + i];

        if (2 * padding > kernel)
            return ost_fail(err, OST_EINPUT,
                            "padding %lld is more than half the window of %lld",
                            (long long)padding, (long long)kernel);
        stride = stride ? stride : kernel;
        *out = ceil ? out_side_up(in->shape[2 + i], kernel, stride, padding)
                    : out_side(in->shape[2 + i], kernel, stride, padding, 1);
    }
    return OST_OK;
}

ost_rc ost_adaptive_pooling_shape(ost_layer *layer, int sides, ost_err *err)
{
    ost_rc rc = ost_need_sides(layer, sides, err);

    if (rc)
        return rc;
    ost_same_shape(layer);
    for (int i = 0; i < sides; i++)
        layer->out->shape[2 + i] = ost_layer_attr_int(layer, "size", i);
    return OST_OK;
}

ost_rc ost_item_norm_shape(ost_layer *layer, ost_err *err)
{
    int64_t c = ost_value_channels(layer->in[0]);
    ost_rc rc;

    ost_same_shape(layer);
    if (ost_layer_attr(layer, "affine") == 0.0)
        return OST_OK;
    rc = ost_layer_weight(layer, "weight", 1, &c, OST_INIT_ONES, c, c, true,
                          err);
    if (rc)
        return rc;
    return ost_layer_weight(layer, "bias", 1, &c, OST_INIT_ZEROS, c, c, true,
                            err);
}
