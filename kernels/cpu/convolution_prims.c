/* kernels/cpu/convolution_prims.c - oneDNN's primitives of a convolution
 *
 * Channels that do not fill a block are rounded up: the lanes of missing
 * channels are zero in values and weights alike, and stay zero.  oneDNN's fast
 * code wants it so on AVX2.
 */
#include "kernels/cpu/convolution.h"

#include "base/banned.h"

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

static void describe(const ost_layer *layer, int64_t items, convolution *c)
{
    const ost_weight *w = layer->weights[0];
    int64_t shape[OST_MAX_DIMS];

    *c = (convolution){ 0 };
    c->src = ost_dnnl_desc_full(layer->in[0], layer->in_block[0], items);
    c->dst = ost_dnnl_desc_full(layer->out, layer->out->block, items);
    for (int i = 0; i < w->ndim; i++)
        shape[i] = w->shape[i];
    shape[0] = c->dst.dims[1];
    shape[1] = c->src.dims[1];
    c->weights = ost_dnnl_any(w->ndim, shape);
    c->bias = ost_dnnl_plain(1, shape);
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

dnnl_memory_desc_t ost_conv_weight_desc(const ost_layer *layer,
                                        const dnnl_memory_desc_t *of)
{
    dnnl_memory_desc_t md = *of;

    md.dims[0] = layer->weights[0]->shape[0];
    md.dims[1] = layer->weights[0]->shape[1];
    return md;
}

dnnl_memory_desc_t ost_conv_weight_kept(const ost_layer *layer)
{
    const ost_weight *w = layer->weights[0];

    if (w->layout)
        return *(const dnnl_memory_desc_t *)w->layout;
    return ost_dnnl_plain(w->ndim, w->shape);
}
