/* kernels/cpu/winograd.c - whole passes of Winograd convolutions, cut by shape
 *
 * By tiles: a thread takes a chunk of tiles through everything, in memory of
 * its own that its cache holds; all weights are transformed before.  The
 * gradient of the weights is summed over slices of the tiles, whose partial
 * gradients are added in a fixed tree.
 *
 * By channels: all inputs are transformed first; a thread then takes a group of
 * output channels: it transforms their weights (or dy) and multiplies.  There
 * are no partial sums.
 */
#include "kernels/cpu/winograd.h"

#include "kernels/cpu/cpu.h"
#include "kernels/cpu/eights.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

enum {
    E = OST_EIGHT,
    PLANES = OST_WINO_PLANES,
    PANEL = OST_WINO_PANEL,
    SLICES = 8,
    CACHE = 512 << 10, /* bytes of a chunk's planes, about */
    CHUNK = 24,        /* tiles, at least; twice as many where the sums over */
                       /* them go to memory after each chunk */
};

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Floats of the weights of one plane. */
static int64_t plane_weights(const ost_wino_pass *p)
{
    return p->inner * p->out.eights * E * E;
}

static int64_t weight_count(const ost_wino_pass *p)
{
    return p->weights.side * p->weights.side * plane_weights(p);
}

/* `times`: how much larger chunks are to be. */
static ost_wino_pass cut(const ost_wino_value *in, const ost_wino_value *out,
                         const ost_wino_window *window, int64_t times)
{
    ost_wino_pass p = {
        .in = *in,
        .out = *out,
        .weights = { in->eights, out->eights, window->depth, window->side },
        .grid = ost_wino_grid_of(out, window),
        .inner = in->eights * window->depth,
    };
    int64_t fits = times * CACHE / (PLANES * E * (int64_t)sizeof(float)) /
                   (p.inner + out->eights);

    memcpy(p.padding, window->padding, sizeof(p.padding));
    p.by_channels = p.grid.tiles <= 2 * E * out->eights;
    p.group = smaller(out->eights, out->eights >= 32 ? 2 * PANEL : PANEL);
    p.chunk = OST_WINO_TILES;
    if (!p.by_channels) {
        p.chunk = round_up(smaller(fits, p.grid.tiles / SLICES), 6);
        p.chunk = smaller(p.chunk < times * CHUNK ? times * CHUNK : p.chunk,
                          OST_WINO_TILES);
    }
    p.chunk = smaller(p.chunk, p.grid.tiles);
    p.chunks = (p.grid.tiles + p.chunk - 1) / p.chunk;
    if (p.by_channels) {
        p.shared = ost_wino_planes_size(p.inner, p.grid.tiles);
        p.own = PLANES * p.inner * E * p.group * E +
                ost_wino_planes_size(p.group, p.chunk);
    } else {
        p.own = ost_wino_planes_size(p.inner, p.chunk) +
                ost_wino_planes_size(out->eights, p.chunk);
    }
    return p;
}

ost_wino_pass ost_wino_pass_of(const ost_wino_value *in,
                               const ost_wino_value *out,
                               const ost_wino_window *window, bool turned)
{
    ost_wino_pass p = cut(in, out, window, 1);

    if (turned) {
        p.turned = true;
        p.weights.in = out->eights;
        p.weights.out = in->eights;
        for (int i = 0; i < 3; i++)
            p.padding[i] =
                (i ? window->side : window->depth) - 1 - window->padding[i];
    }
    if (!p.by_channels)
        p.shared = PLANES * plane_weights(&p);
    return p;
}

ost_wino_pass ost_wino_gradient_of(const ost_wino_value *in,
                                   const ost_wino_value *out,
                                   const ost_wino_window *window)
{
    ost_wino_pass p = cut(in, out, window, 2);

    if (!p.by_channels) {
        p.slices = smaller(SLICES, p.chunks);
        p.shared = p.slices * weight_count(&p);
        p.own += PLANES * plane_weights(&p);
    }
    return p;
}

/* The calling thread's own memory. */
static float *own_memory(const ost_wino_pass *p, float *memory)
{
    return memory + p->shared + omp_get_thread_num() * p->own;
}

static int64_t chunk_tiles(const ost_wino_pass *p, int64_t chunk)
{
    return smaller(p->chunk, p->grid.tiles - chunk * p->chunk);
}

/* All inputs' planes, for passes by channels. */
static ost_wino_planes transform_inputs(const ost_wino_pass *p, const float *x,
                                        float *memory)
{
    int64_t eights = p->inner;
    ost_wino_planes v = ost_wino_planes_of(memory, eights, p->grid.tiles);

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < eights * p->chunks; i++) {
        int64_t e = i / p->chunks;
        int64_t first = i % p->chunks * p->chunk;
        ost_wino_planes to = { v.data + e * v.eight + first * E, v.plane,
                               v.eight };

        ost_wino_input(&p->in, x, &p->grid, p->padding, first,
                       chunk_tiles(p, i % p->chunks), e, e + 1, to);
    }
    return v;
}

/* m = v u in all planes; the `eights` of m begin with a panel, whose weights
 * are at `u`, `step` floats from plane to plane. */
static void multiply_planes(ost_wino_planes v, int64_t in, const float *u,
                            int64_t step, ost_wino_planes m, int64_t eights,
                            int64_t tiles)
{
    for (int64_t i = 0; i < PLANES; i++)
        ost_wino_multiply(v.data + i * v.plane, v.eight, in, u + i * step,
                          eights, m.data + i * m.plane, m.eight, tiles);
}

static void correlate_planes(ost_wino_planes v, int64_t in, ost_wino_planes w,
                             int64_t eights, float *du, int64_t step,
                             int64_t tiles, bool add)
{
    for (int64_t i = 0; i < PLANES; i++)
        ost_wino_correlate(v.data + i * v.plane, v.eight, in,
                           w.data + i * w.plane, w.eight, eights, du + i * step,
                           tiles, add);
}

static void convolve_chunk(const ost_wino_pass *p, const float *x,
                           const float *u, const ost_wino_end *end, float *y,
                           float *own, int64_t chunk)
{
    int64_t first = chunk * p->chunk;
    int64_t tiles = chunk_tiles(p, chunk);
    ost_wino_planes v = ost_wino_planes_of(own, p->inner, p->chunk);
    ost_wino_planes m =
        ost_wino_planes_of(own + ost_wino_planes_size(p->inner, p->chunk),
                           p->out.eights, p->chunk);

    ost_wino_input(&p->in, x, &p->grid, p->padding, first, tiles, 0, p->inner,
                   v);
    multiply_planes(v, p->inner, u, plane_weights(p), m, p->out.eights, tiles);
    ost_wino_output(m, &p->out, y, end, &p->grid, first, tiles, 0,
                    p->out.eights);
}

static void convolve_tiles(const ost_wino_pass *p, const float *x,
                           const float *weights, const ost_wino_end *end,
                           float *y, float *memory)
{
    int64_t panels = (p->out.eights + PANEL - 1) / PANEL;

    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t k = 0; k < panels; k++)
        ost_wino_filter(&p->weights, weights, p->turned, k,
                        memory + k * p->inner * E * PANEL * E,
                        plane_weights(p));
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t i = 0; i < p->chunks; i++)
        convolve_chunk(p, x, memory, end, y, own_memory(p, memory), i);
}

static void convolve_group(const ost_wino_pass *p, ost_wino_planes v,
                           const float *weights, const ost_wino_end *end,
                           float *y, float *own, int64_t e)
{
    int64_t eights = smaller(p->group, p->out.eights - e);
    int64_t step = p->inner * E * eights * E;
    ost_wino_planes m =
        ost_wino_planes_of(own + PLANES * step, eights, p->chunk);

    for (int64_t k = 0; k * PANEL < eights; k++)
        ost_wino_filter(&p->weights, weights, p->turned, e / PANEL + k,
                        own + k * p->inner * E * PANEL * E, step);
    for (int64_t i = 0; i < p->chunks; i++) {
        int64_t first = i * p->chunk;
        ost_wino_planes from = { v.data + first * E, v.plane, v.eight };

        multiply_planes(from, p->inner, own, step, m, eights,
                        chunk_tiles(p, i));
        ost_wino_output(m, &p->out, y, end, &p->grid, first, chunk_tiles(p, i),
                        e, e + eights);
    }
}

void ost_wino_convolve(const ost_wino_pass *p, const float *x,
                       const float *weights, const ost_wino_end *end, float *y,
                       float *memory)
{
    ost_wino_planes v;

    if (!p->by_channels) {
        convolve_tiles(p, x, weights, end, y, memory);
        return;
    }
    v = transform_inputs(p, x, memory);
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t e = 0; e < p->out.eights; e += p->group)
        convolve_group(p, v, weights, end, y, own_memory(p, memory), e);
}

static void correlate_group(const ost_wino_pass *p, ost_wino_planes v,
                            const float *dy, float *dg, float *own, int64_t e)
{
    int64_t eights = smaller(p->group, p->out.eights - e);
    int64_t step = p->inner * E * eights * E;
    ost_wino_planes w =
        ost_wino_planes_of(own + PLANES * step, eights, p->chunk);

    for (int64_t i = 0; i < p->chunks; i++) {
        int64_t first = i * p->chunk;
        ost_wino_planes from = { v.data + first * E, v.plane, v.eight };

        ost_wino_output_grad(&p->out, dy, &p->grid, first, chunk_tiles(p, i), e,
                             e + eights, w);
        correlate_planes(from, p->inner, w, eights, own, step,
                         chunk_tiles(p, i), i > 0);
    }
    for (int64_t k = 0; k * PANEL < eights; k++)
        ost_wino_filter_grad(&p->weights, own + k * p->inner * E * PANEL * E,
                             step, e / PANEL + k, dg);
}

static void correlate_slice(const ost_wino_pass *p, const float *x,
                            const float *dy, float *dg, float *own,
                            int64_t slice)
{
    int64_t in = p->inner;
    int64_t out = p->out.eights;
    int64_t begin = p->chunks * slice / p->slices;
    int64_t end = p->chunks * (slice + 1) / p->slices;
    ost_wino_planes v = ost_wino_planes_of(own, in, p->chunk);
    ost_wino_planes w = ost_wino_planes_of(
        own + ost_wino_planes_size(in, p->chunk), out, p->chunk);
    float *du = w.data + ost_wino_planes_size(out, p->chunk);

    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * p->chunk;
        int64_t tiles = chunk_tiles(p, i);

        ost_wino_input(&p->in, x, &p->grid, p->padding, first, tiles, 0, in, v);
        ost_wino_output_grad(&p->out, dy, &p->grid, first, tiles, 0, out, w);
        correlate_planes(v, in, w, out, du, plane_weights(p), tiles, i > begin);
    }
    for (int64_t k = 0; k * PANEL < out; k++)
        ost_wino_filter_grad(&p->weights, du + k * in * E * PANEL * E,
                             plane_weights(p), k, dg);
}

/* dg = the sum of the slices, a fixed tree; overwrites them. */
static void add_slices(const ost_wino_pass *p, float *partial, float *dg)
{
    int64_t count = weight_count(p);

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < ost_cpu_chunks(count); i++) {
        int64_t a = i * OST_CPU_CHUNK;
        int64_t e = smaller(a + OST_CPU_CHUNK, count);

        for (int64_t step = 1; step < p->slices; step *= 2)
            for (int64_t s = 0; s + step < p->slices; s += 2 * step)
                for (int64_t k = a; k < e; k++)
                    partial[s * count + k] += partial[(s + step) * count + k];
        memcpy(dg + a, partial + a, (size_t)(e - a) * sizeof(*dg));
    }
}

void ost_wino_correlation(const ost_wino_pass *p, const float *x,
                          const float *dy, float *dg, float *memory)
{
    int64_t count = weight_count(p);
    ost_wino_planes v;

    if (p->by_channels) {
        v = transform_inputs(p, x, memory);
        OST_OMP("omp parallel for schedule(dynamic, 1)")
        for (int64_t e = 0; e < p->out.eights; e += p->group)
            correlate_group(p, v, dy, dg, own_memory(p, memory), e);
        return;
    }
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t s = 0; s < p->slices; s++)
        correlate_slice(p, x, dy, memory + s * count, own_memory(p, memory), s);
    add_slices(p, memory, dg);
}
