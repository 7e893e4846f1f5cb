/* kernels/cpu/winograd_grids.c - which tiles a pass goes through, and what part
 * of the kernel reads where
 *
 * Of a convolution y[v] = sum_k w[k] x[s v + k - p] along a side, with stride s
 * and padding p:
 *
 *     forward, stride 1     one part, all taps           x[v + k - p]
 *     forward, stride 2     parts r = 0, 1: taps 2j + r  x[2 (v + j) + r - p]
 *     forward, direct       every tap k is a part        x[s v + k - p]
 *
 * What y does to the gradient of x[s v + r] has the taps k = s j + m with m =
 * (r + p) mod s, and reads the gradient of y[v + (r + p - m) / s - j]: one part
 * that is turned around, or every tap by itself.
 */
#include "kernels/cpu/winograd.h"

#include "base/banned.h"

enum { IN = OST_WINO_IN };

/* Side of a part of the kernel. */
static int taps_of(const ost_wino_window *w)
{
    return w->direct ? 1 : (int)((w->side + w->stride - 1) / w->stride);
}

/* A tap of the kernel; -1 behind its end. */
static int tap_or_none(const ost_wino_window *w, int64_t k)
{
    return k < w->side ? (int)k : -1;
}

static ost_wino_line forward_line(const ost_wino_window *w, int64_t count,
                                  int64_t padding)
{
    ost_wino_line l = {
        .count = count,
        .out_step = 1,
        .in_step = w->stride,
        .parts = (int)(w->direct ? w->side : w->stride),
    };

    for (int p = 0; p < l.parts; p++) {
        l.in_first[p] = p - padding;
        for (int j = 0; j < taps_of(w); j++)
            l.tap[p][j] = tap_or_none(w, w->stride * j + p);
    }
    return l;
}

static ost_wino_line turned_line(const ost_wino_window *w, int64_t side,
                                 int64_t padding, int phase)
{
    int64_t first = (phase + padding) % w->stride;
    int64_t shift = (phase + padding - first) / w->stride;
    int taps = taps_of(w);
    ost_wino_line l = {
        .count = (side - phase + w->stride - 1) / w->stride,
        .out_first = phase,
        .out_step = w->stride,
        .in_step = 1,
        .parts = 1,
    };

    if (w->direct) {
        l.parts = (int)((w->side - first + w->stride - 1) / w->stride);
        for (int p = 0; p < l.parts; p++) {
            l.in_first[p] = shift - p;
            l.tap[p][0] = (int)(w->stride * p + first);
        }
        return l;
    }
    l.in_first[0] = shift - (taps - 1);
    for (int j = 0; j < taps; j++)
        l.tap[0][j] = tap_or_none(w, w->stride * (taps - 1 - j) + first);
    return l;
}

/* What follows from the lines. */
static void count_tiles(ost_wino_grid *g, const ost_wino_value *out,
                        const ost_wino_window *w)
{
    g->taps = taps_of(w);
    g->out = w->direct ? 1 : IN + 1 - g->taps;
    g->planes = w->direct ? 1 : OST_WINO_PLANES;
    g->depth = out->depth;
    g->rows = (g->line[0].count + g->out - 1) / g->out;
    g->cols = (g->line[1].count + g->out - 1) / g->out;
    g->tiles = out->items * g->depth * g->rows * g->cols;
    g->parts = w->depth * g->line[0].parts * g->line[1].parts;
    g->deep = w->depth > 1;
}

ost_wino_grid ost_wino_grid_of(const ost_wino_value *out,
                               const ost_wino_window *window)
{
    ost_wino_grid g = {
        .before = window->padding[0],
        .line = { forward_line(window, out->side[0], window->padding[1]),
                  forward_line(window, out->side[1], window->padding[2]) },
    };

    count_tiles(&g, out, window);
    return g;
}

ost_wino_grid ost_wino_turned_grid_of(const ost_wino_value *out,
                                      const ost_wino_window *window, int row,
                                      int col)
{
    ost_wino_grid g = {
        .before = window->depth - 1 - window->padding[0],
        .line = { turned_line(window, out->side[0], window->padding[1], row),
                  turned_line(window, out->side[1], window->padding[2], col) },
    };

    count_tiles(&g, out, window);
    return g;
}
