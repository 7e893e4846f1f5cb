/* kernels/runs.c - masks as COCO has them: runs of pixels, and its outlines
 *
 * An outline is drawn five times as large, pixel by pixel.  Wherever it passes
 * from one column to the next in the middle of a small column, all pixels
 * below change sides.
 */
#include "kernels/runs.h"

#include "base/alloc.h"
#include "base/vec.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

enum { SCALE = 5, BIT_GROUP = 5 };

/* Steps along one outline. */
#define MOST_STEPS INT64_C(20000000)

/* Pixels from..to-1, counted column by column. */
static void draw_columns(ost_canvas *c, int64_t from, int64_t to)
{
    int64_t h = c->mask.shape[0], step = c->mask.stride[0];

    while (from < to) {
        int64_t x = from / h, y = from % h;
        int64_t n = h - y < to - from ? h - y : to - from;
        uint8_t *at = (uint8_t *)c->mask.data + y * step + x;
        ost_rect part = { y, x, n, 1 };

        for (int64_t i = 0; i < n; i++)
            at[i * step] = c->value;
        ost_canvas_note(c, &part);
        from += n;
    }
}

ost_rc ost_draw_runs(ost_canvas *c, const uint32_t *runs, size_t n,
                     ost_err *err)
{
    int64_t pixels = c->mask.shape[0] * c->mask.shape[1], at = 0, sum = 0;

    for (size_t i = 0; i < n && sum <= pixels; i++)
        sum += runs[i];
    if (sum != pixels)
        return ost_fail(err, OST_EINPUT,
                        "the runs are not of the %lld pixels of the picture",
                        (long long)pixels);
    for (size_t i = 0; i < n; i++) {
        if (i % 2)
            draw_columns(c, at, at + runs[i]);
        at += runs[i];
    }
    return OST_OK;
}

size_t ost_runs_read(const char *text, size_t n, uint32_t *runs, size_t most)
{
    size_t count = 0, i = 0;

    while (i < n) {
        int64_t v = 0;
        int shift = 0;
        bool more = true;

        while (more) {
            int bits = i < n ? text[i++] - '0' : -1;

            if (bits < 0 || bits > 63 || shift > 6 * BIT_GROUP)
                return SIZE_MAX;
            v |= (int64_t)(bits & 31) << shift;
            shift += BIT_GROUP;
            more = bits & 32;
            if (!more && (bits & 16))
                v -= INT64_C(1) << shift;
        }
        /* From the fourth on they are differences to the one before the last
         * one. */
        v += count > 2 ? runs[count - 2] : 0;
        if (v < 0 || v > UINT32_MAX || count == most)
            return SIZE_MAX;
        runs[count++] = (uint32_t)v;
    }
    return count;
}

/* ---- outlines ---- */

typedef struct tracing {
    const ost_canvas *canvas;
    OST_VEC(int64_t) changes; /* pixels from which on sides change */
    int64_t u;                /* where the tracing is, five times as large */
    int64_t v;
    bool begun;
} tracing;

static void step_to(tracing *t, int64_t u, int64_t v)
{
    const int64_t h = t->canvas->mask.shape[0], w = t->canvas->mask.shape[1];

    if (t->begun && u != t->u) {
        int64_t column = u < t->u ? u : u - 1;
        double y = (double)(v < t->v ? v : t->v);

        /* The middle of a column is that of the third of its five. */
        if (column >= 0 && column % SCALE == SCALE / 2 && column / SCALE < w) {
            y = (y + 0.5) / SCALE - 0.5;
            y = ceil(y < 0 ? 0 : y > (double)h ? (double)h : y);
            ost_vec_push(&t->changes, column / SCALE * h + (int64_t)y);
        }
    }
    t->u = u;
    t->v = v;
    t->begun = true;
}

static void trace_edge(tracing *t, int64_t x0, int64_t y0, int64_t x1,
                       int64_t y1)
{
    int64_t dx = x1 > x0 ? x1 - x0 : x0 - x1;
    int64_t dy = y1 > y0 ? y1 - y0 : y0 - y1;
    bool flat = dx >= dy, back = flat ? x0 > x1 : y0 > y1;
    int64_t n = flat ? dx : dy;
    /* From the end with the smaller coordinate, so that an edge is the same
     * one in both directions. */
    int64_t xs = back ? x1 : x0, ys = back ? y1 : y0;
    int64_t xe = back ? x0 : x1, ye = back ? y0 : y1;
    double slope = n ? (double)(flat ? ye - ys : xe - xs) / (double)n : 0.0;

    for (int64_t d = 0; d <= n; d++) {
        int64_t along = back ? n - d : d;
        double across = (double)(flat ? ys : xs) + slope * (double)along + 0.5;

        if (flat)
            step_to(t, xs + along, (int64_t)across);
        else
            step_to(t, (int64_t)across, ys + along);
    }
}

static int compare_positions(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t enlarged(double v)
{
    return (int64_t)(SCALE * v + 0.5);
}

ost_rc ost_draw_outline(ost_canvas *c, const ost_point *p, size_t n,
                        ost_err *err)
{
    const int64_t pixels = c->mask.shape[0] * c->mask.shape[1];
    tracing t = { .canvas = c };
    int64_t steps = 0;
    ost_rc rc = ost_shape_check(c, p, n, 3, err);

    for (size_t i = 0; i < n && !rc; i++) {
        const ost_point *q = &p[(i + 1) % n];

        steps +=
            (int64_t)(SCALE * fmax(fabs(p[i].x - q->x), fabs(p[i].y - q->y))) +
            1;
    }
    if (!rc && steps > MOST_STEPS)
        rc = ost_fail(err, OST_EINPUT, "the outline is too long");
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        const ost_point *q = &p[(i + 1) % n];

        trace_edge(&t, enlarged(p[i].x), enlarged(p[i].y), enlarged(q->x),
                   enlarged(q->y));
    }
    if (t.changes.len)
        qsort(t.changes.data, t.changes.len, sizeof(int64_t),
              compare_positions);
    for (size_t i = 0; i < t.changes.len; i += 2)
        draw_columns(c, t.changes.data[i],
                     i + 1 < t.changes.len ? t.changes.data[i + 1] : pixels);
    ost_vec_release(&t.changes);
    return OST_OK;
}
