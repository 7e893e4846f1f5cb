/* kernels/cpu/reduction.c - layers that take axes together */
#include "kernels/cpu/reduction.h"

#include "base/alloc.h"
#include "kernels/cpu/threads.h"
#include "kernels/layers/axes.h"

#include "base/banned.h"

typedef struct sums {
    ost_fit fit; /* of the output beside the input */
    double scale;
    double *room;
} sums;

/* Whether the only channel goes: what follows are then the channels. */
static bool channel_goes(const ost_layer *layer)
{
    int count = ost_layer_attr_count(layer, "axes");
    bool goes = false;

    for (int i = 0; i < count; i++)
        goes |= ost_layer_attr_int(layer, "axes", i) == 1;
    return goes && ost_layer_attr(layer, "keep") == 0.0 &&
           ost_value_channels(layer->in[0]) == 1;
}

void ost_cpu_reduction(ost_layer *layer, ost_fit *f)
{
    int block =
        channel_goes(layer) ? 1 : ost_cpu_limit_block(layer, OST_FIT_BLOCK);
    int64_t shape[OST_MAX_DIMS];
    int64_t area = 1;

    layer->in_block[0] = block;
    ost_reduction_kept(layer, shape);
    for (int i = 2; i < layer->in[0]->ndim; i++)
        area *= shape[i];
    layer->out->block =
        shape[1] == ost_value_channels(layer->in[0]) && area > 1 ? block : 1;
    ost_fit_init(f, layer->in[0], block, shape, layer->out->block);
}

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static const float *input_tile(const void *from, const ost_tile *t, float *room)
{
    const ost_layer *layer = from;
    const sums *s = layer->state;

    (void)room;
    return layer->in[0]->data + ost_tile_at(&s->fit, t);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const sums *s = layer->state;

    (void)pass;
    (void)err;
    ost_fit_sum(&s->fit, input_tile, layer, s->scale, layer->out->data,
                s->room);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const sums *s = layer->state;
    const ost_fit *f = &s->fit;
    int64_t tiles = f->items * f->blocks * f->tiles;

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < tiles; i++) {
        ost_tile t = ost_fit_tile(f, i);
        float *dx = layer->in_grad[0] + ost_tile_at(f, &t);

        ost_fit_combine(f, OST_FIT_COPY, &t, NULL, layer->out->grad, dx);
        for (int64_t k = 0; k < t.count * f->block; k++)
            dx[k] *= (float)s->scale;
    }
    return OST_OK;
}

ost_rc ost_cpu_sum_axes(ost_layer *layer, bool mean)
{
    sums *s = ost_xalloc(sizeof(*s));
    const ost_value *in = layer->in[0];
    int64_t kept[OST_MAX_DIMS];

    layer->state = s;
    layer->release = release;
    ost_cpu_reduction(layer, &s->fit);
    ost_layer_memory(layer, ost_fit_room(&s->fit), OST_LIFE_FORWARD, &s->room);
    ost_reduction_kept(layer, kept);
    s->scale = 1.0;
    for (int i = 1; mean && i < in->ndim; i++)
        if (kept[i] != in->shape[i])
            s->scale /= (double)in->shape[i];
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
