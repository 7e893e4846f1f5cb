/* kernels/cpu/convolution.c - convolutions with any number of spatial sides
 *
 * Forward and the gradient of the input are oneDNN's direct convolutions, whose
 * results do not depend on the number of threads.  They choose the layouts;
 * weights are kept as the first network's forward pass likes them and converted
 * where another primitive wants them otherwise.
 */
#include "kernels/cpu/convolution.h"

#include "base/alloc.h"

#include <string.h>

#include "base/banned.h"

/* Weights in the layout of one primitive. */
typedef struct own_weights {
    ost_prim prim; /* the conversion; empty when the layouts agree */
    ost_args args;
    void *scratch;
    void *data;
} own_weights;

typedef struct conv {
    ost_prim forward;
    ost_args forward_args;
    void *forward_scratch;
    own_weights forward_weights;
    ost_prim data; /* gradient of the input; empty when not wanted */
    ost_args data_args;
    void *data_scratch;
    own_weights data_weights;
    ost_conv_weights *weights; /* gradient of the weights */
} conv;

ost_conv_sides ost_conv_sides_of(const ost_layer *layer)
{
    ost_conv_sides s = { 0 };

    for (int i = 0; i < layer->out->ndim - 2; i++) {
        s.stride[i] = ost_layer_attr_int(layer, "stride", i);
        s.dilation[i] = ost_layer_attr_int(layer, "dilation", i) - 1;
        s.padding[i] = ost_layer_attr_int(layer, "padding", i);
    }
    return s;
}

static void conv_release(ost_layer *layer)
{
    conv *c = layer->state;

    if (!c)
        return;
    ost_conv_weights_free(c->weights);
    ost_prim_release(&c->data_weights.prim);
    ost_args_release(&c->data_weights.args);
    ost_prim_release(&c->forward_weights.prim);
    ost_args_release(&c->forward_weights.args);
    ost_prim_release(&c->data);
    ost_args_release(&c->data_args);
    ost_prim_release(&c->forward);
    ost_args_release(&c->forward_args);
    ost_free(c);
    layer->state = NULL;
}

static ost_rc make_forward(ost_layer *layer, conv *c,
                           const dnnl_memory_desc_t *src,
                           const dnnl_memory_desc_t *dst, ost_err *err)
{
    const ost_weight *w = layer->weights[0];
    ost_conv_sides s = ost_conv_sides_of(layer);
    dnnl_memory_desc_t weights = ost_dnnl_plain(w->ndim, w->shape);
    dnnl_memory_desc_t bias = ost_dnnl_plain(1, w->shape);
    dnnl_convolution_desc_t op;
    ost_rc rc;

    dnnl_memory_desc_init_by_tag(&weights, weights.ndims, weights.dims,
                                 dnnl_f32, dnnl_format_tag_any);
    rc = ost_dnnl_check(
        dnnl_dilated_convolution_forward_desc_init(
            &op,
            layer->training ? dnnl_forward_training : dnnl_forward_inference,
            dnnl_convolution_direct, src, &weights,
            layer->n_weights > 1 ? &bias : NULL, dst, s.stride, s.dilation,
            s.padding, s.padding),
        "describe a convolution", err);
    if (rc)
        return rc;
    return ost_prim_init(&c->forward, layer->backend, &op, NULL,
                         layer->backend->threads, "make a convolution", err);
}

/* Whether our own loops can read what oneDNN chose. */
static bool layouts_are_ours(const ost_layer *layer)
{
    int mine = ost_cpu_block(layer->backend);

    return (layer->in_block[0] == 1 || layer->in_block[0] == mine) &&
           layer->out->block == mine;
}

static ost_rc choose_layouts(ost_layer *layer, conv *c, ost_err *err)
{
    const ost_value *in = layer->in[0];
    dnnl_memory_desc_t src = ost_dnnl_any(in);
    dnnl_memory_desc_t dst = ost_dnnl_any(layer->out);
    int block = ost_cpu_block(layer->backend);
    ost_rc rc = make_forward(layer, c, &src, &dst, err);

    if (rc)
        return rc;
    layer->in_block[0] =
        ost_dnnl_block_of(in, ost_prim_desc(&c->forward, dnnl_query_src_md));
    layer->out->block = ost_dnnl_block_of(
        layer->out, ost_prim_desc(&c->forward, dnnl_query_dst_md));
    if (layouts_are_ours(layer))
        return OST_OK;
    ost_prim_release(&c->forward);
    layer->in_block[0] = ost_value_channels(in) > 3 ? block : 1;
    layer->out->block = block;
    src = ost_dnnl_desc(in, layer->in_block[0]);
    dst = ost_dnnl_desc(layer->out, block);
    return make_forward(layer, c, &src, &dst, err);
}

/* Makes the conversion from the weight as it is kept to the layout `want`, if
 * they differ. */
static ost_rc want_weights(ost_layer *layer, own_weights *o,
                           const dnnl_memory_desc_t *want, ost_life life,
                           ost_err *err)
{
    const ost_backend *b = layer->backend;
    const dnnl_memory_desc_t *have = layer->weights[0]->layout;
    ost_rc rc;

    if (dnnl_memory_desc_equal(have, want))
        return OST_OK;
    rc = ost_prim_init_reorder(&o->prim, b, have, want, err);
    if (!rc)
        rc = ost_args_add(&o->args, b, DNNL_ARG_FROM, have, err);
    if (!rc)
        rc = ost_args_add(&o->args, b, DNNL_ARG_TO, want, err);
    if (!rc)
        rc = ost_args_add_scratch(&o->args, b, &o->prim, err);
    if (rc)
        return rc;
    ost_layer_memory(layer, dnnl_memory_desc_get_size(want), life, &o->data);
    ost_layer_memory(layer, o->prim.scratch, life, &o->scratch);
    return OST_OK;
}

static ost_rc get_weights(ost_layer *layer, own_weights *o, void **data,
                          ost_err *err)
{
    *data = layer->weights[0]->data;
    if (!o->prim.prim)
        return OST_OK;
    *data = o->data;
    return ost_prim_run(
        &o->prim, layer->backend, &o->args,
        (void *[]){ layer->weights[0]->data, o->data, o->scratch }, err);
}

static ost_rc prepare_forward(ost_layer *layer, conv *c, ost_err *err)
{
    const ost_backend *b = layer->backend;
    const dnnl_memory_desc_t *weights;
    dnnl_memory_desc_t bias = ost_dnnl_plain(1, layer->weights[0]->shape);
    dnnl_memory_desc_t *layout;
    ost_rc rc = choose_layouts(layer, c, err);

    if (rc)
        return rc;
    weights = ost_prim_desc(&c->forward, dnnl_query_weights_md);
    layout = ost_xalloc(sizeof(*layout));
    *layout = *weights;
    rc = ost_layer_place_weight(
        layer, 0, (int64_t)(dnnl_memory_desc_get_size(weights) / sizeof(float)),
        layout, err);
    if (!rc && layer->n_weights > 1)
        rc = ost_layer_place_weight(layer, 1, bias.dims[0], NULL, err);
    if (!rc)
        rc = want_weights(layer, &c->forward_weights, weights, OST_LIFE_FORWARD,
                          err);
    if (!rc)
        rc = ost_args_add(&c->forward_args, b, DNNL_ARG_SRC,
                          ost_prim_desc(&c->forward, dnnl_query_src_md), err);
    if (!rc)
        rc = ost_args_add(&c->forward_args, b, DNNL_ARG_WEIGHTS, weights, err);
    if (!rc)
        rc = ost_args_add(&c->forward_args, b, DNNL_ARG_DST,
                          ost_prim_desc(&c->forward, dnnl_query_dst_md), err);
    if (!rc && layer->n_weights > 1)
        rc = ost_args_add(&c->forward_args, b, DNNL_ARG_BIAS, &bias, err);
    if (!rc)
        rc = ost_args_add_scratch(&c->forward_args, b, &c->forward, err);
    ost_layer_memory(layer, c->forward.scratch, OST_LIFE_FORWARD,
                     &c->forward_scratch);
    return rc;
}

static ost_rc prepare_data(ost_layer *layer, conv *c, ost_err *err)
{
    const ost_backend *b = layer->backend;
    ost_conv_sides s = ost_conv_sides_of(layer);
    dnnl_memory_desc_t src = ost_dnnl_desc(layer->in[0], layer->in_block[0]);
    dnnl_memory_desc_t dst = ost_dnnl_desc(layer->out, layer->out->block);
    dnnl_memory_desc_t any;
    const dnnl_memory_desc_t *weights;
    dnnl_convolution_desc_t op;
    ost_rc rc;

    any = *ost_prim_desc(&c->forward, dnnl_query_weights_md);
    dnnl_memory_desc_init_by_tag(&any, any.ndims, any.dims, dnnl_f32,
                                 dnnl_format_tag_any);
    rc = ost_dnnl_check(dnnl_dilated_convolution_backward_data_desc_init(
                            &op, dnnl_convolution_direct, &src, &any, &dst,
                            s.stride, s.dilation, s.padding, s.padding),
                        "describe a convolution", err);
    if (!rc)
        rc = ost_prim_init(&c->data, b, &op, &c->forward, b->threads,
                           "make a convolution", err);
    if (rc)
        return rc;
    weights = ost_prim_desc(&c->data, dnnl_query_weights_md);
    rc = want_weights(layer, &c->data_weights, weights, OST_LIFE_BACKWARD, err);
    if (!rc)
        rc = ost_args_add(&c->data_args, b, DNNL_ARG_DIFF_SRC, &src, err);
    if (!rc)
        rc = ost_args_add(&c->data_args, b, DNNL_ARG_WEIGHTS, weights, err);
    if (!rc)
        rc = ost_args_add(&c->data_args, b, DNNL_ARG_DIFF_DST, &dst, err);
    if (!rc)
        rc = ost_args_add_scratch(&c->data_args, b, &c->data, err);
    ost_layer_memory(layer, c->data.scratch, OST_LIFE_BACKWARD,
                     &c->data_scratch);
    return rc;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    conv *c = layer->state;
    void *weights;
    void *data[5];
    int n = 3;
    ost_rc rc = get_weights(layer, &c->forward_weights, &weights, err);

    (void)pass;
    if (rc)
        return rc;
    data[0] = layer->in[0]->data;
    data[1] = weights;
    data[2] = layer->out->data;
    if (layer->n_weights > 1)
        data[n++] = layer->weights[1]->data;
    data[n] = c->forward_scratch;
    return ost_prim_run(&c->forward, layer->backend, &c->forward_args, data,
                        err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    conv *c = layer->state;
    void *weights;
    ost_rc rc = ost_conv_weights_run(c->weights, layer, err);

    (void)pass;
    if (rc || !layer->in_grad[0])
        return rc;
    rc = get_weights(layer, &c->data_weights, &weights, err);
    if (rc)
        return rc;
    return ost_prim_run(&c->data, layer->backend, &c->data_args,
                        (void *[]){ layer->in_grad[0], weights,
                                    layer->out->grad, c->data_scratch },
                        err);
}

ost_rc ost_cpu_convolution(ost_layer *layer, ost_err *err)
{
    conv *c = ost_xalloc(sizeof(*c));
    ost_rc rc;

    layer->state = c;
    layer->release = conv_release;
    layer->forward = forward;
    layer->backward = backward;
    rc = prepare_forward(layer, c, err);
    if (rc)
        return rc;
    layer->code[0] = ost_prim_code(&c->forward);
    if (layer->training && layer->in[0]->wants_grad)
        rc = prepare_data(layer, c, err);
    layer->code[1] = ost_prim_code(&c->data);
    if (!rc && layer->training)
        rc = ost_conv_weights_new(layer, &c->weights, err);
    return rc;
}
