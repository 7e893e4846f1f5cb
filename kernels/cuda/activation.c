/* kernels/cuda/activation.c - layers of one input that work number by number */
#include "kernels/cuda/activation.h"

#include "base/alloc.h"

#include "base/banned.h"

typedef struct activation {
    ost_cuda_chain chain; /* forward, with what follows */
    ost_cuda_chain back;
} activation;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const activation *p = layer->state;

    (void)pass;
    return ost_cuda_chain_run(&p->chain, layer->out, layer->in[0]->data,
                              layer->out->data, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const activation *p = layer->state;

    (void)pass;
    return ost_cuda_chain_give(&p->back, layer, 0, err);
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    activation *p = layer->state;

    return ost_cuda_chain_take(&p->chain, next);
}

static bool fuse_back(ost_layer *layer, const ost_layer *next)
{
    activation *p = layer->state;

    /* One step is left for what is added. */
    return p->back.steps + 1 < OST_CHAIN_STEPS &&
           ost_cuda_chain_take_back(&p->back, next);
}

ost_rc ost_cuda_activation(ost_layer *layer)
{
    activation *p = ost_xalloc(sizeof(*p));

    p->chain.steps = p->back.steps = 1;
    if (!ost_cuda_chain_activation(layer, &p->chain.step[0], &p->back.step[0]))
        OST_BUG();
    layer->state = p;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    layer->fuse = fuse;
    layer->fuse_back = fuse_back;
    layer->adds_in = true;
    return OST_OK;
}
