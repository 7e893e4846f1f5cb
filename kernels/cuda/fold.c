/* kernels/cuda/fold.c - layers that take axes together */
#include "kernels/cuda/fold.h"

#include "base/alloc.h"
#include "kernels/cuda/sides.h"
#include "kernels/layers/axes.h"

#include <string.h>

#include "base/banned.h"

typedef struct fold {
    ost_fold_args forward; /* without pointers */
    ost_spread_args backward;
    int32_t *where; /* of each output, where in its item it stood */
} fold;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const fold *f = layer->state;
    ost_fold_args args = f->forward;
    void *stream = ost_cuda_here()->stream;

    (void)pass;
    args.from = layer->in[0]->data;
    args.to = layer->out->data;
    args.where = f->where;
    return ost_cuda_check(args.where
                              ? ost_cuda_launch_fold_highest(&args, stream)
                              : ost_cuda_launch_fold_sum(&args, stream),
                          "take axes together", err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const fold *f = layer->state;
    ost_spread_args args = f->backward;

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    args.in[0] = layer->out->grad;
    args.out = layer->in_grad[0];
    args.where = f->where;
    args.add = layer->add_in[0];
    return ost_cuda_check(
        ost_cuda_launch_spread(&args, ost_cuda_here()->stream),
        "spread a gradient", err);
}

static fold *prepare(ost_layer *layer)
{
    fold *f = ost_xalloc(sizeof(*f));
    const ost_value *in = layer->in[0];
    int64_t kept[1][OST_MAX_DIMS];

    layer->state = f;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    ost_reduction_kept(layer, kept[0]);
    ost_cuda_fold_init(&f->forward, in->ndim, in->shape, kept[0]);
    ost_cuda_spread_init(&f->backward, in->ndim, in->shape, 1, kept);
    return f;
}

ost_rc ost_cuda_fold_sum(ost_layer *layer, bool mean)
{
    fold *f = prepare(layer);

    if (mean)
        f->forward.scale = 1.0 / (double)f->forward.length;
    f->backward.scale = (float)f->forward.scale;
    return OST_OK;
}

ost_rc ost_cuda_fold_highest(ost_layer *layer, ost_err *err)
{
    fold *f = prepare(layer);

    if (f->forward.item > INT32_MAX)
        return ost_fail(err, OST_EUNSUPPORTED, "an item is too large");
    ost_layer_memory(layer, (size_t)f->forward.outputs * sizeof(*f->where),
                     OST_LIFE_SAVED, &f->where);
    return OST_OK;
}
