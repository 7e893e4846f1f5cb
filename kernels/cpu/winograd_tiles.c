/* kernels/cpu/winograd_tiles.c - tiles of values to planes and back
 *
 * The matrices of winograd.h for the points 0, p, -p, q, -q, infinity with
 * p = 3/4 and q = 5/4; rows of a point and of its negative share their even and
 * odd halves.  A tile that reaches over the border is copied into a square of
 * zeros first.
 */
#include "kernels/cpu/eights.h"
#include "kernels/cpu/winograd.h"

#include <string.h>

#include "base/banned.h"

enum { E = OST_EIGHT, IN = OST_WINO_IN, MOST = OST_WINO_OUT };

#define P (3.0f / 4)
#define Q (5.0f / 4)

typedef int32_t bits __attribute__((vector_size(E * sizeof(int32_t))));

/* Where a tile is: its item and the position of its first number, which may
 * lie outside. */
typedef struct corner {
    int64_t item;
    int64_t z;
    int64_t y;
    int64_t x;
} corner;

ost_wino_grid ost_wino_grid_of(const ost_wino_value *out,
                               const ost_wino_window *window)
{
    int64_t side = IN + 1 - window->side;
    ost_wino_grid g = { .out = side,
                        .depth = out->depth,
                        .rows = (out->side[0] + side - 1) / side,
                        .cols = (out->side[1] + side - 1) / side };

    g.tiles = out->items * g.depth * g.rows * g.cols;
    return g;
}

/* Neighboring planes start in different cache sets. */
static int64_t plane_step(int64_t eights, int64_t tiles)
{
    return eights * tiles * E + 2 * E;
}

ost_wino_planes ost_wino_planes_of(float *data, int64_t eights, int64_t tiles)
{
    return (ost_wino_planes){ data, plane_step(eights, tiles), tiles * E };
}

int64_t ost_wino_planes_size(int64_t eights, int64_t tiles)
{
    return OST_WINO_PLANES * plane_step(eights, tiles);
}

static void find_corners(const ost_wino_grid *g, const int64_t padding[3],
                         int64_t first, int64_t count, corner *c)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t t = first + i;

        c[i].item = t / (g->rows * g->cols * g->depth);
        c[i].z = t / (g->rows * g->cols) % g->depth - padding[0];
        c[i].y = t / g->cols % g->rows * g->out - padding[1];
        c[i].x = t % g->cols * g->out - padding[2];
    }
}

/* Where slice `z` of item `n` has its channels of eight `e`. */
static int64_t eight_at(const ost_wino_value *v, int64_t n, int64_t z,
                        int64_t e)
{
    int64_t c = e * E;
    int64_t blocks = v->eights * E / v->block;

    return ((n * blocks + c / v->block) * v->depth + z) * v->side[0] *
               v->side[1] * v->block +
           c % v->block;
}

static bool is_inside(const ost_wino_value *v, const corner *c, int64_t side)
{
    return c->y >= 0 && c->x >= 0 && c->y + side <= v->side[0] &&
           c->x + side <= v->side[1];
}

/* Copies what there is of a tile into a square of zeros. */
static void cut_tile(const ost_wino_value *v, const float *x, const corner *c,
                     int64_t side, float *square)
{
    memset(square, 0, (size_t)(side * side * E) * sizeof(*square));
    for (int64_t i = 0; i < side; i++)
        for (int64_t j = 0; j < side; j++) {
            int64_t y = c->y + i;
            int64_t z = c->x + j;

            if (y >= 0 && z >= 0 && y < v->side[0] && z < v->side[1])
                memcpy(square + (i * side + j) * E,
                       x + (y * v->side[1] + z) * v->block, E * sizeof(*x));
        }
}

static void put_tile(const ost_wino_value *v, float *y, const corner *c,
                     int64_t side, const float *square)
{
    for (int64_t i = 0; i < side && c->y + i < v->side[0]; i++)
        for (int64_t j = 0; j < side && c->x + j < v->side[1]; j++)
            memcpy(y + ((c->y + i) * v->side[1] + c->x + j) * v->block,
                   square + (i * side + j) * E, E * sizeof(*y));
}

/* t = B' d */
OST_EIGHT_INLINE void side_input(const ost_eight *d, int step, ost_eight *t)
{
    const ost_eight p = ost_eight_of(P);
    const ost_eight q = ost_eight_of(Q);
    const ost_eight pp = ost_eight_of(-P * P);
    const ost_eight qq = ost_eight_of(-Q * Q);
    const ost_eight all = ost_eight_of(P * P * Q * Q);
    const ost_eight both = ost_eight_of(-P * P - Q * Q);
    ost_eight even = ost_eight_fma(qq, d[2 * step], d[4 * step]);
    ost_eight odd = p * ost_eight_fma(qq, d[step], d[3 * step]);

    t[0] =
        ost_eight_fma(all, d[0], ost_eight_fma(both, d[2 * step], d[4 * step]));
    t[1] = even + odd;
    t[2] = even - odd;
    even = ost_eight_fma(pp, d[2 * step], d[4 * step]);
    odd = q * ost_eight_fma(pp, d[step], d[3 * step]);
    t[3] = even + odd;
    t[4] = even - odd;
    t[5] = ost_eight_fma(all, d[step],
                         ost_eight_fma(both, d[3 * step], d[5 * step]));
}

/* t = A d, where d has `out` numbers */
OST_EIGHT_INLINE void side_grad(const ost_eight *d, int step, int out,
                                ost_eight *t)
{
    const float points[2] = { P, Q };

    t[0] = d[0];
    for (int h = 0; h < 2; h++) {
        const ost_eight square = ost_eight_of(points[h] * points[h]);
        ost_eight even = d[0];
        ost_eight odd = d[step];

        if (out > 2) {
            even = ost_eight_fma(square, d[2 * step], even);
            odd = ost_eight_fma(square, d[3 * step], odd);
        }
        odd = ost_eight_of(points[h]) * odd;
        t[1 + 2 * h] = even + odd;
        t[2 + 2 * h] = even - odd;
    }
    t[5] = d[(out - 1) * step];
}

/* t = A' m, of `out` numbers */
OST_EIGHT_INLINE void side_output(const ost_eight *m, int step, int out,
                                  ost_eight *t)
{
    const ost_eight pp = ost_eight_of(P * P);
    const ost_eight qq = ost_eight_of(Q * Q);
    ost_eight s1 = m[step] + m[2 * step];
    ost_eight s2 = m[3 * step] + m[4 * step];
    ost_eight d1 = ost_eight_of(P) * (m[step] - m[2 * step]);
    ost_eight d2 = ost_eight_of(Q) * (m[3 * step] - m[4 * step]);

    t[0] = m[0] + (s1 + s2);
    t[1] = d1 + d2;
    if (out > 2) {
        t[2] = ost_eight_fma(pp, s1, qq * s2);
        t[3] = ost_eight_fma(pp, d1, qq * d2);
    }
    t[out - 1] += m[5 * step];
}

/* `row` and `pixel` are floats from row to row and from column to column. */
OST_EIGHT_INLINE void tile_input(const float *x, int64_t row, int64_t pixel,
                                 float *to, int64_t plane)
{
    ost_eight half[IN][IN];
    ost_eight line[IN];

#pragma GCC unroll 1
    for (int j = 0; j < IN; j++) {
        for (int i = 0; i < IN; i++)
            line[i] = ost_eight_load(x + i * row + j * pixel);
        side_input(line, 1, half[j]);
    }
#pragma GCC unroll 1
    for (int i = 0; i < IN; i++) {
        side_input(&half[0][i], IN, line);
        for (int j = 0; j < IN; j++)
            ost_eight_store(to + (i * IN + j) * plane, line[j]);
    }
}

OST_EIGHT_INLINE void tile_grad(const float *dy, int64_t row, int64_t pixel,
                                int out, float *to, int64_t plane)
{
    ost_eight half[MOST][IN];
    ost_eight line[IN];

#pragma GCC unroll 1
    for (int j = 0; j < out; j++) {
        for (int i = 0; i < out; i++)
            line[i] = ost_eight_load(dy + i * row + j * pixel);
        side_grad(line, 1, out, half[j]);
    }
#pragma GCC unroll 1
    for (int i = 0; i < IN; i++) {
        side_grad(&half[0][i], IN, out, line);
        for (int j = 0; j < IN; j++)
            ost_eight_store(to + (i * IN + j) * plane, line[j]);
    }
}

/* What becomes of eight channels' outputs. */
typedef struct eight_end {
    ost_eight bias;
    ost_eight a;
    ost_eight b;
    bool relu;
} eight_end;

static bool is_finished(const ost_wino_end *end)
{
    return end && end->finish && end->finish->norm;
}

static eight_end end_of(const ost_wino_end *end, int64_t e)
{
    eight_end r = { 0 };

    if (end && end->bias)
        r.bias = ost_eight_load(end->bias + e * E);
    if (!is_finished(end))
        return r;
    r.relu = end->finish->relu;
    r.a = ost_eight_load(end->finish->line.a + e * E);
    r.b = ost_eight_load(end->finish->line.b + e * E);
    return r;
}

/* The numbers to be added to all outputs; NULL: none. */
static const float *addend_of(const ost_wino_end *end)
{
    return end->finish->addend ? end->finish->addend->data : NULL;
}

/* `finish`: more than the bias; `z`: what is to be added; NULL: nothing. */
OST_EIGHT_INLINE ost_eight finished(ost_eight v, const eight_end *end,
                                    bool finish, const float *z)
{
    v += end->bias;
    if (!finish)
        return v;
    v = v * end->a + end->b;
    if (z)
        v += ost_eight_load(z);
    if (end->relu)
        v = (ost_eight)((bits)v & ~(v < 0.0f));
    return v;
}

/* `z`, if not NULL, lies as y does. */
OST_EIGHT_INLINE void tile_output(const float *m, int64_t plane,
                                  const eight_end *end, bool finish, int out,
                                  const float *z, float *y, int64_t row,
                                  int64_t pixel)
{
    ost_eight half[IN][MOST];
    ost_eight line[IN];

#pragma GCC unroll 1
    for (int j = 0; j < IN; j++) {
        for (int i = 0; i < IN; i++)
            line[i] = ost_eight_load(m + (i * IN + j) * plane);
        side_output(line, 1, out, half[j]);
    }
#pragma GCC unroll 1
    for (int i = 0; i < out; i++) {
        side_output(&half[0][i], MOST, out, line);
        for (int j = 0; j < out; j++)
            ost_eight_store(y + i * row + j * pixel,
                            finished(line[j], end, finish,
                                     z ? z + i * row + j * pixel : NULL));
    }
}

void ost_wino_input(const ost_wino_value *v, const float *x,
                    const ost_wino_grid *grid, const int64_t padding[3],
                    int64_t first, int64_t count, int64_t e0, int64_t e1,
                    ost_wino_planes to)
{
    corner at[OST_WINO_TILES];
    float square[IN * IN * E];
    int64_t row = v->side[1] * v->block;

    find_corners(grid, padding, first, count, at);
    for (int64_t e = e0; e < e1; e++)
        for (int64_t i = 0; i < count; i++) {
            int64_t z = at[i].z + e / v->eights;
            const float *from = x + eight_at(v, at[i].item, z, e % v->eights);
            float *t = to.data + (e - e0) * to.eight + i * E;

            if (z < 0 || z >= v->depth) {
                for (int64_t k = 0; k < OST_WINO_PLANES; k++)
                    ost_eight_store(t + k * to.plane, ost_eight_of(0.0f));
            } else if (is_inside(v, &at[i], IN)) {
                tile_input(from + at[i].y * row + at[i].x * v->block, row,
                           v->block, t, to.plane);
            } else {
                cut_tile(v, from, &at[i], IN, square);
                tile_input(square, IN * E, E, t, to.plane);
            }
        }
}

OST_EIGHT_INLINE void output_grad(const ost_wino_value *v, const float *dy,
                                  const ost_wino_grid *grid, int out,
                                  int64_t first, int64_t count, int64_t e0,
                                  int64_t e1, ost_wino_planes to)
{
    corner at[OST_WINO_TILES];
    float square[MOST * MOST * E];
    int64_t row = v->side[1] * v->block;

    find_corners(grid, (int64_t[3]){ 0, 0, 0 }, first, count, at);
    for (int64_t e = e0; e < e1; e++)
        for (int64_t i = 0; i < count; i++) {
            const float *from = dy + eight_at(v, at[i].item, at[i].z, e);
            float *t = to.data + (e - e0) * to.eight + i * E;

            if (is_inside(v, &at[i], out)) {
                tile_grad(from + at[i].y * row + at[i].x * v->block, row,
                          v->block, out, t, to.plane);
            } else {
                cut_tile(v, from, &at[i], out, square);
                tile_grad(square, out * E, E, out, t, to.plane);
            }
        }
}

void ost_wino_output_grad(const ost_wino_value *v, const float *dy,
                          const ost_wino_grid *grid, int64_t first,
                          int64_t count, int64_t e0, int64_t e1,
                          ost_wino_planes to)
{
    if (grid->out == MOST)
        output_grad(v, dy, grid, MOST, first, count, e0, e1, to);
    else
        output_grad(v, dy, grid, 2, first, count, e0, e1, to);
}

OST_EIGHT_INLINE void output(ost_wino_planes m, const ost_wino_value *v,
                             float *y, const ost_wino_end *end,
                             const ost_wino_grid *grid, int out, bool finish,
                             int64_t first, int64_t count, int64_t e0,
                             int64_t e1)
{
    corner at[OST_WINO_TILES];
    float square[MOST * MOST * E];
    float added[MOST * MOST * E];
    const float *z = finish ? addend_of(end) : NULL;
    int64_t row = v->side[1] * v->block;

    find_corners(grid, (int64_t[3]){ 0, 0, 0 }, first, count, at);
    for (int64_t e = e0; e < e1; e++) {
        eight_end last = end_of(end, e);

        for (int64_t i = 0; i < count; i++) {
            int64_t place = eight_at(v, at[i].item, at[i].z, e);
            const float *t = m.data + (e - e0) * m.eight + i * E;
            int64_t inner = at[i].y * row + at[i].x * v->block;

            if (is_inside(v, &at[i], out)) {
                tile_output(t, m.plane, &last, finish, out,
                            z ? z + place + inner : NULL, y + place + inner,
                            row, v->block);
            } else {
                if (z)
                    cut_tile(v, z + place, &at[i], out, added);
                tile_output(t, m.plane, &last, finish, out, z ? added : NULL,
                            square, out * E, E);
                put_tile(v, y + place, &at[i], out, square);
            }
        }
    }
}

void ost_wino_output(ost_wino_planes m, const ost_wino_value *v, float *y,
                     const ost_wino_end *end, const ost_wino_grid *grid,
                     int64_t first, int64_t count, int64_t e0, int64_t e1)
{
    bool finish = is_finished(end);

    if (grid->out == MOST && finish)
        output(m, v, y, end, grid, MOST, true, first, count, e0, e1);
    else if (grid->out == MOST)
        output(m, v, y, end, grid, MOST, false, first, count, e0, e1);
    else if (finish)
        output(m, v, y, end, grid, 2, true, first, count, e0, e1);
    else
        output(m, v, y, end, grid, 2, false, first, count, e0, e1);
}
