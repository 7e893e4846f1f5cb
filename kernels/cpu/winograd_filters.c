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
    SIDE = 3,
    SQUARE = E * E, /* weights of one tap of an eight by an eight */
    PAIR = OST_WINO_TAPS * SQUARE,
};

/* t = G g */
OST_EIGHT_INLINE void side_filter(const ost_eight *g, int step, ost_eight *t)
{
    ost_eight even = ost_eight_fma(ost_eight_of(-8.0f / 9), g[0],
                                   ost_eight_of(-0.5f) * g[2 * step]);
    ost_eight odd = ost_eight_of(-2.0f / 3) * g[step];

    t[0] = ost_eight_of(256.0f / 225) * g[0];
    t[1] = even + odd;
    t[2] = even - odd;
    even = ost_eight_fma(ost_eight_of(8.0f / 25), g[0],
                         ost_eight_of(0.5f) * g[2 * step]);
    odd = ost_eight_of(2.0f / 5) * g[step];
    t[3] = even + odd;
    t[4] = even - odd;
    t[5] = g[2 * step];
}

/* t = G' u */
OST_EIGHT_INLINE void side_filter_grad(const ost_eight *u, int step,
                                       ost_eight *t)
{
    ost_eight s1 = u[step] + u[2 * step];
    ost_eight s2 = u[3 * step] + u[4 * step];
    ost_eight d1 = u[step] - u[2 * step];
    ost_eight d2 = u[3 * step] - u[4 * step];

    t[0] = ost_eight_fma(ost_eight_of(256.0f / 225), u[0],
                         ost_eight_fma(ost_eight_of(-8.0f / 9), s1,
                                       ost_eight_of(8.0f / 25) * s2));
    t[1] =
        ost_eight_fma(ost_eight_of(-2.0f / 3), d1, ost_eight_of(2.0f / 5) * d2);
    t[2] = ost_eight_fma(ost_eight_of(0.5f), s2 - s1, u[5 * step]);
}

/* Nine vectors, `tap` floats apart, to 36, `step` floats apart. */
OST_EIGHT_INLINE void filter(const float *g, int64_t tap, float *u,
                             int64_t step)
{
    ost_eight half[SIDE][IN];
    ost_eight line[IN];

#pragma GCC unroll 1
    for (int j = 0; j < SIDE; j++) {
        for (int i = 0; i < SIDE; i++)
            line[i] = ost_eight_load(g + (i * SIDE + j) * tap);
        side_filter(line, 1, half[j]);
    }
#pragma GCC unroll 1
    for (int i = 0; i < IN; i++) {
        side_filter(&half[0][i], IN, line);
        for (int j = 0; j < IN; j++)
            ost_eight_store(u + (i * IN + j) * step, line[j]);
    }
}

OST_EIGHT_INLINE void filter_grad(const float *du, int64_t step, float *dg)
{
    ost_eight half[IN][SIDE];
    ost_eight line[IN];

#pragma GCC unroll 1
    for (int j = 0; j < IN; j++) {
        for (int i = 0; i < IN; i++)
            line[i] = ost_eight_load(du + (i * IN + j) * step);
        side_filter_grad(line, 1, half[j]);
    }
#pragma GCC unroll 1
    for (int i = 0; i < SIDE; i++) {
        side_filter_grad(&half[0][i], SIDE, line);
        for (int j = 0; j < SIDE; j++)
            ost_eight_store(dg + (i * SIDE + j) * SQUARE, line[j]);
    }
}

/* The pair of eights at `g` with in and out exchanged and turned around. */
static void turn(const float *g, float *turned)
{
    for (int tap = 0; tap < OST_WINO_TAPS; tap++, g += SQUARE) {
        float *to = turned + (OST_WINO_TAPS - 1 - tap) * SQUARE;

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

void ost_wino_filter(const ost_wino_weights *w, const float *g, bool turned,
                     int64_t panel, float *u, int64_t step)
{
    int64_t in = turned ? w->out : w->in;
    int64_t out = turned ? w->in : w->out;
    int64_t count = eights_of_panel(panel, out);
    float pair[PAIR];

    for (int64_t k = 0; k < count; k++) {
        int64_t o = panel * OST_WINO_PANEL + k;

        for (int64_t i = 0; i < in; i++) {
            const float *from = g + (turned ? i * out + o : o * in + i) * PAIR;

            if (turned) {
                turn(from, pair);
                from = pair;
            }
            for (int64_t c = 0; c < E; c++)
                filter(from + c * E, SQUARE, u + ((i * E + c) * count + k) * E,
                       step);
        }
    }
}

void ost_wino_filter_grad(const ost_wino_weights *w, const float *du,
                          int64_t step, int64_t panel, float *dg)
{
    int64_t count = eights_of_panel(panel, w->out);

    for (int64_t k = 0; k < count; k++) {
        float *to = dg + (panel * OST_WINO_PANEL + k) * w->in * PAIR;

        for (int64_t i = 0; i < w->in; i++, to += PAIR)
            for (int64_t c = 0; c < E; c++)
                filter_grad(du + ((i * E + c) * count + k) * E, step,
                            to + c * E);
    }
}
