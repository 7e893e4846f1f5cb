/* kernels/cpu/prelu.c - what is negative, times a learned slope
 *
 * The gradient of a slope is summed for each item, then over the items.
 */
#include "base/alloc.h"
#include "kernels/cpu/fit.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

typedef struct prelu {
    ost_fit tiles;  /* of the numbers */
    ost_fit fit;    /* an item's gradients of the slopes beside its numbers */
    float *partial; /* gradients of the slopes by each item */
} prelu;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

/* y = the gradient's or the input's numbers, times the slope where x < 0. */
static void bend(const ost_layer *layer, const float *from, float *to)
{
    const prelu *p = layer->state;
    const ost_fit *f = &p->tiles;
    const float *slopes = layer->weights[0]->data;
    bool per_channel = layer->weights[0]->shape[0] == f->channels;
    int64_t tiles = f->items * f->blocks * f->tiles;
    int b = f->block;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < tiles; i++) {
        ost_tile t = ost_fit_tile(f, i);
        int64_t at = ost_tile_at(f, &t);
        const float *x = layer->in[0]->data + at;
        float slope[OST_FIT_BLOCK] = { 0.0f };

        for (int l = 0; l < ost_fit_lanes(f, t.k); l++)
            slope[l] = per_channel ? slopes[t.k * b + l] : slopes[0];
        for (int64_t s = 0; s < t.count; s++)
            for (int l = 0; l < b; l++)
                to[at + s * b + l] = x[s * b + l] > 0.0f
                                         ? from[at + s * b + l]
                                         : slope[l] * from[at + s * b + l];
    }
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    bend(layer, layer->in[0]->data, layer->out->data);
    return OST_OK;
}

static const float *slope_tile(const void *from, const ost_tile *t, float *room)
{
    const ost_layer *layer = from;
    const prelu *p = layer->state;
    int64_t at = ost_tile_at(&p->fit, t);
    const float *x = layer->in[0]->data + at;
    const float *dy = layer->out->grad + at;

    for (int64_t i = 0; i < t->count * p->fit.block; i++)
        room[i] = x[i] > 0.0f ? 0.0f : x[i] * dy[i];
    return room;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const prelu *p = layer->state;
    const ost_fit *f = &p->fit;
    float *grad = layer->weight_grad[0];

    (void)pass;
    (void)err;
    if (layer->in_grad[0])
        bend(layer, layer->out->grad, layer->in_grad[0]);
    if (!grad)
        return OST_OK;
    ost_fit_sum(f, slope_tile, layer, 1.0, p->partial, NULL);
    for (int64_t c = 0; c < f->item; c++) {
        double sum = 0.0;

        for (int64_t n = 0; n < f->items; n++)
            sum += (double)p->partial[n * f->item + c];
        grad[c] = (float)sum;
    }
    return OST_OK;
}

ost_rc ost_cpu_prelu(ost_layer *layer, ost_err *err)
{
    prelu *p = ost_xalloc(sizeof(*p));
    const ost_weight *w = layer->weights[0];
    int block = ost_cpu_limit_block(layer, OST_FIT_BLOCK);
    int64_t shape[OST_MAX_DIMS] = { layer->in[0]->shape[0], w->shape[0] };

    for (int i = 2; i < layer->in[0]->ndim; i++)
        shape[i] = 1;
    layer->state = p;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    ost_cpu_same_layout(layer);
    ost_fit_tiles(&p->tiles, layer->in[0], block);
    ost_fit_init(&p->fit, layer->in[0], block, shape, 1);
    if (layer->training)
        ost_layer_memory(layer,
                         (size_t)(p->fit.items * p->fit.item) * sizeof(float),
                         OST_LIFE_BACKWARD, &p->partial);
    return ost_layer_place_weight(layer, 0, w->shape[0], NULL, err);
}
