/* kernels/cpu/max.c - the highest number over some axes
 *
 * NaN wins, and the first of equal numbers.  The gradient goes to the one that
 * was taken.
 */
#include "base/alloc.h"
#include "kernels/cpu/reduction.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

typedef struct highest {
    ost_fit fit;    /* of the output beside the input */
    int32_t *where; /* of each output, where in its item it stood; or -1 */
} highest;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static bool beats(float v, float best)
{
    return v > best || v != v;
}

/* Any axes: each number is compared with what stands at its output. */
static void scan_part(const ost_layer *layer, const highest *h,
                      const ost_fit_part *p)
{
    const ost_fit *f = &h->fit;
    int b = f->block;
    const float *x = layer->in[0]->data + p->n * f->blocks * f->area * b;

    for (int64_t k = p->k; k < p->k_end; k++) {
        int64_t to = p->n * f->item + k * f->block_step;
        int lanes = ost_fit_lanes(f, k);

        for (int64_t s = p->first; s < p->end; s++)
            for (int l = 0; l < lanes; l++) {
                int64_t at = (k * f->area + s) * b + l;
                int64_t o =
                    to + ost_fit_position(f, s) + (f->per_channel ? l : 0);

                if (h->where[o] < 0 || beats(x[at], layer->out->data[o])) {
                    h->where[o] = (int32_t)at;
                    layer->out->data[o] = x[at];
                }
            }
    }
}

/* The best lane of a position, whose lanes hold the best of each block: the
 * lower channel of equals. */
static int best_lane(const float *best, const int32_t *block, int lanes)
{
    int winner = 0;

    for (int l = 1; l < lanes; l++)
        if (beats(best[l], best[winner]) ||
            (best[l] == best[winner] && block[l] < block[winner]))
            winner = l;
    return winner;
}

/* Channels alone: lane by lane over the blocks, then over the lanes. */
static void scan_channels(const ost_layer *layer, const highest *h,
                          const ost_fit_part *p)
{
    const ost_fit *f = &h->fit;
    int b = f->block;
    int64_t count = (p->end - p->first) * b;
    const float *x =
        layer->in[0]->data + (p->n * f->blocks * f->area + p->first) * b;
    int64_t to = p->n * f->item + p->first * f->step;
    float best[OST_FIT_TILE];
    int32_t block[OST_FIT_TILE] = { 0 };
    int last = ost_fit_lanes(f, f->blocks - 1);

    memcpy(best, x, (size_t)count * sizeof(*best));
    for (int64_t k = 1; k < f->blocks; k++) {
        const float *v = x + k * f->area * b;
        bool whole = k + 1 < f->blocks || last == b;

        for (int64_t i = 0; i < count && whole; i++) {
            bool take = beats(v[i], best[i]);

            best[i] = take ? v[i] : best[i];
            block[i] = take ? (int32_t)k : block[i];
        }
        for (int64_t i = 0; i < count && !whole; i++)
            if (i % b < last && beats(v[i], best[i])) {
                best[i] = v[i];
                block[i] = (int32_t)k;
            }
    }
    for (int64_t s = 0; s < p->end - p->first; s++) {
        int l =
            best_lane(best + s * b, block + s * b, f->blocks > 1 ? b : last);
        int64_t at = (block[s * b + l] * f->area + p->first + s) * b + l;

        layer->out->data[to + s * f->step] = best[s * b + l];
        h->where[to + s * f->step] = (int32_t)at;
    }
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const highest *h = layer->state;
    const ost_fit *f = &h->fit;
    int64_t parts = ost_fit_parts(f);
    size_t count = (size_t)(f->items * f->item);
    bool channels = f->positions == OST_FIT_ALL && !f->per_channel;

    (void)pass;
    (void)err;
    memset(h->where, 0xff, count * sizeof(*h->where));
    memset(layer->out->data, 0, count * sizeof(float));
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < parts; i++) {
        ost_fit_part p = ost_fit_part_at(f, i);

        if (channels)
            scan_channels(layer, h, &p);
        else
            scan_part(layer, h, &p);
    }
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const highest *h = layer->state;
    const ost_fit *f = &h->fit;
    int64_t item = ost_value_stored(layer->in[0]) / f->items;

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t n = 0; n < f->items; n++) {
        float *dx = layer->in_grad[0] + n * item;

        memset(dx, 0, (size_t)item * sizeof(*dx));
        for (int64_t i = n * f->item; i < (n + 1) * f->item; i++)
            if (h->where[i] >= 0)
                dx[h->where[i]] = layer->out->grad[i];
    }
    return OST_OK;
}

ost_rc ost_cpu_max(ost_layer *layer, ost_err *err)
{
    highest *h = ost_xalloc(sizeof(*h));

    layer->state = h;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    ost_cpu_reduction(layer, &h->fit);
    if (ost_value_stored(layer->in[0]) / h->fit.items > INT32_MAX)
        return ost_fail(err, OST_EUNSUPPORTED, "an item is too large");
    ost_layer_memory(layer,
                     (size_t)(h->fit.items * h->fit.item) * sizeof(*h->where),
                     OST_LIFE_SAVED, &h->where);
    return OST_OK;
}
