/* kernels/cuda/cuda_pooling.c - pooling with one to three spatial sides
 *
 * For maxima the place of the winner in its window is kept for the backward
 * pass, in bytes where windows are small; NaN wins, and the first of equal
 * numbers.  Max pooling takes a ReLU before it along, as the positive part of a
 * maximum is the maximum of positive parts; what that ReLU would have stopped
 * has no winner.  Numbers are those of the CPU backend to the last bit.
 */
#include "base/alloc.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/pooling_kernels.h"

#include <string.h>

#include "base/banned.h"

/* The windows whose places are told by one byte, and all. */
enum { WINDOW_SMALL = 254, WINDOW_MOST = 32766 };

typedef struct pooling {
    ost_pool_work work;
    void *winners; /* NULL: not wanted */
} pooling;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static bool absorb(ost_layer *layer, const ost_layer *before)
{
    pooling *p = layer->state;

    return p->work.relu = strcmp(before->kind->name, "relu") == 0;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const pooling *p = layer->state;

    (void)pass;
    return ost_cuda_check(ost_cuda_launch_pool(&p->work, layer->in[0]->data,
                                               layer->out->data, p->winners,
                                               ost_cuda_here()->stream),
                          "pool", err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const pooling *p = layer->state;

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return ost_cuda_check(
        ost_cuda_launch_pool_back(&p->work, layer->out->grad, p->winners,
                                  layer->add_in[0], layer->in_grad[0],
                                  ost_cuda_here()->stream),
        "pool backward", err);
}

static void set_side(const ost_layer *layer, pooling *p, int i, int side)
{
    ost_pool_side *s = &p->work.side[side];
    int64_t kernel;
    int64_t stride;

    s->in = (int32_t)layer->in[0]->shape[2 + i];
    s->out = (int32_t)layer->out->shape[2 + i];
    if (p->work.adaptive) { /* the longest that can be */
        s->kernel = (s->in + s->out - 1) / s->out + 1;
        return;
    }
    kernel = ost_layer_attr_int(layer, "kernel", i);
    stride = ost_layer_attr_int(layer, "stride", i);
    s->kernel = (int32_t)kernel;
    s->stride = (int32_t)(stride ? stride : kernel);
    s->padding = (int32_t)ost_layer_attr_int(layer, "padding", i);
}

static ost_rc set_sides(const ost_layer *layer, pooling *p, ost_err *err)
{
    int sides = layer->out->ndim - 2;
    int64_t positions = 1;

    if (ost_value_area(layer->in[0]) > INT32_MAX ||
        ost_value_area(layer->out) > INT32_MAX)
        return ost_fail(err, OST_EINPUT, "its input is too large");
    for (int i = 0; i < OST_POOL_SIDES; i++)
        p->work.side[i] = (ost_pool_side){ 1, 1, 1, 1, 0 };
    for (int i = 0; i < sides; i++) {
        set_side(layer, p, i, sides - 1 - i);
        positions *= p->work.side[sides - 1 - i].kernel;
    }
    if (p->work.max && positions > WINDOW_MOST)
        return ost_fail(err, OST_EINPUT,
                        "windows have %lld positions, at most %d are possible",
                        (long long)positions, WINDOW_MOST);
    p->work.winner_bytes = positions <= WINDOW_SMALL ? 1 : 2;
    return OST_OK;
}

static ost_rc prepare(ost_layer *layer, ost_pool_work how, ost_err *err)
{
    pooling *p = ost_xalloc(sizeof(*p));
    ost_rc rc;

    layer->state = p;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    p->work = how;
    p->work.planes = layer->in[0]->shape[0] * ost_value_channels(layer->in[0]);
    rc = set_sides(layer, p, err);
    if (rc || !how.max)
        return rc;
    layer->absorb = absorb;
    if (layer->training)
        ost_layer_memory(layer,
                         (size_t)ost_value_stored(layer->out) *
                             (size_t)p->work.winner_bytes,
                         OST_LIFE_SAVED, &p->winners);
    return OST_OK;
}

static ost_rc average(ost_layer *layer, ost_err *err)
{
    bool padded = ost_layer_attr(layer, "count_padding") != 0.0;

    return prepare(layer, (ost_pool_work){ .padded = padded }, err);
}

ost_rc ost_cuda_adaptive_avg_pool2d(ost_layer *layer, ost_err *err)
{
    return prepare(layer, (ost_pool_work){ .adaptive = true }, err);
}

ost_rc ost_cuda_adaptive_avg_pool3d(ost_layer *layer, ost_err *err)
{
    return prepare(layer, (ost_pool_work){ .adaptive = true }, err);
}

ost_rc ost_cuda_adaptive_max_pool2d(ost_layer *layer, ost_err *err)
{
    return prepare(layer, (ost_pool_work){ .adaptive = true, .max = true },
                   err);
}

ost_rc ost_cuda_avg_pool2d(ost_layer *layer, ost_err *err)
{
    return average(layer, err);
}

ost_rc ost_cuda_avg_pool3d(ost_layer *layer, ost_err *err)
{
    return average(layer, err);
}

ost_rc ost_cuda_max_pool2d(ost_layer *layer, ost_err *err)
{
    return prepare(layer, (ost_pool_work){ .max = true }, err);
}

ost_rc ost_cuda_max_pool3d(ost_layer *layer, ost_err *err)
{
    return prepare(layer, (ost_pool_work){ .max = true }, err);
}
