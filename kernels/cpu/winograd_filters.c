/* kernels/cpu/winograd_filters.c - weights to planes and their gradient back
 *
 * The matrix G of winograd.h; see winograd_tiles.c for the others.
 */
#include "kernels/cpu/eights.h"
#include "kernels/cpu/winograd.h"

#include "base/banned.h"

enum {
    E = OST_EIGHT,
    IN = OST_WINO_IN,
    MOST = 5,       /* side of a kernel */
    SQUARE = E * E, /* weights of one tap of an eight by an eight */
    WHOLE = MOST * MOST,
};

/* Rows of G: the powers of p and of q over the products of the distances to
 * the other points. */
static const float powers[2][MOST] = {
    { -8.0f / 9, -2.0f / 3, -1.0f / 2, -3.0f / 8, -9.0f / 32 },
    { 8.0f / 25, 2.0f / 5, 1.0f / 2, 5.0f / 8, 25.0f / 32 },
};
static const float first = 256.0f / 225;

/* t = G g, where g has `side` numbers */
OST_EIGHT_INLINE void side_filter(const ost_eight *g, int step, int side,
                                  ost_eight *t)
{
    for (int h = 0; h < 2; h++) {
        ost_eight half[2];

        for (int k = 0; k < side; k++) {
            ost_eight f = ost_eight_of(powers[h][k]);

            half[k % 2] = k < 2 ? f * g[k * step]
                                : ost_eight_fma(f, g[k * step], half[k % 2]);
        }
        t[1 + 2 * h] = half[0] + half[1];
        t[2 + 2 * h] = half[0] - half[1];
    }
    t[0] = ost_eight_of(first) * g[0];
    t[5] = g[(side - 1) * step];
}

/* t = G' u, of `side` numbers */
OST_EIGHT_INLINE void side_filter_grad(const ost_eight *u, int step, int side,
                                       ost_eight *t)
{
    ost_eight p[2] = { u[step] + u[2 * step], u[step] - u[2 * step] };
    ost_eight q[2] = { u[3 * step] + u[4 * step], u[3 * step] - u[4 * step] };

    for (int k = 0; k < side; k++)
        t[k] = ost_eight_fma(ost_eight_of(powers[0][k]), p[k % 2],
                             ost_eight_of(powers[1][k]) * q[k % 2]);
    t[0] = ost_eight_fma(ost_eight_of(first), u[0], t[0]);
    t[side - 1] += u[5 * step];
}

/* The taps that a part has: vectors `at` floats from the first weight, -1:
 * zero; to 36, `step` floats apart. */
OST_EIGHT_INLINE void filter(const float *g, const int64_t *at, int side,
                             float *u, int64_t step)
{
    ost_eight half[MOST][IN];
    ost_eight line[IN];

    for (int j = 0; j < side; j++) {
        for (int i = 0; i < side; i++)
            line[i] = at[i * side + j] < 0
                          ? ost_eight_of(0.0f)
                          : ost_eight_load(g + at[i * side + j]);
        side_filter(line, 1, side, half[j]);
    }
    for (int i = 0; i < IN; i++) {
        side_filter(&half[0][i], IN, side, line);
        for (int j = 0; j < IN; j++)
            ost_eight_store(u + (i * IN + j) * step, line[j]);
    }
}

static void put(float *to, ost_eight v, bool add)
{
    ost_eight_store(to, add ? ost_eight_load(to) + v : v);
}

OST_EIGHT_INLINE void filter_grad(const float *du, int64_t step,
                                  const int64_t *at, int side, bool add,
                                  float *dg)
{
    ost_eight half[IN][MOST];
    ost_eight line[IN];

    for (int j = 0; j < IN; j++) {
        for (int i = 0; i < IN; i++)
            line[i] = ost_eight_load(du + (i * IN + j) * step);
        side_filter_grad(line, 1, side, half[j]);
    }
    for (int i = 0; i < side; i++) {
        side_filter_grad(&half[0][i], MOST, side, line);
        for (int j = 0; j < side; j++)
            if (at[i * side + j] >= 0)
                put(dg + at[i * side + j], line[j], add);
    }
}

static int64_t eights_of_panel(int64_t panel, int64_t eights)
{
    int64_t rest = eights - panel * OST_WINO_PANEL;

    return rest < OST_WINO_PANEL ? rest : OST_WINO_PANEL;
}

/* The weights from eight `i` to eight `o`: their first tap. */
static int64_t pair_at(const ost_wino_weights *w, int64_t o, int64_t i)
{
    int64_t many = w->block / E;
    int64_t taps = w->depth * w->side * w->side;

    return (o / many * (w->in / many) + i / many) * taps * w->block * w->block +
           i % many * E * w->block + o % many * E;
}

/* Where the taps of a part are, from the first of all on; -1: nowhere. */
static void find_taps(const ost_wino_weights *w, const ost_wino_grid *g,
                      bool turned, int64_t part, int64_t *at)
{
    int64_t cols = g->line[1].parts;
    int64_t rows = g->line[0].parts;
    int64_t slice = part / (rows * cols);
    const int *y = g->line[0].tap[part / cols % rows];
    const int *x = g->line[1].tap[part % cols];

    if (turned)
        slice = w->depth - 1 - slice;
    for (int64_t i = 0; i < g->taps; i++)
        for (int64_t j = 0; j < g->taps; j++) {
            int64_t tap = (slice * w->side + y[i]) * w->side + x[j];

            at[i * g->taps + j] =
                y[i] < 0 || x[j] < 0 ? -1 : tap * w->block * w->block;
        }
}

/* The taps of all parts of a flat kernel, or of the one that `e` begins. */
typedef struct tap_list {
    int64_t at[WHOLE];
    int64_t each; /* of a part */
} tap_list;

/* The part and the eight of input channels of number `e`, and its taps. */
static const int64_t *find_part(tap_list *list, const ost_wino_weights *w,
                                const ost_wino_grid *g, bool turned, int64_t in,
                                int64_t e, int64_t *i)
{
    ost_wino_place place = ost_wino_place_of(g, in, e);

    *i = place.eight;
    if (w->depth == 1)
        return list->at + place.part * list->each;
    if (place.eight == 0)
        find_taps(w, g, turned, place.part, list->at);
    return list->at;
}

static tap_list list_taps(const ost_wino_weights *w, const ost_wino_grid *g,
                          bool turned)
{
    tap_list list = { .each = g->taps * g->taps };

    for (int64_t part = 0; w->depth == 1 && part < g->parts; part++)
        find_taps(w, g, turned, part, list.at + part * list.each);
    return list;
}

/* An eight by an eight at `g`, `row` floats from row to row, with rows and
 * columns exchanged; `to` has its rows `to_row` floats apart. */
OST_EIGHT_INLINE void turn(const float *g, int64_t row, float *to,
                           int64_t to_row)
{
    ost_eight a[E];
    ost_eight b[E];

    for (int i = 0; i < E; i++)
        a[i] = ost_eight_load(g + i * row);
    for (int i = 0; i < E; i += 2) {
        b[i] =
            __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        b[i + 1] =
            __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < E; i += 4)
        for (int k = 0; k < 2; k++) {
            a[i + k] = __builtin_shufflevector(b[i + k], b[i + k + 2], 0, 1, 8,
                                               9, 4, 5, 12, 13);
            a[i + k + 2] = __builtin_shufflevector(b[i + k], b[i + k + 2], 2, 3,
                                                   10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        ost_eight_store(
            to + i * to_row,
            __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11));
        ost_eight_store(to + (i + 4) * to_row,
                        __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12,
                                                13, 14, 15));
    }
}

/* Weights of a part from one eight to those of a panel, or their gradients. */
typedef struct rows_of {
    const float *g[OST_WINO_PANEL];
    int64_t row; /* floats from one input channel to the next */
    const int64_t *at;
} rows_of;

/* Exchanges in and out of what `from` names; the result is in `pair`, its taps
 * at `near`. */
static rows_of turn_all(const rows_of *from, int64_t taps, int64_t count,
                        float *pair, int64_t *near)
{
    rows_of to = { .row = E, .at = near };

    for (int64_t k = 0; k < count; k++) {
        to.g[k] = pair + k * WHOLE * SQUARE;
        for (int64_t t = 0; t < taps; t++) {
            near[t] = from->at[t] < 0 ? -1 : t * SQUARE;
            if (from->at[t] >= 0)
                turn(from->g[k] + from->at[t], from->row,
                     pair + (k * WHOLE + t) * SQUARE, E);
        }
    }
    return to;
}

/* All that comes in, of a part of `side` taps a side, to `u`. */
OST_EIGHT_INLINE void filter_rows(const rows_of *r, int64_t count, int side,
                                  float *u, int64_t step)
{
    for (int64_t c = 0; c < E; c++)
        for (int64_t k = 0; k < count; k++, u += E) {
            const float *g = r->g[k] + c * r->row;

            if (side == 1)
                ost_eight_store(u, ost_eight_load(g + r->at[0]));
            else
                filter(g, r->at, side, u, step);
        }
}

/* Back from `du` to where `r` says; `add`: to what is there. */
OST_EIGHT_INLINE void filter_grad_rows(const float *du, int64_t step,
                                       const rows_of *r, int64_t count,
                                       int side, bool add)
{
    for (int64_t c = 0; c < E; c++)
        for (int64_t k = 0; k < count; k++, du += E) {
            float *g = (float *)(uintptr_t)r->g[k] + c * r->row;

            if (side == 1)
                put(g + r->at[0], ost_eight_load(du), add);
            else
                filter_grad(du, step, r->at, side, add, g);
        }
}

/* A function for each side, so that each has registers of its own. */
#define SIDE(side)                                                      \
    static __attribute__((noinline)) void filter_##side(                \
        const rows_of *r, int64_t count, float *u, int64_t step)        \
    {                                                                   \
        filter_rows(r, count, side, u, step);                           \
    }                                                                   \
    static __attribute__((noinline)) void filter_grad_##side(           \
        const float *du, int64_t step, const rows_of *r, int64_t count, \
        bool add)                                                       \
    {                                                                   \
        filter_grad_rows(du, step, r, count, side, add);                \
    }
SIDE(1)
SIDE(2)
SIDE(3)
SIDE(4)
SIDE(5)
#undef SIDE

static void (*const filters[])(const rows_of *, int64_t, float *, int64_t) = {
    NULL, filter_1, filter_2, filter_3, filter_4, filter_5,
};

static void (*const filter_grads[])(const float *, int64_t, const rows_of *,
                                    int64_t, bool) = {
    NULL,          filter_grad_1, filter_grad_2,
    filter_grad_3, filter_grad_4, filter_grad_5,
};

void ost_wino_filter(const ost_wino_weights *w, const ost_wino_grid *grid,
                     const float *g, bool turned, int64_t panel, float *u,
                     int64_t step)
{
    int64_t in = turned ? w->out : w->in;
    int64_t count = eights_of_panel(panel, turned ? w->in : w->out);
    float pair[OST_WINO_PANEL * WHOLE * SQUARE];
    tap_list list = list_taps(w, grid, turned);
    bool direct = turned && grid->taps == 1;
    int64_t near[WHOLE];

    for (int64_t e = 0; e < grid->parts * in; e++) {
        int64_t i;
        rows_of r = { .row = w->block,
                      .at = find_part(&list, w, grid, turned, in, e, &i) };

        for (int64_t k = 0; k < count; k++) {
            int64_t o = panel * OST_WINO_PANEL + k;

            r.g[k] = g + (turned ? pair_at(w, i, o) : pair_at(w, o, i));
        }
        for (int64_t k = 0; direct && k < count; k++)
            turn(r.g[k] + r.at[0], r.row, u + (e * E * count + k) * E,
                 count * E);
        if (direct)
            continue;
        if (turned)
            r = turn_all(&r, list.each, count, pair, near);
        filters[grid->taps](&r, count, u + e * E * count * E, step);
    }
}

void ost_wino_filter_grad(const ost_wino_weights *w, const ost_wino_grid *grid,
                          const float *du, int64_t step, int64_t panel,
                          bool add, float *dg)
{
    int64_t count = eights_of_panel(panel, w->out);
    tap_list list = list_taps(w, grid, false);

    for (int64_t e = 0; e < grid->parts * w->in; e++) {
        int64_t i;
        rows_of r = { .row = w->block,
                      .at = find_part(&list, w, grid, false, w->in, e, &i) };

        for (int64_t k = 0; k < count; k++)
            r.g[k] = dg + pair_at(w, panel * OST_WINO_PANEL + k, i);
        filter_grads[grid->taps](du + e * E * count * E, step, &r, count, add);
    }
}
