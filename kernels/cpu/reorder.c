/* kernels/cpu/reorder.c - from one channel block to another */
#include "base/alloc.h"
#include "kernels/cpu/onednn.h"

#include "base/banned.h"

typedef struct reorder {
    ost_prim forward;
    ost_args forward_args;
    ost_prim backward;
    ost_args backward_args;
} reorder;

static void reorder_release(ost_layer *layer)
{
    reorder *r = layer->state;

    if (!r)
        return;
    ost_args_release(&r->backward_args);
    ost_prim_release(&r->backward);
    ost_args_release(&r->forward_args);
    ost_prim_release(&r->forward);
    ost_free(r);
    layer->state = NULL;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    reorder *r = layer->state;

    (void)pass;
    return ost_prim_run(&r->forward, layer->backend, &r->forward_args,
                        (void *[]){ layer->in[0]->data, layer->out->data },
                        err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    reorder *r = layer->state;

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return ost_prim_run(&r->backward, layer->backend, &r->backward_args,
                        (void *[]){ layer->out->grad, layer->in_grad[0] }, err);
}

static ost_rc make(const ost_backend *b, ost_prim *p, ost_args *args,
                   const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                   ost_err *err)
{
    ost_rc rc = ost_prim_init_reorder(p, b, from, to, err);

    if (!rc)
        rc = ost_args_add(args, b, DNNL_ARG_FROM, from, err);
    if (!rc)
        rc = ost_args_add(args, b, DNNL_ARG_TO, to, err);
    if (!rc && p->scratch)
        rc = ost_fail(err, OST_EUNSUPPORTED,
                      "oneDNN wants scratch memory to convert layouts");
    return rc;
}

ost_rc ost_cpu_reorder(ost_layer *layer, ost_err *err)
{
    dnnl_memory_desc_t from = ost_dnnl_desc(layer->in[0], layer->in_block[0]);
    dnnl_memory_desc_t to = ost_dnnl_desc(layer->out, layer->out->block);
    reorder *r = ost_xalloc(sizeof(*r));
    ost_rc rc;

    layer->state = r;
    layer->release = reorder_release;
    layer->forward = forward;
    layer->backward = backward;
    rc = make(layer->backend, &r->forward, &r->forward_args, &from, &to, err);
    if (!rc && layer->training)
        rc = make(layer->backend, &r->backward, &r->backward_args, &to, &from,
                  err);
    layer->code[0] = ost_prim_code(&r->forward);
    layer->code[1] = ost_prim_code(&r->backward);
    return rc;
}
