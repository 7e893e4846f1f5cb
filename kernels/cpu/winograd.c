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
    PANEL = OST_WINO_PANEL,
    SLICES = 8,
    CACHE = 512 << 10, /* bytes of a chunk's planes, about */
    RUN = 24,          /* tiles of transformed inputs that lie together */
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

/* Eights of the inputs of all parts. */
static int64_t inner_of(const ost_wino_pass *p, const ost_wino_grid *g)
{
    return p->in.eights * g->parts;
}

static int64_t chunks_of(const ost_wino_pass *p, const ost_wino_grid *g)
{
    return (g->tiles + p->chunk - 1) / p->chunk;
}

/* Floats from the weights of one plane to those of the next, to `eights` of
 * output channels: neighbors start in different cache sets. */
static int64_t plane_weights(const ost_wino_pass *p, int64_t inner,
                             int64_t eights)
{
    return inner * E * eights * E + (p->planes > 1 ? 2 * E : 0);
}

static int64_t weight_count(const ost_wino_pass *p)
{
    const ost_wino_weights *w = &p->weights;

    return w->depth * w->side * w->side * w->in * w->out * E * E;
}

/* Cuts a pass whose grids are there; `times`: how much larger chunks are to
 * be. */
static void cut(ost_wino_pass *p, int64_t times)
{
    int64_t tiles = 0;
    int64_t fits;

    p->planes = p->grid[0].planes;
    for (int i = 0; i < p->grids; i++) {
        tiles = p->grid[i].tiles > tiles ? p->grid[i].tiles : tiles;
        if (inner_of(p, &p->grid[i]) > p->inner)
            p->inner = inner_of(p, &p->grid[i]);
    }
    fits = times * CACHE / (p->planes * E * (int64_t)sizeof(float)) /
           (p->inner + p->out.eights);
    p->by_channels = p->planes == 1 || tiles <= 2 * E * p->out.eights;
    p->group = smaller(p->out.eights, p->out.eights >= 16 ? 2 * PANEL : PANEL);
    p->chunk = OST_WINO_TILES;
    if (!p->by_channels) {
        p->chunk = round_up(smaller(fits, tiles / SLICES), 6);
        p->chunk = smaller(p->chunk < times * CHUNK ? times * CHUNK : p->chunk,
                           OST_WINO_TILES);
    }
    p->chunk = smaller(p->chunk, tiles);
    p->run = times > 1 ? p->chunk : smaller(p->chunk, RUN);
    if (p->by_channels) {
        p->shared = (tiles + p->run - 1) / p->run *
                    ost_wino_planes_size(p->planes, p->inner, p->run);
        p->own = p->planes * plane_weights(p, p->inner, p->group) +
                 ost_wino_planes_size(p->planes, p->group, p->chunk);
    } else {
        p->own = ost_wino_planes_size(p->planes, p->inner, p->chunk) +
                 ost_wino_planes_size(p->planes, p->out.eights, p->chunk);
    }
}

static ost_wino_pass pass_to(const ost_wino_value *in,
                             const ost_wino_value *out,
                             const ost_wino_window *window)
{
    return (ost_wino_pass){
        .in = *in,
        .out = *out,
        .weights = { in->eights, out->eights, window->depth, window->side,
                     window->block },
        .grids = 1,
        .grid = { ost_wino_grid_of(out, window) },
    };
}

ost_wino_pass ost_wino_pass_of(const ost_wino_value *in,
                               const ost_wino_value *out,
                               const ost_wino_window *window, bool turned)
{
    ost_wino_pass p = pass_to(in, out, window);

    if (turned) {
        int phases = (int)window->stride;

        p.turned = true;
        p.weights.in = out->eights;
        p.weights.out = in->eights;
        p.grids = phases * phases;
        for (int i = 0; i < p.grids; i++)
            p.grid[i] =
                ost_wino_turned_grid_of(out, window, i / phases, i % phases);
    }
    cut(&p, 1);
    if (!p.by_channels)
        p.shared = p.planes * plane_weights(&p, p.inner, p.out.eights);
    return p;
}

ost_wino_pass ost_wino_gradient_of(const ost_wino_value *in,
                                   const ost_wino_value *out,
                                   const ost_wino_window *window)
{
    ost_wino_pass p = pass_to(in, out, window);

    cut(&p, 2);
    if (!p.by_channels) {
        p.slices = smaller(SLICES, chunks_of(&p, p.grid));
        p.shared = p.slices * weight_count(&p);
        p.own += p.planes * plane_weights(&p, p.inner, p.out.eights);
    }
    return p;
}

/* The calling thread's own memory. */
static float *own_memory(const ost_wino_pass *p, float *memory)
{
    return memory + p->shared + omp_get_thread_num() * p->own;
}

static int64_t chunk_tiles(const ost_wino_pass *p, const ost_wino_grid *g,
                           int64_t chunk)
{
    return smaller(p->chunk, g->tiles - chunk * p->chunk);
}

/* Run i of all inputs' planes, for passes by channels. */
static ost_wino_planes run_of(const ost_wino_pass *p, const ost_wino_grid *g,
                              float *memory, int64_t i)
{
    int64_t in = inner_of(p, g);

    return ost_wino_planes_of(
        memory + i * ost_wino_planes_size(p->planes, in, p->run), in, p->run);
}

static void transform_inputs(const ost_wino_pass *p, const ost_wino_grid *g,
                             const float *x, float *memory)
{
    int64_t eights = inner_of(p, g);
    int64_t runs = (g->tiles + p->run - 1) / p->run;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < eights * runs; i++) {
        int64_t e = i / runs;
        int64_t first = i % runs * p->run;
        ost_wino_planes to = run_of(p, g, memory, i % runs);

        to.data += e * to.eight;
        ost_wino_input(&p->in, x, g, first, smaller(p->run, g->tiles - first),
                       e, e + 1, to);
    }
}

/* m = v u in all planes; the `eights` of m begin with a panel, whose weights
 * are at `u`, `step` floats from plane to plane. */
static void multiply_planes(int64_t planes, ost_wino_planes v, int64_t in,
                            const float *u, int64_t step, ost_wino_planes m,
                            int64_t eights, int64_t tiles)
{
    for (int64_t i = 0; i < planes; i++)
        ost_wino_multiply(v.data + i * v.plane, v.eight, in, u + i * step,
                          eights, m.data + i * m.plane, m.eight, tiles);
}

static void correlate_planes(int64_t planes, ost_wino_planes v, int64_t in,
                             ost_wino_planes w, int64_t eights, float *du,
                             int64_t step, int64_t tiles, bool add)
{
    for (int64_t i = 0; i < planes; i++)
        ost_wino_correlate(v.data + i * v.plane, v.eight, in,
                           w.data + i * w.plane, w.eight, eights, du + i * step,
                           tiles, add);
}

static void convolve_chunk(const ost_wino_pass *p, const ost_wino_grid *g,
                           const float *x, const float *u,
                           const ost_wino_end *end, float *y, float *own,
                           int64_t chunk)
{
    int64_t in = inner_of(p, g);
    int64_t first = chunk * p->chunk;
    int64_t tiles = chunk_tiles(p, g, chunk);
    ost_wino_planes v = ost_wino_planes_of(own, in, p->chunk);
    ost_wino_planes m =
        ost_wino_planes_of(own + ost_wino_planes_size(p->planes, in, p->chunk),
                           p->out.eights, p->chunk);

    ost_wino_input(&p->in, x, g, first, tiles, 0, in, v);
    multiply_planes(p->planes, v, in, u, plane_weights(p, in, p->out.eights), m,
                    p->out.eights, tiles);
    ost_wino_output(m, &p->out, y, end, g, first, tiles, 0, p->out.eights);
}

static void convolve_tiles(const ost_wino_pass *p, const ost_wino_grid *g,
                           const float *x, const float *weights,
                           const ost_wino_end *end, float *y, float *memory)
{
    int64_t panels = (p->out.eights + PANEL - 1) / PANEL;

    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t k = 0; k < panels; k++)
        ost_wino_filter(&p->weights, g, weights, p->turned, k,
                        memory + k * inner_of(p, g) * E * PANEL * E,
                        plane_weights(p, inner_of(p, g), p->out.eights));
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t i = 0; i < chunks_of(p, g); i++)
        convolve_chunk(p, g, x, memory, end, y, own_memory(p, memory), i);
}

/* As multiply_planes(), of the runs of a chunk. */
static void multiply_runs(const ost_wino_pass *p, const ost_wino_grid *g,
                          float *inputs, int64_t chunk, const float *u,
                          int64_t step, ost_wino_planes m, int64_t eights)
{
    int64_t tiles = chunk_tiles(p, g, chunk);

    for (int64_t i = 0; i < p->planes; i++)
        for (int64_t t = 0; t < tiles; t += p->run) {
            ost_wino_planes v =
                run_of(p, g, inputs, (chunk * p->chunk + t) / p->run);

            ost_wino_multiply(v.data + i * v.plane, v.eight, inner_of(p, g),
                              u + i * step, eights,
                              m.data + i * m.plane + t * E, m.eight,
                              smaller(p->run, tiles - t));
        }
}

static void convolve_group(const ost_wino_pass *p, const ost_wino_grid *g,
                           float *inputs, const float *weights,
                           const ost_wino_end *end, float *y, float *own,
                           int64_t e)
{
    int64_t in = inner_of(p, g);
    int64_t eights = smaller(p->group, p->out.eights - e);
    int64_t step = plane_weights(p, in, eights);
    ost_wino_planes m =
        ost_wino_planes_of(own + p->planes * step, eights, p->chunk);

    for (int64_t k = 0; k * PANEL < eights; k++)
        ost_wino_filter(&p->weights, g, weights, p->turned, e / PANEL + k,
                        own + k * in * E * PANEL * E, step);
    for (int64_t i = 0; i < chunks_of(p, g); i++) {
        multiply_runs(p, g, inputs, i, own, step, m, eights);
        ost_wino_output(m, &p->out, y, end, g, i * p->chunk,
                        chunk_tiles(p, g, i), e, e + eights);
    }
}

static void convolve_channels(const ost_wino_pass *p, const ost_wino_grid *g,
                              const float *x, const float *weights,
                              const ost_wino_end *end, float *y, float *memory)
{
    transform_inputs(p, g, x, memory);
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t e = 0; e < p->out.eights; e += p->group)
        convolve_group(p, g, memory, weights, end, y, own_memory(p, memory), e);
}

void ost_wino_convolve(const ost_wino_pass *p, const float *x,
                       const float *weights, const ost_wino_end *end, float *y,
                       float *memory)
{
    for (int i = 0; i < p->grids; i++)
        if (p->by_channels)
            convolve_channels(p, &p->grid[i], x, weights, end, y, memory);
        else
            convolve_tiles(p, &p->grid[i], x, weights, end, y, memory);
}

static void correlate_group(const ost_wino_pass *p, float *inputs,
                            const float *dy, bool add, float *dg, float *own,
                            int64_t e)
{
    const ost_wino_grid *g = p->grid;
    int64_t eights = smaller(p->group, p->out.eights - e);
    int64_t step = plane_weights(p, p->inner, eights);
    ost_wino_planes w =
        ost_wino_planes_of(own + p->planes * step, eights, p->chunk);

    for (int64_t i = 0; i < chunks_of(p, g); i++) {
        int64_t first = i * p->chunk;
        int64_t tiles = chunk_tiles(p, g, i);
        ost_wino_planes v = run_of(p, g, inputs, i);

        ost_wino_output_grad(&p->out, dy, g, first, tiles, e, e + eights, w);
        correlate_planes(p->planes, v, p->inner, w, eights, own, step, tiles,
                         i > 0);
    }
    for (int64_t k = 0; k * PANEL < eights; k++)
        ost_wino_filter_grad(&p->weights, g, own + k * p->inner * E * PANEL * E,
                             step, e / PANEL + k, add, dg);
}

static void correlate_slice(const ost_wino_pass *p, const float *x,
                            const float *dy, float *dg, float *own,
                            int64_t slice)
{
    const ost_wino_grid *g = p->grid;
    int64_t in = p->inner;
    int64_t out = p->out.eights;
    int64_t begin = chunks_of(p, g) * slice / p->slices;
    int64_t end = chunks_of(p, g) * (slice + 1) / p->slices;
    int64_t step = plane_weights(p, in, out);
    ost_wino_planes v = ost_wino_planes_of(own, in, p->chunk);
    ost_wino_planes w = ost_wino_planes_of(
        own + ost_wino_planes_size(p->planes, in, p->chunk), out, p->chunk);
    float *du = w.data + ost_wino_planes_size(p->planes, out, p->chunk);

    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * p->chunk;
        int64_t tiles = chunk_tiles(p, g, i);

        ost_wino_input(&p->in, x, g, first, tiles, 0, in, v);
        ost_wino_output_grad(&p->out, dy, g, first, tiles, 0, out, w);
        correlate_planes(p->planes, v, in, w, out, du, step, tiles, i > begin);
    }
    for (int64_t k = 0; k * PANEL < out; k++)
        ost_wino_filter_grad(&p->weights, g, du + k * in * E * PANEL * E, step,
                             k, false, dg);
}

/* dg (+)= the sum of the slices, a fixed tree; overwrites them. */
static void add_slices(const ost_wino_pass *p, float *partial, bool add,
                       float *dg)
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
        for (int64_t k = a; k < e; k++)
            dg[k] = add ? dg[k] + partial[k] : partial[k];
    }
}

void ost_wino_correlation(const ost_wino_pass *p, const float *x,
                          const float *dy, bool add, float *dg, float *memory)
{
    int64_t count = weight_count(p);

    if (p->by_channels) {
        transform_inputs(p, p->grid, x, memory);
        OST_OMP("omp parallel for schedule(dynamic, 1)")
        for (int64_t e = 0; e < p->out.eights; e += p->group)
            correlate_group(p, memory, dy, add, dg, own_memory(p, memory), e);
        return;
    }
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t s = 0; s < p->slices; s++)
        correlate_slice(p, x, dy, memory + s * count, own_memory(p, memory), s);
    add_slices(p, memory, add, dg);
}
