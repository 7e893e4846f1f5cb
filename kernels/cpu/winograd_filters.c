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
};

/* Rows of G: the powers of p and of q over the products of the distances to
 * the other points. */
static const float rows[2][MOST] = {
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
            ost_eight f = ost_eight_of(rows[h][k]);

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
        t[k] = ost_eight_fma(ost_eight_of(rows[0][k]), p[k % 2],
                             ost_eight_of(rows[1][k]) * q[k % 2]);
    t[0] = ost_eight_fma(ost_eight_of(first), u[0], t[0]);
    t[side - 1] += u[5 * step];
}

/* Vectors, SQUARE floats from tap to tap, to 36, `step` floats apart. */
OST_EIGHT_INLINE void filter(const float *g, int side, float *u, int64_t step)
{
    ost_eight half[MOST][IN];
    ost_eight line[IN];

    for (int j = 0; j < side; j++) {
        for (int i = 0; i < side; i++)
            line[i] = ost_eight_load(g + (i * side + j) * SQUARE);
        side_filter(line, 1, side, half[j]);
    }
    for (int i = 0; i < IN; i++) {
        side_filter(&half[0][i], IN, side, line);
        for (int j = 0; j < IN; j++)
            ost_eight_store(u + (i * IN + j) * step, line[j]);
    }
}

OST_EIGHT_INLINE void filter_grad(const float *du, int64_t step, int side,
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
            ost_eight_store(dg + (i * side + j) * SQUARE, line[j]);
    }
}

/* The pair of eights at `g` with in and out exchanged and turned around. */
static void turn(const float *g, int64_t taps, float *turned)
{
    for (int64_t tap = 0; tap < taps; tap++, g += SQUARE) {
        float *to = turned + (taps - 1 - tap) * SQUARE;

        for (int i = 0; i < E; i++)
            for (int o = 0; o < E; o++)
                to[o * E + i] = g[i * E + o];
    }
}

static int64_t eights_of_panel(int64_t panel, int64_t eights)
{
    int64_t rest = eights - panel * OST_WINO_PANEL;

    return rest < OST_WINO_PANEL ? rest : OST_WINO_PANEL;
}

/* The weights from eight `i` to eight `o` in a slice. */
static int64_t pair_at(const ost_wino_weights *w, int64_t o, int64_t i,
                       int64_t slice)
{
    return ((o * w->in + i) * w->depth + slice) * w->side * w->side * SQUARE;
}

void ost_wino_filter(const ost_wino_weights *w, const float *g, bool turned,
                     int64_t panel, float *u, int64_t step)
{
    int64_t in = turned ? w->out : w->in;
    int64_t out = turned ? w->in : w->out;
    int64_t count = eights_of_panel(panel, out);
    float pair[MOST * MOST * SQUARE];

    for (int64_t e = 0; e < in * w->depth * count; e++) {
        int64_t i = e / count % in;
        int64_t slice = e / count / in;
        int64_t o = panel * OST_WINO_PANEL + e % count;
        const float *from = g + pair_at(w, o, i, slice);
        float *to = u + (e / count * E * count + e % count) * E;

        if (turned) {
            turn(g + pair_at(w, i, o, w->depth - 1 - slice), w->side * w->side,
                 pair);
            from = pair;
        }
        for (int64_t c = 0; c < E; c++)
            if (w->side == 3)
                filter(from + c * E, 3, to + c * count * E, step);
            else
                filter(from + c * E, MOST, to + c * count * E, step);
    }
}

void ost_wino_filter_grad(const ost_wino_weights *w, const float *du,
                          int64_t step, int64_t panel, float *dg)
{
    int64_t count = eights_of_panel(panel, w->out);

    for (int64_t e = 0; e < w->in * w->depth * count; e++) {
        int64_t o = panel * OST_WINO_PANEL + e % count;
        const float *from = du + (e / count * E * count + e % count) * E;
        float *to = dg + pair_at(w, o, e / count % w->in, e / count / w->in);

        for (int64_t c = 0; c < E; c++)
            if (w->side == 3)
                filter_grad(from + c * count * E, step, 3, to + c * E);
            else
                filter_grad(from + c * count * E, step, MOST, to + c * E);
    }
}
