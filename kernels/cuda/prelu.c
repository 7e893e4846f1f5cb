/* kernels/cuda/prelu.c - what is negative, times a learned slope
 *
 * Forward it is a step of a chain, which takes following layers along.
 */
#include "base/alloc.h"
#include "kernels/cuda/chain.h"
#include "kernels/cuda/prelu_kernels.h"

#include "base/banned.h"

typedef struct prelu {
    ost_cuda_chain chain;
    ost_prelu_work work;
    float *partial;
} prelu;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    prelu *p = layer->state;

    return ost_cuda_chain_take(&p->chain, next);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const prelu *p = layer->state;

    (void)pass;
    return ost_cuda_chain_run(&p->chain, layer->out, layer->in[0]->data,
                              layer->out->data, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const prelu *p = layer->state;
    ost_prelu_work w = p->work;

    (void)pass;
    w.slope = layer->weights[0]->data;
    w.x = layer->in[0]->data;
    w.dy = layer->out->grad;
    w.dx = layer->in_grad[0];
    w.add_in = layer->add_in[0];
    w.grad = layer->weight_grad[0];
    w.add = layer->add_weight[0];
    w.partial = p->partial;
    return ost_cuda_check(
        ost_cuda_launch_prelu_back(&w, ost_cuda_here()->stream),
        "bend backward", err);
}

ost_rc ost_cuda_prelu(ost_layer *layer, ost_err *err)
{
    prelu *p = ost_xalloc(sizeof(*p));
    const ost_value *in = layer->in[0];
    int64_t slopes = layer->weights[0]->shape[0];
    int64_t count = ost_value_stored(in);
    ost_cuda_step step = {
        .op = OST_CHAIN_BEND,
        .at = slopes > 1 ? OST_CHAIN_CHANNEL : OST_CHAIN_ONE,
        .a = &layer->weights[0]->data,
    };

    layer->state = p;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    layer->fuse = fuse;
    layer->adds = layer->adds_in = true;
    (void)ost_cuda_chain_add(&p->chain, step);
    p->work.slopes = slopes;
    p->work.rows = slopes > 1 ? in->shape[0] : 1;
    p->work.area = slopes > 1 ? ost_value_area(in) : count;
    p->work.cut = ost_cut_of(count / slopes, slopes);
    if (layer->training && p->work.cut.parts > 1)
        ost_layer_memory(layer,
                         (size_t)(slopes * p->work.cut.parts) * sizeof(float),
                         OST_LIFE_BACKWARD, &p->partial);
    return ost_layer_place_weight(layer, 0, slopes, NULL, err);
}
