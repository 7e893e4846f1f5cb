/* kernels/cpu/pooling.c - pooling with any number of spatial sides
 *
 * oneDNN's, whose results do not depend on the number of threads.  On plain
 * layouts it is a slow reference: the input is asked for in channel blocks.
 */
#include "kernels/cpu/pooling.h"

#include "base/alloc.h"

#include "base/banned.h"

typedef struct pooling {
    ost_prim forward;
    ost_args forward_args;
    void *forward_scratch;
    ost_prim backward;
    ost_args backward_args;
    void *backward_scratch;
    void *winners; /* where each maximum was */
} pooling;

static void pooling_release(ost_layer *layer)
{
    pooling *p = layer->state;

    if (!p)
        return;
    ost_args_release(&p->backward_args);
    ost_prim_release(&p->backward);
    ost_args_release(&p->forward_args);
    ost_prim_release(&p->forward);
    ost_free(p);
    layer->state = NULL;
}

static ost_rc run_forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    pooling *p = layer->state;
    void *data[4] = { layer->in[0]->data, layer->out->data };
    int n = 2;

    (void)pass;
    if (p->winners)
        data[n++] = p->winners;
    data[n] = p->forward_scratch;
    return ost_prim_run(&p->forward, layer->backend, &p->forward_args, data,
                        err);
}

static ost_rc run_backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    pooling *p = layer->state;
    void *data[4] = { layer->in_grad[0], layer->out->grad };
    int n = 2;

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    if (p->winners)
        data[n++] = p->winners;
    data[n] = p->backward_scratch;
    return ost_prim_run(&p->backward, layer->backend, &p->backward_args, data,
                        err);
}

typedef struct sides {
    dnnl_dims_t kernel;
    dnnl_dims_t stride;
    dnnl_dims_t padding;
    dnnl_dims_t dilation; /* oneDNN counts from 0 */
} sides;

static ost_rc make_args(const ost_layer *layer, const ost_prim *p,
                        ost_args *args, int in, int out,
                        const dnnl_memory_desc_t *winners, ost_err *err)
{
    dnnl_memory_desc_t src = ost_dnnl_desc(layer->in[0], layer->in_block[0]);
    dnnl_memory_desc_t dst = ost_dnnl_desc(layer->out, layer->out->block);
    const ost_backend *b = layer->backend;
    ost_rc rc = ost_args_add(args, b, in, &src, err);

    if (!rc)
        rc = ost_args_add(args, b, out, &dst, err);
    if (!rc && dnnl_memory_desc_get_size(winners))
        rc = ost_args_add(args, b, DNNL_ARG_WORKSPACE, winners, err);
    if (!rc)
        rc = ost_args_add_scratch(args, b, p, err);
    return rc;
}

static ost_rc prepare_backward(ost_layer *layer, dnnl_alg_kind_t how, sides *s,
                               const dnnl_memory_desc_t *winners, ost_err *err)
{
    pooling *p = layer->state;
    dnnl_memory_desc_t src = ost_dnnl_desc(layer->in[0], layer->in_block[0]);
    dnnl_memory_desc_t dst = ost_dnnl_desc(layer->out, layer->out->block);
    dnnl_pooling_v2_desc_t op;
    ost_rc rc;

    rc = ost_dnnl_check(dnnl_pooling_v2_backward_desc_init(
                            &op, how, &src, &dst, s->stride, s->kernel,
                            s->dilation, s->padding, s->padding),
                        "describe a pooling", err);
    if (!rc)
        rc = ost_prim_init(&p->backward, layer->backend, &op, &p->forward,
                           layer->backend->threads, "make a pooling", err);
    if (!rc)
        rc = make_args(layer, &p->backward, &p->backward_args,
                       DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_DST, winners, err);
    if (rc)
        return rc;
    layer->code[1] = ost_prim_code(&p->backward);
    ost_layer_memory(layer, p->backward.scratch, OST_LIFE_BACKWARD,
                     &p->backward_scratch);
    return OST_OK;
}

static ost_rc prepare(ost_layer *layer, dnnl_alg_kind_t how, sides *s,
                      ost_err *err)
{
    pooling *p = layer->state;
    dnnl_memory_desc_t src = ost_dnnl_desc(layer->in[0], layer->in_block[0]);
    dnnl_memory_desc_t dst = ost_dnnl_desc(layer->out, layer->out->block);
    const dnnl_memory_desc_t *winners;
    dnnl_pooling_v2_desc_t op;
    size_t bytes;
    ost_rc rc;

    rc = ost_dnnl_check(
        dnnl_pooling_v2_forward_desc_init(
            &op,
            layer->training ? dnnl_forward_training : dnnl_forward_inference,
            how, &src, &dst, s->stride, s->kernel, s->dilation, s->padding,
            s->padding),
        "describe a pooling", err);
    if (!rc)
        rc = ost_prim_init(&p->forward, layer->backend, &op, NULL,
                           layer->backend->threads, "make a pooling", err);
    if (rc)
        return rc;
    layer->code[0] = ost_prim_code(&p->forward);
    winners = ost_prim_desc(&p->forward, dnnl_query_workspace_md);
    rc = make_args(layer, &p->forward, &p->forward_args, DNNL_ARG_SRC,
                   DNNL_ARG_DST, winners, err);
    if (rc)
        return rc;
    bytes = dnnl_memory_desc_get_size(winners);
    if (bytes)
        ost_layer_memory(layer, bytes, OST_LIFE_SAVED, &p->winners);
    ost_layer_memory(layer, p->forward.scratch, OST_LIFE_FORWARD,
                     &p->forward_scratch);
    if (layer->training && layer->in[0]->wants_grad)
        rc = prepare_backward(layer, how, s, winners, err);
    return rc;
}

ost_rc ost_cpu_pooling(ost_layer *layer, dnnl_alg_kind_t how, ost_err *err)
{
    sides s = { 0 };

    for (int i = 0; i < layer->out->ndim - 2; i++) {
        int64_t stride = ost_layer_attr_int(layer, "stride", i);

        s.kernel[i] = ost_layer_attr_int(layer, "kernel", i);
        s.stride[i] = stride ? stride : s.kernel[i];
        s.padding[i] = ost_layer_attr_int(layer, "padding", i);
    }
    layer->state = ost_xalloc(sizeof(pooling));
    layer->release = pooling_release;
    layer->forward = run_forward;
    layer->backward = run_backward;
    layer->in_block[0] = ost_cpu_block(layer->backend);
    layer->out->block = layer->in_block[0];
    return prepare(layer, how, &s, err);
}
