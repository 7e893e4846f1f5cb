/* kernels/cpu/broadcast.c - layers of several values, number by number
 *
 * Work is cut into tiles of the output.  The gradient of an input is that of
 * the output, times the other inputs where they were multiplied, summed over
 * the sides that the input does not have.
 */
#include "kernels/cpu/broadcast.h"

#include "base/alloc.h"
#include "kernels/cpu/threads.h"
#include "kernels/layers/axes.h"

#include <string.h>

#include "base/banned.h"

typedef struct broadcast {
    ost_fit_operation operation;
    ost_fit fit[OST_LAYER_INPUTS]; /* each input beside the output */
    double *room;                  /* for sums of gradients */
} broadcast;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

/* Whether the input has the output's shape and lies as that does. */
static bool is_full(const ost_fit *f)
{
    return f->per_channel && (f->positions == OST_FIT_ALL || f->area == 1);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const broadcast *b = layer->state;
    const ost_fit *f = &b->fit[0];
    int64_t tiles = f->items * f->blocks * f->tiles;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < tiles; i++) {
        ost_tile t = ost_fit_tile(f, i);
        float *y = layer->out->data + ost_tile_at(f, &t);
        const float *x = y;

        if (is_full(f))
            x = layer->in[0]->data + ost_tile_at(f, &t);
        else
            ost_fit_combine(f, OST_FIT_COPY, &t, NULL, layer->in[0]->data, y);
        for (int k = 1; k < layer->n_inputs; k++) {
            ost_fit_combine(&b->fit[k], b->operation, &t, x, layer->in[k]->data,
                            y);
            x = y;
        }
    }
    return OST_OK;
}

typedef struct gradient {
    const ost_layer *layer;
    int input;
} gradient;

static const float *gradient_tile(const void *from, const ost_tile *t,
                                  float *room)
{
    const gradient *g = from;
    const ost_layer *layer = g->layer;
    const broadcast *b = layer->state;
    const float *x = layer->out->grad + ost_tile_at(&b->fit[0], t);

    if (b->operation == OST_FIT_ADD)
        return x;
    for (int k = 0; k < layer->n_inputs; k++) {
        if (k == g->input)
            continue;
        ost_fit_combine(&b->fit[k], OST_FIT_MULTIPLY, t, x, layer->in[k]->data,
                        room);
        x = room;
    }
    return x;
}

/* Of an input that has the output's shape: tile by tile, without sums. */
static void full_gradient(const ost_layer *layer, int input)
{
    const broadcast *b = layer->state;
    const ost_fit *f = &b->fit[input];
    int64_t tiles = f->items * f->blocks * f->tiles;
    gradient g = { layer, input };

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < tiles; i++) {
        ost_tile t = ost_fit_tile(f, i);
        float *to = layer->in_grad[input] + ost_tile_at(f, &t);
        const float *x = gradient_tile(&g, &t, to);

        if (x != to) /* else it was written there, or over */
            memcpy(to, x, (size_t)(t.count * f->block) * sizeof(float));
    }
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const broadcast *b = layer->state;
    int over = -1; /* the input whose gradient is written over the output's */

    (void)pass;
    (void)err;
    for (int i = 0; i < layer->n_inputs; i++) {
        if (!layer->in_grad[i])
            continue;
        if (layer->in_grad[i] == layer->out->grad)
            over = i;
        else if (is_full(&b->fit[i]))
            full_gradient(layer, i);
        else
            ost_fit_sum(&b->fit[i], gradient_tile, &(gradient){ layer, i }, 1.0,
                        layer->in_grad[i], b->room);
    }
    if (over >= 0)
        full_gradient(layer, over);
    return OST_OK;
}

ost_rc ost_cpu_broadcast(ost_layer *layer, ost_fit_operation operation)
{
    broadcast *b = ost_xalloc(sizeof(*b));
    int block = ost_cpu_common_block(layer);
    size_t room = 0;

    b->operation = operation;
    layer->state = b;
    layer->release = release;
    layer->out->block = block;
    for (int i = 0; i < layer->n_inputs; i++) {
        int64_t shape[OST_MAX_DIMS];

        ost_broadcast_sides(layer, i, shape);
        if (shape[1] == ost_value_channels(layer->out) &&
            (ost_value_area(layer->in[i]) > 1 ||
             ost_value_area(layer->out) == 1))
            layer->in_block[i] = block;
        ost_fit_init(&b->fit[i], layer->out, block, shape, layer->in_block[i]);
        if (ost_fit_room(&b->fit[i]) > room)
            room = ost_fit_room(&b->fit[i]);
    }
    if (layer->training)
        ost_layer_memory(layer, room, OST_LIFE_BACKWARD, &b->room);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
