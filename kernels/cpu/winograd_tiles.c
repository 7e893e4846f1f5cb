/* kernels/cpu/winograd_tiles.c - tiles of values to planes and back
 *
 * The matrices of winograd.h for the points 0, p, -p, q, -q, infinity with
 * p = 3/4 and q = 5/4; rows of a point and of its negative share their even and
 * odd halves.  A tile that reaches over the border is copied into a square of
 * zeros first.  A tile of one number is its only plane.
 */
#include "kernels/cpu/eights.h"
#include "kernels/cpu/winograd.h"

#include <string.h>

#include "base/banned.h"

enum { E = OST_EIGHT, IN = OST_WINO_IN, MOST = OST_WINO_OUT };

#define P (3.0f / 4)
#define Q (5.0f / 4)

typedef int32_t bits __attribute__((vector_size(E * sizeof(int32_t))));

/* Where a tile is: its item, and the number of its first output. */
typedef struct corner {
    int64_t item;
    int64_t z;
    int64_t y;
    int64_t x;
} corner;

/* Where a tile's numbers are: the first of them, which may lie outside, how far
 * they are apart, and the sides that they are in. */
typedef struct spot {
    int64_t y;
    int64_t x;
    int64_t step[2];
    int64_t end[2];
} spot;

/* Neighboring planes start in different cache sets. */
static int64_t plane_step(int64_t eights, int64_t tiles)
{
    return eights * tiles * E + 2 * E;
}

ost_wino_planes ost_wino_planes_of(float *data, int64_t eights, int64_t tiles)
{
    return (ost_wino_planes){ data, plane_step(eights, tiles), tiles * E };
}

int64_t ost_wino_planes_size(int64_t planes, int64_t eights, int64_t tiles)
{
    return planes * plane_step(eights, tiles);
}

static void find_corners(const ost_wino_grid *g, int64_t first, int64_t count,
                         corner *c)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t t = first + i;

        c[i].item = t / (g->rows * g->cols * g->depth);
        c[i].z = t / (g->rows * g->cols) % g->depth;
        c[i].y = t / g->cols % g->rows * g->out;
        c[i].x = t % g->cols * g->out;
    }
}

/* What part (py, px) of the kernel reads for a tile. */
static spot spot_read(const ost_wino_grid *g, const ost_wino_value *v,
                      const corner *c, int64_t py, int64_t px)
{
    const ost_wino_line *y = &g->line[0];
    const ost_wino_line *x = &g->line[1];

    return (spot){ y->in_step * c->y + y->in_first[py],
                   x->in_step * c->x + x->in_first[px],
                   { y->in_step, x->in_step },
                   { v->side[0], v->side[1] } };
}

/* What is written of a tile; the last of its rows and columns are not there
 * where they would lie behind the end. */
static spot spot_written(const ost_wino_grid *g, const ost_wino_value *v,
                         const corner *c)
{
    const ost_wino_line *y = &g->line[0];
    const ost_wino_line *x = &g->line[1];

    return (spot){ y->out_step * c->y + y->out_first,
                   x->out_step * c->x + x->out_first,
                   { y->out_step, x->out_step },
                   { v->side[0], v->side[1] } };
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

static bool is_inside(const spot *p, int64_t side)
{
    return p->y >= 0 && p->x >= 0 &&
           p->y + (side - 1) * p->step[0] < p->end[0] &&
           p->x + (side - 1) * p->step[1] < p->end[1];
}

/* Floats from the first number of a value to the spot's, from row to row and
 * from column to column. */
static int64_t spot_at(const spot *p, int64_t block)
{
    return (p->y * p->end[1] + p->x) * block;
}

static int64_t spot_row(const spot *p, int64_t block)
{
    return p->step[0] * p->end[1] * block;
}

static int64_t spot_pixel(const spot *p, int64_t block)
{
    return p->step[1] * block;
}

/* Copies what there is of a tile into a square of zeros. */
static void cut_tile(const float *x, const spot *p, int64_t block, int64_t side,
                     float *square)
{
    memset(square, 0, (size_t)(side * side * E) * sizeof(*square));
    for (int64_t i = 0; i < side; i++)
        for (int64_t j = 0; j < side; j++) {
            int64_t y = p->y + i * p->step[0];
            int64_t z = p->x + j * p->step[1];

            if (y >= 0 && z >= 0 && y < p->end[0] && z < p->end[1])
                memcpy(square + (i * side + j) * E,
                       x + (y * p->end[1] + z) * block, E * sizeof(*x));
        }
}

static void put_tile(float *y, const spot *p, int64_t block, int64_t side,
                     const float *square)
{
    for (int64_t i = 0; i < side && p->y + i * p->step[0] < p->end[0]; i++)
        for (int64_t j = 0; j < side && p->x + j * p->step[1] < p->end[1]; j++)
            memcpy(y + spot_at(p, block) + i * spot_row(p, block) +
                       j * spot_pixel(p, block),
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

        if (out > 4)
            even = ost_eight_fma(
                square, ost_eight_fma(square, d[4 * step], d[2 * step]), even);
        else if (out > 2)
            even = ost_eight_fma(square, d[2 * step], even);
        if (out > 3)
            odd = ost_eight_fma(square, d[3 * step], odd);
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
    if (out > 2)
        t[2] = ost_eight_fma(pp, s1, qq * s2);
    if (out > 3)
        t[3] = ost_eight_fma(pp, d1, qq * d2);
    if (out > 4)
        t[4] = ost_eight_fma(pp * pp, s1, qq * qq * s2);
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
                    const ost_wino_grid *g, int64_t first, int64_t count,
                    int64_t e0, int64_t e1, ost_wino_planes to)
{
    int64_t side = g->out + g->taps - 1;
    int64_t rows = g->line[0].parts;
    int64_t cols = g->line[1].parts;
    corner at[OST_WINO_TILES];
    float square[IN * IN * E];

    find_corners(g, first, count, at);
    for (int64_t e = e0; e < e1; e++) {
        ost_wino_place place = ost_wino_place_of(g, v->eights, e);

        for (int64_t i = 0; i < count; i++) {
            int64_t z = at[i].z + place.part / (rows * cols) - g->before;
            const float *from = x + eight_at(v, at[i].item, z, place.eight);
            float *t = to.data + (e - e0) * to.eight + i * E;
            spot p = spot_read(g, v, &at[i], place.part / cols % rows,
                               place.part % cols);
            bool inside = is_inside(&p, side);

            if (z < 0 || z >= v->depth || (g->planes == 1 && !inside)) {
                for (int64_t k = 0; k < g->planes; k++)
                    ost_eight_store(t + k * to.plane, ost_eight_of(0.0f));
            } else if (g->planes == 1) {
                ost_eight_store(t,
                                ost_eight_load(from + spot_at(&p, v->block)));
            } else if (inside) {
                tile_input(from + spot_at(&p, v->block), spot_row(&p, v->block),
                           spot_pixel(&p, v->block), t, to.plane);
            } else {
                cut_tile(from, &p, v->block, IN, square);
                tile_input(square, IN * E, E, t, to.plane);
            }
        }
    }
}

/* The planes of one tile. */
OST_EIGHT_INLINE void grad_planes(const float *dy, int64_t row, int64_t pixel,
                                  int out, float *to, int64_t plane)
{
    if (out == 1)
        ost_eight_store(to, ost_eight_load(dy));
    else
        tile_grad(dy, row, pixel, out, to, plane);
}

OST_EIGHT_INLINE void output_grad(const ost_wino_value *v, const float *dy,
                                  const ost_wino_grid *g, int out,
                                  int64_t first, int64_t count, int64_t e0,
                                  int64_t e1, ost_wino_planes to)
{
    corner at[OST_WINO_TILES];
    float square[MOST * MOST * E];

    find_corners(g, first, count, at);
    for (int64_t e = e0; e < e1; e++)
        for (int64_t i = 0; i < count; i++) {
            const float *from = dy + eight_at(v, at[i].item, at[i].z, e);
            float *t = to.data + (e - e0) * to.eight + i * E;
            spot p = spot_written(g, v, &at[i]);

            if (is_inside(&p, out)) {
                grad_planes(from + spot_at(&p, v->block),
                            spot_row(&p, v->block), spot_pixel(&p, v->block),
                            out, t, to.plane);
            } else {
                cut_tile(from, &p, v->block, out, square);
                grad_planes(square, out * E, E, out, t, to.plane);
            }
        }
}

void ost_wino_output_grad(const ost_wino_value *v, const float *dy,
                          const ost_wino_grid *grid, int64_t first,
                          int64_t count, int64_t e0, int64_t e1,
                          ost_wino_planes to)
{
    if (grid->out == 1)
        output_grad(v, dy, grid, 1, first, count, e0, e1, to);
    else if (grid->out == 2)
        output_grad(v, dy, grid, 2, first, count, e0, e1, to);
    else if (grid->out == 3)
        output_grad(v, dy, grid, 3, first, count, e0, e1, to);
    else if (grid->out == 4)
        output_grad(v, dy, grid, 4, first, count, e0, e1, to);
    else
        output_grad(v, dy, grid, MOST, first, count, e0, e1, to);
}

/* One tile from its planes; `z` as tile_output(). */
OST_EIGHT_INLINE void planes_output(const float *m, int64_t plane,
                                    const eight_end *end, bool finish, int out,
                                    const float *z, float *y, int64_t row,
                                    int64_t pixel)
{
    if (out == 1)
        ost_eight_store(y, finished(ost_eight_load(m), end, finish, z));
    else
        tile_output(m, plane, end, finish, out, z, y, row, pixel);
}

OST_EIGHT_INLINE void output(ost_wino_planes m, const ost_wino_value *v,
                             float *y, const ost_wino_end *end,
                             const ost_wino_grid *g, int out, bool finish,
                             int64_t first, int64_t count, int64_t e0,
                             int64_t e1)
{
    corner at[OST_WINO_TILES];
    float square[MOST * MOST * E];
    float added[MOST * MOST * E];
    const float *z = finish ? addend_of(end) : NULL;

    find_corners(g, first, count, at);
    for (int64_t e = e0; e < e1; e++) {
        eight_end last = end_of(end, e);

        for (int64_t i = 0; i < count; i++) {
            int64_t place = eight_at(v, at[i].item, at[i].z, e);
            const float *t = m.data + (e - e0) * m.eight + i * E;
            spot p = spot_written(g, v, &at[i]);
            int64_t inner = place + spot_at(&p, v->block);

            if (is_inside(&p, out)) {
                planes_output(t, m.plane, &last, finish, out,
                              z ? z + inner : NULL, y + inner,
                              spot_row(&p, v->block), spot_pixel(&p, v->block));
            } else {
                if (z)
                    cut_tile(z + place, &p, v->block, out, added);
                planes_output(t, m.plane, &last, finish, out, z ? added : NULL,
                              square, out * E, E);
                put_tile(y + place, &p, v->block, out, square);
            }
        }
    }
}

void ost_wino_output(ost_wino_planes m, const ost_wino_value *v, float *y,
                     const ost_wino_end *end, const ost_wino_grid *grid,
                     int64_t first, int64_t count, int64_t e0, int64_t e1)
{
#define OUTPUT(out, finish)                                            \
    case 2 * (out) + (finish):                                         \
        output(m, v, y, end, grid, out, finish, first, count, e0, e1); \
        break;
    switch (2 * grid->out + is_finished(end)) {
        OUTPUT(1, false)
        OUTPUT(1, true)
        OUTPUT(2, false)
        OUTPUT(2, true)
        OUTPUT(3, false)
        OUTPUT(3, true)
        OUTPUT(4, false)
        OUTPUT(4, true)
        OUTPUT(5, false)
        OUTPUT(5, true)
    }
#undef OUTPUT
}
