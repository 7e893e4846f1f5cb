/* kernels/cpu/surfaces.c - outlines of masks, exact distances */
#include "kernels/surfaces.h"

#include "base/alloc.h"

#include <math.h>
#include <stdbool.h>

#include "base/banned.h"

size_t ost_mask_outline(const ost_grid *g, const uint8_t *mask,
                        uint8_t *outline)
{
    const int64_t w = g->width;
    size_t n = 0;

    for (int64_t y = 0; y < g->height; y++) {
        for (int64_t x = 0; x < w; x++) {
            const uint8_t *m = mask + y * w + x;
            bool inner = y > 0 && y + 1 < g->height && x > 0 && x + 1 < w &&
                         m[-w] && m[w] && m[-1] && m[1];

            outline[y * w + x] = *m && !inner;
            n += outline[y * w + x];
        }
    }
    return n;
}

/* Of each pixel, the squared distance to the nearest marked one in its
 * column. */
static void scan_columns(const ost_grid *g, const uint8_t *marked,
                         double *squared)
{
    const int64_t w = g->width, h = g->height;

    for (int64_t x = 0; x < w; x++) {
        double rows = (double)INFINITY;

        for (int64_t y = 0; y < h; y++) {
            rows = marked[y * w + x] ? 0 : rows + 1;
            squared[y * w + x] = rows;
        }
        rows = (double)INFINITY;
        for (int64_t y = h - 1; y >= 0; y--) {
            double *d = &squared[y * w + x];

            rows = marked[y * w + x] ? 0 : rows + 1;
            *d = fmin(*d, rows) * g->spacing_y;
            *d *= *d;
        }
    }
}

/* Parabolas c (x - at)^2 + height that are lowest somewhere, from the left; the
 * i-th is from begin[i] on. */
typedef struct {
    int64_t *at;
    double *height;
    double *begin;
} envelope;

/* Where the parabola at `q` falls below that at `v` < q. */
static double crossing(double c, double v, double fv, double q, double fq)
{
    return ((fq + c * q * q) - (fv + c * v * v)) / (2 * c * (q - v));
}

static void scan_row(const ost_grid *g, double *row, envelope *e)
{
    const double c = g->spacing_x * g->spacing_x;
    int64_t n = 0, k = 0;

    for (int64_t q = 0; q < g->width; q++) {
        double from = (double)-INFINITY;

        if (isinf(row[q]))
            continue;
        while (n > 0) {
            from = crossing(c, (double)e->at[n - 1], e->height[n - 1],
                            (double)q, row[q]);
            if (from > e->begin[n - 1])
                break;
            n--;
            from = (double)-INFINITY;
        }
        e->at[n] = q;
        e->height[n] = row[q];
        e->begin[n++] = from;
    }
    for (int64_t x = 0; x < g->width && n > 0; x++) {
        double off;

        while (k + 1 < n && e->begin[k + 1] <= (double)x)
            k++;
        off = (double)(x - e->at[k]);
        row[x] = c * off * off + e->height[k];
    }
}

void ost_distance_squared(const ost_grid *g, const uint8_t *marked,
                          double *squared)
{
    size_t w = (size_t)g->width;
    double *room = ost_xalloc((w + 1) * 2 * sizeof(*room));
    int64_t *at = ost_xalloc((w + 1) * sizeof(*at));
    envelope e = { at, room, room + w + 1 };

    scan_columns(g, marked, squared);
    for (int64_t y = 0; y < g->height; y++)
        scan_row(g, squared + y * g->width, &e);
    ost_free(room);
    ost_free(at);
}

void ost_outline_distances(const ost_grid *g, const uint8_t *from,
                           const uint8_t *to, double *room, double *distance)
{
    ost_distance_squared(g, to, room);
    for (int64_t i = 0; i < g->height * g->width; i++) {
        if (from[i])
            *distance++ = sqrt(room[i]);
    }
}
