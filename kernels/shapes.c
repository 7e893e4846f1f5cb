/* kernels/shapes.c - outlines to masks, pixel for pixel as Pillow draws them
 *
 * An area is filled line by line: the crossings of its edges with the line are
 * sorted and taken in pairs.  An edge counts at both of its ends, so a line
 * through a corner gets two crossings of it; where an edge ends in the middle
 * of the area, its crossing is doubled.  All of it happens in single
 * precision.  Where two edges meet in a sharp corner the crossing that was
 * recorded in the place of the other edge's number is moved, so that the
 * corner touches the next line.
 */
#include "kernels/shapes.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Steps that the filling of one outline may take. */
#define MOST_WORK INT64_C(200000000)

typedef struct edge {
    int x0; /* where it begins */
    int y0;
    int xmin;
    int xmax;
    int ymin;
    int ymax;
    float slope; /* columns per line */
} edge;

typedef struct filler {
    ost_canvas *canvas;
    const edge *edges; /* in the order of the outline, none of them level */
    size_t n;
    int *later; /* numbers of all edges, by their upper ends */
    size_t next;
    int *active; /* numbers of those at the line, ascending */
    size_t n_active;
    int *merged; /* room to make a new list of them */
    float *crossing;
    int ymax; /* last line of the outline */
    int64_t work;
} filler;

void ost_canvas_note(ost_canvas *c, const ost_rect *part)
{
    ost_rect *r = &c->drawn;
    int64_t bottom = r->top + r->height, right = r->left + r->width;

    if (r->height == 0) {
        *r = *part;
        return;
    }
    if (part->top + part->height > bottom)
        bottom = part->top + part->height;
    if (part->left + part->width > right)
        right = part->left + part->width;
    r->top = part->top < r->top ? part->top : r->top;
    r->left = part->left < r->left ? part->left : r->left;
    r->height = bottom - r->top;
    r->width = right - r->left;
}

/* Pixels x0 to x1 of line y, both included, from either end. */
static void draw_run(ost_canvas *c, int x0, int y, int x1)
{
    int64_t h = c->mask.shape[0], w = c->mask.shape[1];
    uint8_t *row = (uint8_t *)c->mask.data + y * c->mask.stride[0];
    ost_rect run;

    if (x0 > x1) {
        int swapped = x0;

        x0 = x1;
        x1 = swapped;
    }
    x0 = x0 < 0 ? 0 : x0;
    if (x1 >= w)
        x1 = (int)w - 1;
    if (y < 0 || y >= h || x0 > x1)
        return;
    memset(row + x0, c->value, (size_t)(x1 - x0) + 1);
    run = (ost_rect){ y, x0, 1, x1 - x0 + 1 };
    ost_canvas_note(c, &run);
}

static edge edge_of(int x0, int y0, int x1, int y1)
{
    edge e = { .x0 = x0, .y0 = y0 };

    e.xmin = x0 < x1 ? x0 : x1;
    e.xmax = x0 < x1 ? x1 : x0;
    e.ymin = y0 < y1 ? y0 : y1;
    e.ymax = y0 < y1 ? y1 : y0;
    if (y0 != y1)
        e.slope = (float)(x1 - x0) / (float)(y1 - y0);
    return e;
}

static float crossing_at(const edge *e, int y)
{
    return (float)(y - e->y0) * e->slope + (float)e->x0;
}

/* The first pixel of a run whose left end is `x`, the last one of a run whose
 * right end it is: halves belong to it on the side away from 0. */
static int first_pixel(float x)
{
    return x >= 0 ? (int)floorf(x + 0.5f) : -(int)floorf(fabsf(x) + 0.5f);
}

static int last_pixel(float x)
{
    return x >= 0 ? (int)ceilf(x - 0.5f) : -(int)ceilf(fabsf(x) - 0.5f);
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Where edge `e` (number `i`), whose crossing is `x`, meets an earlier edge in
 * a corner: the crossing in the place of that edge's number is moved. */
static void join_corner(filler *f, int y, const edge *e, size_t at, float x)
{
    for (size_t k = 0; k < at; k++) {
        const edge *o = &f->edges[f->active[k]];
        int next = y == f->ymax ? y - 1 : y + 1;
        double a, b;

        f->work++;
        if ((e->slope > 0 && o->slope <= 0) || (e->slope < 0 && o->slope >= 0))
            continue;
        if (!((y == e->ymin && y == o->ymin) || (y == e->ymax && y == o->ymax)))
            continue;
        if (x < crossing_at(o, y) || x > crossing_at(o, y))
            continue;
        a = (double)crossing_at(e, next);
        b = (double)crossing_at(o, next);
        if (y == e->ymax)
            x = (float)(e->slope > 0 ? fmax(a, b) + 1 : fmin(a, b) - 1);
        else
            x = (float)(e->slope > 0 ? fmin(a, b) : fmax(a, b) + 1);
        f->crossing[f->active[k]] = x;
        return;
    }
}

/* The crossings of line `y`; returns how many. */
static size_t cross(filler *f, int y)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n_active; i++) {
        const edge *e = &f->edges[f->active[i]];
        float x = crossing_at(e, y);

        f->crossing[n++] = x;
        if (y == e->ymax && y < f->ymax)
            f->crossing[n++] = x;
        else if ((e->slope > 0 || e->slope < 0) && !(roundf(x) < x) &&
                 !(roundf(x) > x))
            join_corner(f, y, e, i, x);
    }
    f->work += (int64_t)n + 1;
    return n;
}

/* Edges that begin at line `y` become active, those that ended cease. */
static void advance(filler *f, int y)
{
    size_t n = 0, i = 0, *next = &f->next;
    int *swapped = f->active;

    while (i < f->n_active ||
           (*next < f->n && f->edges[f->later[*next]].ymin <= y)) {
        bool begins = *next < f->n && f->edges[f->later[*next]].ymin <= y &&
                      (i == f->n_active || f->later[*next] < f->active[i]);
        int number = begins ? f->later[(*next)++] : f->active[i++];

        if (f->edges[number].ymax >= y)
            f->merged[n++] = number;
    }
    f->active = f->merged;
    f->merged = swapped;
    f->n_active = n;
}

static int compare_starts(const void *a, const void *b)
{
    const edge *x = *(const edge *const *)a, *y = *(const edge *const *)b;

    if (x->ymin != y->ymin)
        return x->ymin < y->ymin ? -1 : 1;
    return (x > y) - (x < y);
}

/* The numbers of the edges by their upper ends; edges that begin above the
 * first line begin there. */
static ost_rc sort_starts(filler *f, int first, ost_err *err)
{
    const edge **at = ost_try_alloc(f->n + 1, sizeof(const edge *));
    size_t above = 0;

    if (!at)
        return ost_fail(err, OST_ENOMEM, "no memory for an outline");
    for (size_t i = 0; i < f->n; i++)
        at[i] = &f->edges[i];
    qsort(at, f->n, sizeof(const edge *), compare_starts);
    while (above < f->n && at[above]->ymin <= first)
        above++;
    for (size_t i = above; i < f->n; i++)
        f->later[i] = (int)(at[i] - f->edges);
    for (size_t i = 0, k = 0; i < f->n; i++)
        if (f->edges[i].ymin <= first)
            f->later[k++] = (int)i;
    ost_free(at);
    return OST_OK;
}

static ost_rc fill_lines(filler *f, int first, ost_err *err)
{
    for (int y = first; y <= f->ymax; y++) {
        size_t n;

        advance(f, y);
        n = cross(f, y);
        if (f->work > MOST_WORK)
            return ost_fail(err, OST_EINPUT, "the outline is too tangled");
        if (n > 1)
            qsort(f->crossing, n, sizeof(*f->crossing), compare_floats);
        for (size_t i = 1; i < n; i += 2)
            draw_run(f->canvas, first_pixel(f->crossing[i - 1]), y,
                     last_pixel(f->crossing[i]));
    }
    return OST_OK;
}

/* Level edges are drawn at once, the others fill the area between them. */
static ost_rc fill_area(ost_canvas *c, edge *edges, size_t n, ost_err *err)
{
    int first = (int)c->mask.shape[0] - 1;
    filler f = { .canvas = c, .edges = edges };
    ost_rc rc;

    for (size_t i = 0; i < n; i++) {
        const edge e = edges[i];

        first = e.ymin < first ? e.ymin : first;
        f.ymax = e.ymax > f.ymax ? e.ymax : f.ymax;
        if (e.ymin == e.ymax)
            draw_run(c, e.xmin, e.ymin, e.xmax);
        else
            edges[f.n++] = e;
    }
    first = first < 0 ? 0 : first;
    f.ymax = f.ymax > c->mask.shape[0] ? (int)c->mask.shape[0] : f.ymax;
    f.later = ost_try_alloc(f.n + 1, sizeof(*f.later));
    f.active = ost_try_alloc(f.n + 1, sizeof(*f.active));
    f.merged = ost_try_alloc(f.n + 1, sizeof(*f.merged));
    f.crossing = ost_try_alloc(2 * f.n + 1, sizeof(*f.crossing));
    if (!f.later || !f.active || !f.merged || !f.crossing)
        rc = ost_fail(err, OST_ENOMEM, "no memory for an outline");
    else
        rc = sort_starts(&f, first, err);
    if (!rc)
        rc = fill_lines(&f, first, err);
    ost_free(f.later);
    ost_free(f.active);
    ost_free(f.merged);
    ost_free(f.crossing);
    return rc;
}

static bool within_reach(double v)
{
    return v >= -OST_SHAPE_REACH && v <= OST_SHAPE_REACH;
}

ost_rc ost_shape_check(const ost_canvas *c, const ost_point *p, size_t n,
                       size_t fewest, ost_err *err)
{
    const ost_tensor *t = &c->mask;

    if (t->dtype != OST_U8 || t->ndim != 2 || t->stride[1] != 1 ||
        t->shape[0] > INT32_MAX / 2 || t->shape[1] > INT32_MAX / 2)
        return ost_fail(err, OST_EINPUT, "shapes are drawn in u8 (H, W)");
    if (n < fewest || n > OST_SHAPE_POINTS)
        return ost_fail(err, OST_EINPUT, "%zu points, not %zu to %d", n, fewest,
                        OST_SHAPE_POINTS);
    for (size_t i = 0; i < n; i++)
        if (!within_reach(p[i].x) || !within_reach(p[i].y))
            return ost_fail(err, OST_EINPUT,
                            "point %zu (%g, %g) is out of reach", i, p[i].x,
                            p[i].y);
    return OST_OK;
}

/* The edges of a closed outline; returns how many.  A level one that goes on
 * in the direction of a level one before it makes that one longer. */
static size_t outline(const ost_point *p, size_t n, edge *edges)
{
    int x0 = (int)p[0].x, y0 = (int)p[0].y, before = 0;
    bool level = false; /* the one before, from `before` to x0 */
    size_t count = 0;

    for (size_t i = 1; i < n; i++) {
        int x1 = (int)p[i].x, y1 = (int)p[i].y;

        if (level && y1 == y0 && x1 > x0 && x0 > before) {
            edges[count - 1].xmax = x1;
        } else if (level && y1 == y0 && x1 < x0 && x0 < before) {
            edges[count - 1].xmin = x1;
        } else {
            edges[count++] = edge_of(x0, y0, x1, y1);
        }
        level = y1 == y0;
        before = x0;
        x0 = x1;
        y0 = y1;
    }
    if (x0 != (int)p[0].x || y0 != (int)p[0].y)
        edges[count++] = edge_of(x0, y0, (int)p[0].x, (int)p[0].y);
    return count;
}

ost_rc ost_draw_polygon(ost_canvas *c, const ost_point *p, size_t n,
                        ost_err *err)
{
    edge *edges;
    ost_rc rc;

    rc = ost_shape_check(c, p, n, 2, err);
    if (rc)
        return rc;
    edges = ost_try_alloc(n + 1, sizeof(*edges));
    if (!edges)
        return ost_fail(err, OST_ENOMEM, "no memory for an outline");
    rc = fill_area(c, edges, outline(p, n, edges), err);
    ost_free(edges);
    return rc;
}

ost_rc ost_draw_rectangle(ost_canvas *c, ost_point a, ost_point b, ost_err *err)
{
    const ost_point corners[2] = { a, b };
    int64_t y0, y1;
    ost_rc rc;

    rc = ost_shape_check(c, corners, 2, 2, err);
    if (rc)
        return rc;
    y0 = (int)(a.y < b.y ? a.y : b.y);
    y1 = (int)(a.y < b.y ? b.y : a.y);
    y0 = y0 < 0 ? 0 : y0;
    y1 = y1 >= c->mask.shape[0] ? c->mask.shape[0] - 1 : y1;
    for (int64_t y = y0; y <= y1; y++)
        draw_run(c, (int)a.x, (int)y, (int)b.x);
    return OST_OK;
}

/* ---- circles ---- */

/* How far the point (x, y) is from an ellipse of half axes a and b, by its
 * equation. */
static int64_t deviation(int64_t a, int64_t b, int64_t x, int64_t y)
{
    int64_t d = a * a * y * y + b * b * x * x - a * a * b * b;

    return d < 0 ? -d : d;
}

/* The next point of the quarter from (a, 0) to (0, b), in half pixels: of the
 * three neighbors that lead on the one nearest to the ellipse. */
static void follow(int64_t a, int64_t b, int64_t *x, int64_t *y)
{
    int64_t up = deviation(a, b, *x, *y + 2);
    int64_t across = *x > 1 ? deviation(a, b, *x - 2, *y + 2) : INT64_MAX;
    int64_t left = *x > 1 ? deviation(a, b, *x - 2, *y) : INT64_MAX;

    if (left < up && left < across) {
        *x -= 2;
    } else {
        *x -= across < up ? 2 : 0;
        *y += 2;
    }
}

static void draw_ellipse(ost_canvas *c, int x0, int y0, int x1, int y1)
{
    int64_t a = (int64_t)x1 - x0, b = (int64_t)y1 - y0;
    int64_t x = a, y = b % 2, drawn = -1;

    if (a < 0 || b < 0 || a + b == 0)
        return;
    for (;;) {
        if (y != drawn) {
            int from = (int)(x0 + (a - x) / 2), to = (int)(x0 + (a + x) / 2);

            draw_run(c, from, (int)(y0 + (b - y) / 2), to);
            draw_run(c, from, (int)(y0 + (b + y) / 2), to);
            drawn = y;
        }
        if (x == a % 2 && y == b)
            return;
        follow(a, b, &x, &y);
    }
}

ost_rc ost_draw_circle(ost_canvas *c, ost_point center, double radius,
                       ost_err *err)
{
    ost_rc rc = ost_shape_check(c, &center, 1, 1, err);

    if (rc)
        return rc;
    if (!(radius >= 0.0 && radius <= OST_SHAPE_ACROSS / 2 - 1))
        return ost_fail(err, OST_EINPUT,
                        "a circle of radius %g is not drawn (%d at most)",
                        radius, OST_SHAPE_ACROSS / 2 - 1);
    draw_ellipse(c, (int)(center.x - radius), (int)(center.y - radius),
                 (int)(center.x + radius), (int)(center.y + radius));
    return OST_OK;
}

/* ---- lines ---- */

static int toward_0(double v)
{
    return v >= 0 ? (int)ceil(v - 0.5) : -(int)ceil(fabs(v) - 0.5);
}

static int from_0(double v)
{
    return v >= 0 ? (int)floor(v + 0.5) : -(int)floor(fabs(v) + 0.5);
}

/* A line from (x0, y0) to (x1, y1) is the area between its two sides. */
static ost_rc draw_segment(ost_canvas *c, int x0, int y0, int x1, int y1,
                           int width, ost_err *err)
{
    double length = hypot(x1 - x0, y1 - y0), half = (width - 1) / 2.0;
    double wide, narrow;
    int left, right, up, down;
    edge sides[4];

    if (x0 == x1 && y0 == y1) {
        draw_run(c, x0, y0, x0);
        return OST_OK;
    }
    wide = from_0(half) / length;
    narrow = toward_0(half) / length;
    left = toward_0(narrow * (y1 - y0));
    right = toward_0(wide * (y1 - y0));
    up = toward_0(narrow * (x1 - x0));
    down = toward_0(wide * (x1 - x0));
    sides[0] = edge_of(x0 - left, y0 + down, x1 - left, y1 + down);
    sides[1] = edge_of(x1 - left, y1 + down, x1 + right, y1 - up);
    sides[2] = edge_of(x1 + right, y1 - up, x0 + right, y0 - up);
    sides[3] = edge_of(x0 + right, y0 - up, x0 - left, y0 + down);
    return fill_area(c, sides, 4, err);
}

ost_rc ost_draw_line(ost_canvas *c, const ost_point *p, size_t n, int width,
                     ost_err *err)
{
    ost_rc rc;

    rc = ost_shape_check(c, p, n, 2, err);
    if (!rc && (width < 2 || width > OST_SHAPE_WIDTH))
        rc =
            ost_fail(err, OST_EINPUT, "a line of width %d is not drawn", width);
    for (size_t i = 0; i + 1 < n && !rc; i++)
        rc = draw_segment(c, (int)p[i].x, (int)p[i].y, (int)p[i + 1].x,
                          (int)p[i + 1].y, width, err);
    return rc;
}

/* ---- bitmaps ---- */

ost_rc ost_draw_bitmap(ost_canvas *c, ost_point at, const ost_tensor *bits,
                       ost_err *err)
{
    int64_t h = c->mask.shape[0], w = c->mask.shape[1];
    ost_rc rc = ost_shape_check(c, &at, 1, 1, err);

    for (int64_t y = 0; !rc && y < bits->shape[0]; y++)
        for (int64_t x = 0; x < bits->shape[1]; x++) {
            const uint8_t *bit = (const uint8_t *)bits->data +
                                 y * bits->stride[0] + x * bits->stride[1];
            int64_t row = (int)at.y + y, column = (int)at.x + x;

            if (*bit && row >= 0 && row < h && column >= 0 && column < w)
                draw_run(c, (int)column, (int)row, (int)column);
        }
    return rc;
}
