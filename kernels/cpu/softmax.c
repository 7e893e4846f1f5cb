/* kernels/cpu/softmax.c - shares of the channels of each position
 *
 * One thread takes a tile of positions and goes through their channels: for
 * the highest, for the sum of e^(x - highest), for the shares.
 */
#include "base/alloc.h"
#include "kernels/cpu/fit.h"
#include "kernels/cpu/region.h"
#include "kernels/cpu/threads.h"
#include "kernels/exponential.h"

#include <string.h>

#include "base/banned.h"

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

/* The tile of positions i at block k. */
static ost_tile tile_at(const ost_fit *f, int64_t i, int64_t k)
{
    ost_tile t = ost_fit_tile(f, i % f->tiles);

    t.n = i / f->tiles;
    t.k = k;
    return t;
}

static void find_highest(const ost_fit *f, int64_t i, const float *x,
                         float *highest)
{
    int b = f->block;

    for (int64_t k = 0; k < f->blocks; k++) {
        ost_tile t = tile_at(f, i, k);
        const float *v = x + ost_tile_at(f, &t);
        int lanes = ost_fit_lanes(f, k);

        for (int64_t s = 0; s < t.count; s++)
            for (int l = 0; l < lanes; l++)
                if ((k == 0 && l == 0) || v[s * b + l] > highest[s])
                    highest[s] = v[s * b + l];
    }
}

static void forward_tile(const ost_fit *f, int64_t i, const float *x, float *y)
{
    float highest[OST_FIT_TILE];
    double sum[OST_FIT_TILE] = { 0.0 };
    int b = f->block;

    find_highest(f, i, x, highest);
    for (int64_t k = 0; k < f->blocks; k++) {
        ost_tile t = tile_at(f, i, k);
        const float *v = x + ost_tile_at(f, &t);
        float *e = y + ost_tile_at(f, &t);
        int lanes = ost_fit_lanes(f, k);

        for (int64_t s = 0; s < t.count; s++)
            for (int l = 0; l < b; l++)
                e[s * b + l] = ost_exp(v[s * b + l] - highest[s]);
        for (int64_t s = 0; s < t.count; s++)
            for (int l = 0; l < lanes; l++)
                sum[s] += (double)e[s * b + l];
    }
    for (int64_t k = 0; k < f->blocks; k++) {
        ost_tile t = tile_at(f, i, k);
        float *e = y + ost_tile_at(f, &t);

        for (int64_t s = 0; s < t.count; s++)
            for (int l = 0; l < b; l++)
                e[s * b + l] /= (float)sum[s];
    }
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_fit *f = layer->state;
    int64_t tiles = f->items * f->tiles;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < tiles; i++)
        forward_tile(f, i, layer->in[0]->data, layer->out->data);
    ost_clear_lanes(layer->out, f->block, layer->out->data);
    return OST_OK;
}

/* dx = y (dy - sum over the channels of y dy) */
static void backward_tile(const ost_fit *f, int64_t i, const float *y,
                          const float *dy, float *dx)
{
    double sum[OST_FIT_TILE] = { 0.0 };
    int b = f->block;

    for (int64_t k = 0; k < f->blocks; k++) {
        ost_tile t = tile_at(f, i, k);
        int64_t at = ost_tile_at(f, &t);

        for (int64_t s = 0; s < t.count; s++)
            for (int l = 0; l < b; l++)
                sum[s] +=
                    (double)y[at + s * b + l] * (double)dy[at + s * b + l];
    }
    for (int64_t k = 0; k < f->blocks; k++) {
        ost_tile t = tile_at(f, i, k);
        int64_t at = ost_tile_at(f, &t);

        for (int64_t s = 0; s < t.count; s++)
            for (int l = 0; l < b; l++)
                dx[at + s * b + l] =
                    y[at + s * b + l] * (dy[at + s * b + l] - (float)sum[s]);
    }
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_fit *f = layer->state;
    int64_t tiles = f->items * f->tiles;

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < tiles; i++)
        backward_tile(f, i, layer->out->data, layer->out->grad,
                      layer->in_grad[0]);
    return OST_OK;
}

ost_rc ost_cpu_softmax(ost_layer *layer, ost_err *err)
{
    ost_fit *f = ost_xalloc(sizeof(*f));
    int block = ost_cpu_limit_block(layer, OST_FIT_BLOCK);
    const ost_value *in = layer->in[0];

    (void)err;
    layer->state = f;
    layer->release = release;
    ost_cpu_same_layout(layer);
    ost_fit_tiles(f, in, block);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
