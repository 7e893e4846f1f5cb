/* kernels/cpu/fit.c - a value with sides of 1 beside one of full shape */
#include "kernels/cpu/fit.h"

#include "kernels/cpu/threads.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

#define INLINE static inline __attribute__((always_inline))

void ost_fit_tiles(ost_fit *f, const ost_value *large, int block)
{
    assert(block <= OST_FIT_BLOCK);
    *f = (ost_fit){
        .items = large->shape[0],
        .channels = ost_value_channels(large),
        .block = block,
        .area = ost_value_area(large),
        .tile = OST_FIT_TILE / block,
        .sides = large->ndim - 2,
    };
    f->blocks = (f->channels + block - 1) / block;
    f->tiles = (f->area + f->tile - 1) / f->tile;
}

/* Rows of numbers: their channels are as good as positions. */
static void rows_init(ost_fit *f, int64_t small_channels, int64_t stored)
{
    f->area = f->channels;
    f->channels = f->blocks = 1;
    f->tiles = (f->area + f->tile - 1) / f->tile;
    f->per_channel = true;
    f->positions = small_channels == f->area ? OST_FIT_ALL : OST_FIT_ONE;
    f->step = f->positions == OST_FIT_ALL;
    f->item = stored;
}

void ost_fit_init(ost_fit *f, const ost_value *large, int block,
                  const int64_t *shape, int small_block)
{
    int64_t stored = (shape[1] + small_block - 1) / small_block * small_block;
    int64_t area = 1;
    int64_t unit;

    ost_fit_tiles(f, large, block);
    if (f->area == 1 && block == 1) {
        rows_init(f, shape[1], stored);
        return;
    }
    f->per_channel = shape[1] == f->channels;
    unit = f->per_channel ? block : small_block;
    for (int i = large->ndim - 1; i >= 2; i--) {
        f->side[i - 2] = large->shape[i];
        f->stride[i - 2] = shape[i] == 1 ? 0 : unit * area;
        area *= shape[i];
    }
    if (area == 1)
        f->positions = OST_FIT_ONE;
    else
        f->positions = area == f->area ? OST_FIT_ALL : OST_FIT_SOME;
    if (f->per_channel)
        f->block_step = block * area;
    if (f->positions == OST_FIT_ALL)
        f->step = unit;
    assert(!f->per_channel || area == 1 || small_block == block);
    f->item = stored * area;
}

int64_t ost_fit_position(const ost_fit *f, int64_t s)
{
    int64_t at = 0;

    if (f->positions != OST_FIT_SOME)
        return s * f->step;
    for (int i = f->sides - 1; i >= 0; i--) {
        at += s % f->side[i] * f->stride[i];
        s /= f->side[i];
    }
    return at;
}

ost_tile ost_fit_tile(const ost_fit *f, int64_t i)
{
    ost_tile t = { .first = i % f->tiles * f->tile };

    t.count = f->area - t.first < f->tile ? f->area - t.first : f->tile;
    t.k = i / f->tiles % f->blocks;
    t.n = i / f->tiles / f->blocks;
    return t;
}

int64_t ost_tile_at(const ost_fit *f, const ost_tile *t)
{
    return ((t->n * f->blocks + t->k) * f->area + t->first) * f->block;
}

int ost_fit_lanes(const ost_fit *f, int64_t k)
{
    int64_t left = f->channels - k * f->block;

    return (int)(left < f->block ? left : f->block);
}

INLINE float apply(ost_fit_operation operation, const float *x, int64_t i,
                   float v)
{
    if (operation == OST_FIT_COPY)
        return v;
    return operation == OST_FIT_ADD ? x[i] + v : x[i] * v;
}

INLINE void combine_run(ost_fit_operation op, int64_t n, const float *x,
                        const float *v, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = apply(op, x, i, v[i]);
}

/* Every position meets the same lanes. */
INLINE void combine_lanes(ost_fit_operation op, int block, int64_t count,
                          const float *x, const float *v, float *y)
{
    for (int64_t s = 0; s < count; s++)
        for (int l = 0; l < block; l++)
            y[s * block + l] = apply(op, x, s * block + l, v[l]);
}

/* Every lane of a position meets the same number. */
INLINE void combine_each(ost_fit_operation op, int block, int64_t count,
                         int64_t step, const float *x, const float *v, float *y)
{
    for (int64_t s = 0; s < count; s++)
        for (int l = 0; l < block; l++)
            y[s * block + l] = apply(op, x, s * block + l, v[s * step]);
}

static void combine_some(const ost_fit *f, ost_fit_operation op,
                         const ost_tile *t, const float *x, const float *v,
                         float *y)
{
    int b = f->block;

    for (int64_t s = 0; s < t->count; s++) {
        const float *at = v + ost_fit_position(f, t->first + s);

        for (int l = 0; l < b; l++)
            y[s * b + l] = apply(op, x, s * b + l, at[f->per_channel ? l : 0]);
    }
}

INLINE void combine(const ost_fit *f, ost_fit_operation op, int block,
                    const ost_tile *t, const float *x, const float *v, float *y)
{
    float lanes[OST_FIT_BLOCK] = { 0.0f };

    if (f->positions == OST_FIT_SOME) {
        combine_some(f, op, t, x, v, y);
    } else if (!f->per_channel) {
        combine_each(op, block, t->count, f->step, x, v + t->first * f->step,
                     y);
    } else if (f->positions == OST_FIT_ALL) {
        combine_run(op, t->count * block, x, v + t->first * block, y);
    } else {
        memcpy(lanes, v, (size_t)ost_fit_lanes(f, t->k) * sizeof(float));
        combine_lanes(op, block, t->count, x, lanes, y);
    }
}

/* The usual blocks as constants, for loops of whole vectors. */
INLINE void combine_blocks(const ost_fit *f, ost_fit_operation op,
                           const ost_tile *t, const float *x, const float *v,
                           float *y)
{
    if (f->block == 1)
        combine(f, op, 1, t, x, v, y);
    else if (f->block == 8)
        combine(f, op, 8, t, x, v, y);
    else if (f->block == 16)
        combine(f, op, 16, t, x, v, y);
    else
        combine(f, op, f->block, t, x, v, y);
}

void ost_fit_combine(const ost_fit *f, ost_fit_operation operation,
                     const ost_tile *t, const float *x, const float *small,
                     float *y)
{
    const float *v = small + t->n * f->item + t->k * f->block_step;
    int lanes = ost_fit_lanes(f, t->k);

    if (operation == OST_FIT_COPY)
        combine_blocks(f, OST_FIT_COPY, t, x, v, y);
    else if (operation == OST_FIT_ADD)
        combine_blocks(f, OST_FIT_ADD, t, x, v, y);
    else
        combine_blocks(f, OST_FIT_MULTIPLY, t, x, v, y);
    for (int64_t s = 0; lanes < f->block && s < t->count; s++)
        for (int l = lanes; l < f->block; l++)
            y[s * f->block + l] = 0.0f;
}

int64_t ost_fit_parts(const ost_fit *f)
{
    return f->items * (f->per_channel ? f->blocks : 1) *
           (f->positions == OST_FIT_ALL ? f->tiles : 1);
}

ost_fit_part ost_fit_part_at(const ost_fit *f, int64_t i)
{
    ost_fit_part p = { .k_end = f->blocks, .end = f->area };

    if (f->positions == OST_FIT_ALL) {
        p.first = i % f->tiles * f->tile;
        if (p.end > p.first + f->tile)
            p.end = p.first + f->tile;
        i /= f->tiles;
    }
    if (f->per_channel) {
        p.k = i % f->blocks;
        p.k_end = p.k + 1;
        i /= f->blocks;
    }
    p.n = i;
    return p;
}

ost_tile ost_part_tile(const ost_fit *f, const ost_fit_part *p, int64_t k,
                       int64_t first)
{
    ost_tile t = { p->n, k, first, p->end - first };

    if (t.count > f->tile)
        t.count = f->tile;
    return t;
}

/* What goes into a sum. */
typedef struct summands {
    const ost_fit *f;
    ost_fit_source source;
    const void *from;
    double scale;
    float *small;
    double *exact; /* where some sides go: the small value in double */
} summands;

/* Adds the i-th of n numbers to sum[i % b], by way of more sums when blocks fit
 * into them. */
static void sum_run(int b, const float *g, int64_t n, double *sum)
{
    double more[OST_FIT_BLOCK] = { 0.0 };
    int step = OST_FIT_BLOCK % b ? b : OST_FIT_BLOCK;
    int64_t i = 0;

    for (; step == OST_FIT_BLOCK && i + OST_FIT_BLOCK <= n; i += OST_FIT_BLOCK)
        for (int k = 0; k < OST_FIT_BLOCK; k++)
            more[k] += (double)g[i + k];
    for (; i < n; i += step)
        for (int k = 0; k < step && i + k < n; k++)
            more[k] += (double)g[i + k];
    for (int k = 0; k < step; k++)
        sum[k % b] += more[k];
}

/* Over all positions and blocks of a part: one number for each lane. */
static void sum_to_one(const summands *a, const ost_fit_part *p)
{
    const ost_fit *f = a->f;
    double sum[OST_FIT_BLOCK] = { 0.0 };
    float room[OST_FIT_TILE];
    int b = f->block;
    int n = f->per_channel ? ost_fit_lanes(f, p->k) : 1;
    float *to = a->small + p->n * f->item + p->k * f->block_step;

    for (int64_t k = p->k; k < p->k_end; k++)
        for (int64_t at = p->first; at < p->end; at += f->tile) {
            ost_tile t = ost_part_tile(f, p, k, at);
            const float *g = a->source(a->from, &t, room);

            sum_run(b, g, t.count * b, sum);
        }
    for (int l = 1; l < b && !f->per_channel; l++)
        sum[0] += sum[l];
    for (int l = 0; l < n; l++)
        to[l] = (float)(sum[l] * a->scale);
}

/* Over the channels of a tile's positions. */
static void sum_channels(const summands *a, const ost_fit_part *p)
{
    const ost_fit *f = a->f;
    double sum[OST_FIT_TILE] = { 0.0 };
    float room[OST_FIT_TILE];
    int b = f->block;
    int64_t count = p->end - p->first;
    float *to = a->small + p->n * f->item + p->first * f->step;

    for (int64_t k = p->k; k < p->k_end; k++) {
        ost_tile t = ost_part_tile(f, p, k, p->first);
        const float *g = a->source(a->from, &t, room);

        for (int64_t i = 0; i < count * b; i++)
            sum[i] += (double)g[i];
    }
    for (int64_t s = 0; s < count; s++) {
        double all = 0.0;

        for (int l = 0; l < b; l++)
            all += sum[s * b + l];
        to[s * f->step] = (float)(all * a->scale);
    }
}

/* Some spatial sides go: what is summed stands where its sums will. */
static void sum_some(const summands *a, const ost_fit_part *p)
{
    const ost_fit *f = a->f;
    float room[OST_FIT_TILE];
    int b = f->block;
    int64_t begin = p->n * f->item + p->k * f->block_step;
    int64_t count = f->per_channel ? f->block_step : f->item;

    memset(a->exact + begin, 0, (size_t)count * sizeof(double));
    for (int64_t k = p->k; k < p->k_end; k++) {
        double *to = a->exact + p->n * f->item + k * f->block_step;
        int lanes = ost_fit_lanes(f, k);

        for (int64_t at = p->first; at < p->end; at += f->tile) {
            ost_tile t = ost_part_tile(f, p, k, at);
            const float *g = a->source(a->from, &t, room);

            for (int64_t s = 0; s < t.count; s++) {
                double *sum = to + ost_fit_position(f, at + s);

                for (int l = 0; l < lanes; l++)
                    sum[f->per_channel ? l : 0] += (double)g[s * b + l];
            }
        }
    }
    for (int64_t i = begin; i < begin + count; i++)
        a->small[i] = (float)(a->exact[i] * a->scale);
}

/* Nothing goes. */
static void scale_tile(const summands *a, const ost_fit_part *p)
{
    const ost_fit *f = a->f;
    ost_tile t = ost_part_tile(f, p, p->k, p->first);
    float room[OST_FIT_TILE];
    const float *g = a->source(a->from, &t, room);
    float *to = a->small + ost_tile_at(f, &t);

    for (int64_t i = 0; i < t.count * f->block; i++)
        to[i] = (float)((double)g[i] * a->scale);
}

void ost_fit_sum(const ost_fit *f, ost_fit_source source, const void *from,
                 double scale, float *small, double *room)
{
    summands a = { f, source, from, scale, small, room };
    int64_t parts = ost_fit_parts(f);

    memset(small, 0, (size_t)(f->items * f->item) * sizeof(float));
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < parts; i++) {
        ost_fit_part p = ost_fit_part_at(f, i);

        if (f->positions == OST_FIT_SOME)
            sum_some(&a, &p);
        else if (f->positions == OST_FIT_ONE)
            sum_to_one(&a, &p);
        else if (f->per_channel)
            scale_tile(&a, &p);
        else
            sum_channels(&a, &p);
    }
}

size_t ost_fit_room(const ost_fit *f)
{
    return f->positions == OST_FIT_SOME
               ? (size_t)(f->items * f->item) * sizeof(double)
               : 0;
}
