/* kernels/cpu/convolution_prims.c - oneDNN's primitives of a convolution
 *
 * Channels that do not fill a block are rounded up: the lanes of missing
 * channels are zero in values and weights alike, and stay zero.  oneDNN's fast
 * code wants it so on AVX2.
 */
#include "base/alloc.h"
#include "kernels/cpu/convolution.h"

#include "base/banned.h"

int64_t ost_conv_groups(const ost_layer *layer)
{
    return ost_layer_attr_int(layer, "groups", 0);
}

bool ost_conv_blocks_fit(const ost_layer *layer, int block)
{
    int64_t groups = ost_conv_groups(layer);
    int64_t in = ost_value_channels(layer->in[0]);
    int64_t out = ost_value_channels(layer->out);

    return groups == 1 || (in == groups && out == groups) ||
           (in / groups % block == 0 && out / groups % block == 0);
}

/* What a description of a convolution needs. */
typedef struct convolution {
    dnnl_memory_desc_t src;
    dnnl_memory_desc_t dst;
    dnnl_memory_desc_t weights;
    dnnl_memory_desc_t bias;
    const dnnl_memory_desc_t *maybe_bias;
    dnnl_dims_t stride;
    dnnl_dims_t dilation; /* oneDNN counts from 0 */
    dnnl_dims_t padding;
} convolution;

/* The sides of the weights between so many channels; groups come first. */
static int weight_sides(const ost_layer *layer, int64_t out, int64_t in,
                        int64_t *sides)
{
    const ost_weight *w = layer->weights[0];
    int64_t groups = ost_conv_groups(layer);
    int n = 0;

    /* Channels that stand alone are rounded up as groups. */
    if (groups > 1 && groups == w->shape[0] && w->shape[1] == 1)
        groups = out;
    if (groups > 1)
        sides[n++] = groups;
    sides[n++] = out / groups;
    sides[n++] = in / groups;
    for (int i = 2; i < w->ndim; i++)
        sides[n++] = w->shape[i];
    return n;
}

static void describe(const ost_layer *layer, int64_t items, convolution *c)
{
    int64_t sides[OST_MAX_DIMS + 1];
    int n;

    *c = (convolution){ 0 };
    c->src = ost_dnnl_desc_full(layer->in[0], layer->in_block[0], items);
    c->dst = ost_dnnl_desc_full(layer->out, layer->out->block, items);
    n = weight_sides(layer, c->dst.dims[1], c->src.dims[1], sides);
    c->weights = ost_dnnl_any(n, sides);
    c->bias = ost_dnnl_plain(1, &c->dst.dims[1]);
    if (layer->n_weights > 1)
        c->maybe_bias = &c->bias;
    for (int i = 0; i < layer->out->ndim - 2; i++) {
        c->stride[i] = ost_layer_attr_int(layer, "stride", i);
        c->dilation[i] = ost_layer_attr_int(layer, "dilation", i) - 1;
        c->padding[i] = ost_layer_attr_int(layer, "padding", i);
    }
}

ost_rc ost_conv_forward(const ost_layer *layer, int64_t items, int threads,
                        ost_prim *prim, ost_err *err)
{
    dnnl_convolution_desc_t op;
    convolution c;
    ost_rc rc;

    describe(layer, items, &c);
    rc = ost_dnnl_check(
        dnnl_dilated_convolution_forward_desc_init(
            &op,
            layer->training ? dnnl_forward_training : dnnl_forward_inference,
            dnnl_convolution_direct, &c.src, &c.weights, c.maybe_bias, &c.dst,
            c.stride, c.dilation, c.padding, c.padding),
        "describe a convolution", err);
    if (rc)
        return rc;
    return ost_prim_init(prim, layer->backend, &op, NULL, threads,
                         "make a convolution", err);
}

ost_rc ost_conv_backward_data(const ost_layer *layer, int64_t items,
                              int threads, ost_prim *prim, ost_err *err)
{
    dnnl_convolution_desc_t op;
    ost_prim hint = { 0 };
    convolution c;
    ost_rc rc;

    describe(layer, items, &c);
    rc = ost_conv_forward(layer, items, threads, &hint, err);
    if (!rc)
        rc = ost_dnnl_check(dnnl_dilated_convolution_backward_data_desc_init(
                                &op, dnnl_convolution_direct, &c.src,
                                &c.weights, &c.dst, c.stride, c.dilation,
                                c.padding, c.padding),
                            "describe a convolution", err);
    if (!rc)
        rc = ost_prim_init(prim, layer->backend, &op, &hint, threads,
                           "make a convolution", err);
    ost_prim_release(&hint);
    return rc;
}

ost_rc ost_conv_backward_weights(const ost_layer *layer, int64_t items,
                                 int threads, ost_prim *prim, ost_err *err)
{
    dnnl_convolution_desc_t op;
    ost_prim hint = { 0 };
    convolution c;
    ost_rc rc;

    describe(layer, items, &c);
    rc = ost_conv_forward(layer, items, threads, &hint, err);
    if (!rc)
        rc = ost_dnnl_check(dnnl_dilated_convolution_backward_weights_desc_init(
                                &op, dnnl_convolution_direct, &c.src,
                                &c.weights, c.maybe_bias, &c.dst, c.stride,
                                c.dilation, c.padding, c.padding),
                            "describe a convolution", err);
    if (!rc)
        rc = ost_prim_init(prim, layer->backend, &op, &hint, threads,
                           "make a convolution", err);
    ost_prim_release(&hint);
    return rc;
}

ost_rc ost_conv_backward_weights_some(const ost_layer *layer, int64_t channels,
                                      int threads, ost_prim *prim, ost_err *err)
{
    ost_value out = *layer->out;
    ost_layer view = *layer;

    out.shape[1] = channels;
    view.out = &out;
    return ost_conv_backward_weights(&view, out.shape[0], threads, prim, err);
}

dnnl_memory_desc_t ost_conv_weight_desc(const ost_layer *layer,
                                        const dnnl_memory_desc_t *of)
{
    dnnl_memory_desc_t md = *of;

    weight_sides(layer, layer->out->shape[1], layer->in[0]->shape[1], md.dims);
    return md;
}

ost_rc ost_conv_place_weights(ost_layer *layer, const ost_prim *prim,
                              ost_err *err)
{
    dnnl_memory_desc_t *layout = ost_xalloc(sizeof(*layout));
    size_t bytes;
    ost_rc rc;

    *layout =
        ost_conv_weight_desc(layer, ost_prim_desc(prim, dnnl_query_weights_md));
    bytes = dnnl_memory_desc_get_size(layout);
    rc = ost_layer_place_weight(layer, 0, (int64_t)(bytes / sizeof(float)),
                                layout, err);
    if (!rc && layer->n_weights > 1)
        rc = ost_layer_place_weight(layer, 1, layer->weights[1]->shape[0], NULL,
                                    err);
    return rc;
}

dnnl_memory_desc_t ost_conv_weight_kept(const ost_layer *layer)
{
    const ost_weight *w = layer->weights[0];
    int64_t sides[OST_MAX_DIMS + 1];
    int n;

    if (w->layout)
        return *(const dnnl_memory_desc_t *)w->layout;
    n = weight_sides(layer, layer->out->shape[1], layer->in[0]->shape[1],
                     sides);
    return ost_dnnl_plain(n, sides);
}
