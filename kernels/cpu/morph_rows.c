/* kernels/cpu/morph_rows.c - the ends of u8 under a small shape, row by row
 *
 * The end (largest or smallest value) under a shape is the end of its columns,
 * and those of one height are the same wherever the shape stands.  So for each
 * row of the result a line is made for each height, of whole rows above each
 * other, and the result is the end of those lines, shifted.  Lines have as much
 * room on both sides as the shape reaches, with what has no say.  Rows beyond
 * the image are replaced by its last one, which the shape sees anyway.
 */
#include "kernels/cpu/morph_rows.h"

#include "base/alloc.h"
#include "kernels/cpu/wide.h"

#include <string.h>

#include "base/banned.h"

#define INLINE static inline __attribute__((always_inline))

enum { FEW = 3, MANY = 5 };

typedef struct plane {
    uint8_t *data;
    int64_t step; /* from row to row */
} plane;

typedef struct walk {
    int64_t h;
    int64_t w;
    const ost_morph_columns *shape;
    uint8_t *lines;
} walk;

INLINE uint8_t end_of(uint8_t a, uint8_t b, bool least)
{
    if (least)
        return a < b ? a : b;
    return a > b ? a : b;
}

/* `to` may be the first of the rows; else they are apart. */
INLINE void join_rows(const uint8_t *const *rows, int count, int64_t n,
                      bool least, uint8_t *to)
{
    const uint8_t *a = rows[0], *b = rows[1], *c = rows[2];

    if (count == FEW) {
        OST_APART
        for (int64_t x = 0; x < n; x++)
            to[x] = end_of(a[x], end_of(b[x], c[x], least), least);
    } else {
        const uint8_t *d = rows[3], *e = rows[4];

        OST_APART
        for (int64_t x = 0; x < n; x++)
            to[x] = end_of(a[x],
                           end_of(end_of(b[x], c[x], least),
                                  end_of(d[x], e[x], least), least),
                           least);
    }
}

INLINE int64_t line_size(const walk *k)
{
    return k->w + 2 * k->shape->reach;
}

INLINE const uint8_t *row_at(const walk *k, plane p, int64_t y)
{
    y = y < 0 ? 0 : y;
    return p.data + (y < k->h ? y : k->h - 1) * p.step;
}

/* Makes the lines of row `y`; `at[d]` is the one for distance `d`. */
INLINE void make_lines(const walk *k, plane from, int64_t y, bool least,
                       const uint8_t **at)
{
    const ost_morph_columns *s = k->shape;
    uint8_t *line = k->lines + s->reach;
    const uint8_t *rows[MANY] = { row_at(k, from, y) };
    int64_t have = 0;

    for (int64_t d = s->reach; d >= 0; d--) {
        if (d < s->reach && s->tall[d] != have)
            line += line_size(k);
        at[d] = line;
        while (have < s->tall[d]) {
            int count = s->tall[d] - have > 1 ? MANY : FEW;

            for (int i = 1; i < count; i += 2) {
                have++;
                rows[i] = row_at(k, from, y - have);
                rows[i + 1] = row_at(k, from, y + have);
            }
            join_rows(rows, count, k->w, least, line);
            rows[0] = line;
        }
        if (rows[0] != line)
            memcpy(line, rows[0], (size_t)k->w);
        rows[0] = line;
    }
}

INLINE void join_lines(const walk *k, const uint8_t *const *at, bool least,
                       uint8_t *to)
{
    const uint8_t *rows[MANY] = { at[0] };
    int64_t d = 0;

    if (k->shape->reach == 0)
        memcpy(to, at[0], (size_t)k->w);
    while (d < k->shape->reach) {
        int count = k->shape->reach - d > 1 ? MANY : FEW;

        for (int i = 1; i < count; i += 2) {
            d++;
            rows[i] = at[d] - d;
            rows[i + 1] = at[d] + d;
        }
        join_rows(rows, count, k->w, least, to);
        rows[0] = to;
    }
}

/* The same where there is one line only: windows of 1, 5, 25, ... pixels are
 * made of five in a row, and the last ones overlap. */
INLINE void join_windows(const walk *k, const uint8_t *line, bool least,
                         uint8_t *to)
{
    int64_t have = 1, want = 2 * k->shape->reach + 1;
    int64_t n = line_size(k), place = 1;
    const uint8_t *from = line - k->shape->reach, *rows[MANY];

    for (; have * MANY < want; have *= MANY) {
        uint8_t *next = k->lines + place * line_size(k);

        for (int i = 0; i < MANY; i++)
            rows[i] = from + i * have;
        n -= (MANY - 1) * have;
        join_rows(rows, MANY, n, least, next);
        from = next;
        place = 3 - place;
    }
    for (int i = 0; i < MANY; i++)
        rows[i] = from + (i * have < want - have ? i * have : want - have);
    join_rows(rows, have * FEW < want ? MANY : FEW, k->w, least, to);
}

INLINE void walk_rows(const walk *k, plane from, plane to, bool least)
{
    const uint8_t *at[OST_MORPH_REACH + 1];
    bool one = k->shape->reach > 1 &&
               k->shape->tall[0] == k->shape->tall[k->shape->reach];

    memset(k->lines, least ? 255 : 0,
           (size_t)((k->shape->reach + 1) * line_size(k)));
    for (int64_t y = 0; y < k->h; y++) {
        make_lines(k, from, y, least, at);
        if (one)
            join_windows(k, at[0], least, to.data + y * to.step);
        else
            join_lines(k, at, least, to.data + y * to.step);
    }
}

OST_WIDE_BODY(walk_largest, (const walk *k, plane from, plane to))
{
    walk_rows(k, from, to, false);
}
OST_WIDE(walk_largest, (const walk *k, plane from, plane to), (k, from, to))

OST_WIDE_BODY(walk_smallest, (const walk *k, plane from, plane to))
{
    walk_rows(k, from, to, true);
}
OST_WIDE(walk_smallest, (const walk *k, plane from, plane to), (k, from, to))

OST_WIDE_BODY(subtract,
              (int64_t n, const uint8_t *a, const uint8_t *b, uint8_t *to))
{
    OST_APART
    for (int64_t i = 0; i < n; i++)
        to[i] = (uint8_t)(a[i] - b[i]);
}
OST_WIDE(subtract, (int64_t n, const uint8_t *a, const uint8_t *b, uint8_t *to),
         (n, a, b, to))

/* ---- the whole ---- */

typedef struct changing {
    walk walk;
    plane from;
    plane to;
    plane other;   /* of a gradient */
    plane turn[2]; /* between passes */
    int iterations;
} changing;

/* Erosions if `least`, else dilations; then, for `both`, the others. */
static void run_passes(const changing *g, bool least, bool both, plane to)
{
    int count = g->iterations * (both ? 2 : 1);
    plane from = g->from;

    for (int i = 0; i < count; i++) {
        bool small = i < g->iterations ? least : !least;
        plane next = i == count - 1 ? to : g->turn[i % 2];

        if (small)
            walk_smallest(&g->walk, from, next);
        else
            walk_largest(&g->walk, from, next);
        from = next;
    }
}

static void subtract_planes(const changing *g, plane a, plane b)
{
    for (int64_t y = 0; y < g->walk.h; y++)
        subtract(g->walk.w, a.data + y * a.step, b.data + y * b.step,
                 g->to.data + y * g->to.step);
}

static void change_plane(const changing *g, ost_morph_change change)
{
    switch (change) {
    case OST_MORPH_ERODE:
    case OST_MORPH_DILATE:
        run_passes(g, change == OST_MORPH_ERODE, false, g->to);
        break;
    case OST_MORPH_OPEN:
    case OST_MORPH_CLOSE:
        run_passes(g, change == OST_MORPH_OPEN, true, g->to);
        break;
    case OST_MORPH_GRADIENT:
        run_passes(g, true, false, g->other);
        run_passes(g, false, false, g->to);
        subtract_planes(g, g->to, g->other);
        break;
    case OST_MORPH_TOPHAT:
        run_passes(g, true, true, g->to);
        subtract_planes(g, g->from, g->to);
        break;
    case OST_MORPH_BLACKHAT:
        run_passes(g, false, true, g->to);
        subtract_planes(g, g->to, g->from);
        break;
    }
}

static plane next_plane(const ost_image *image, uint8_t **room)
{
    plane p = { *room, image->w };

    *room += image->h * image->w;
    return p;
}

static void copy_rows(const ost_image *in, int64_t c, plane to)
{
    for (int64_t y = 0; y < in->h; y++) {
        const uint8_t *p = ost_image_at(in, y, 0, c);
        uint8_t *q = to.data + y * to.step;

        if (in->step_x == 1)
            memcpy(q, p, (size_t)in->w);
        for (int64_t x = 0; in->step_x != 1 && x < in->w; x++)
            q[x] = p[x * in->step_x];
    }
}

static void spread_rows(plane from, const ost_image *out, int64_t c)
{
    for (int64_t y = 0; y < out->h; y++) {
        uint8_t *p = ost_image_at(out, y, 0, c);

        for (int64_t x = 0; x < out->w; x++)
            p[x * out->step_x] = from.data[y * from.step + x];
    }
}

ost_rc ost_morph_rows(const ost_image *in, const ost_image *out, int64_t c,
                      const ost_morph_columns *shape, ost_morph_change change,
                      int iterations, ost_err *err)
{
    bool apart = in->step_x == 1 && in->data != out->data;
    bool plain = out->step_x == 1;
    bool once = change == OST_MORPH_ERODE || change == OST_MORPH_DILATE;
    bool turns = !once || iterations > 1,
         gradient = change == OST_MORPH_GRADIENT;
    size_t planes = (apart ? 0u : 1u) + (plain ? 0u : 1u) +
                    (gradient ? 1u : 0u) + (turns ? 2u : 0u);
    changing g = { .walk = { in->h, in->w, shape, NULL },
                   .iterations = iterations };
    size_t size = (size_t)(in->h * in->w);
    uint8_t *memory = ost_try_alloc_aligned(
        planes * size +
            (size_t)((shape->reach + 1) * (in->w + 2 * shape->reach)),
        1);
    uint8_t *p = memory;

    if (!memory)
        return ost_fail(err, OST_ENOMEM,
                        "morphology: no memory for %lld x %lld",
                        (long long)in->h, (long long)in->w);
    g.from = (plane){ ost_image_at(in, 0, 0, c), in->step_y };
    g.to = (plane){ ost_image_at(out, 0, 0, c), out->step_y };
    if (!apart)
        g.from = next_plane(in, &p);
    if (!plain)
        g.to = next_plane(in, &p);
    if (gradient)
        g.other = next_plane(in, &p);
    for (int i = 0; turns && i < 2; i++)
        g.turn[i] = next_plane(in, &p);
    g.walk.lines = p;
    if (!apart)
        copy_rows(in, c, g.from);
    change_plane(&g, change);
    if (!plain)
        spread_rows(g.to, out, c);
    ost_free(memory);
    return OST_OK;
}
