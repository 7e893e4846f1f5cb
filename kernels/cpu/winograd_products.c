/* kernels/cpu/winograd_products.c - the matrix products of one plane
 *
 * Six rows of two vectors stay in registers while the inner side runs.  Every
 * sum is taken one product after the other, each added with one rounding.
 */
#include "kernels/cpu/eights.h"
#include "kernels/cpu/winograd.h"

#include "base/banned.h"

enum { ROWS = 6, VECTORS = 2 };

/* Outputs of `rows` neighboring tiles. */
OST_EIGHT_INLINE void multiply_rows(const float *v, int64_t ve, int64_t eights,
                                    const float *u, int vectors, int rows,
                                    float *m, int64_t me)
{
    ost_eight sum[ROWS][VECTORS] = { { { 0 } } };
    ost_eight b[VECTORS];

    for (int64_t e = 0; e < eights; e++, v += ve) {
#pragma GCC unroll 8
        for (int c = 0; c < OST_EIGHT; c++, u += vectors * OST_EIGHT) {
#pragma GCC unroll 2
            for (int k = 0; k < vectors; k++)
                b[k] = ost_eight_load(u + k * OST_EIGHT);
#pragma GCC unroll 6
            for (int r = 0; r < rows; r++) {
                ost_eight a = ost_eight_of(v[r * OST_EIGHT + c]);

#pragma GCC unroll 2
                for (int k = 0; k < vectors; k++)
                    sum[r][k] = ost_eight_fma(a, b[k], sum[r][k]);
            }
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int k = 0; k < vectors; k++)
            ost_eight_store(m + k * me + r * OST_EIGHT, sum[r][k]);
}

OST_EIGHT_INLINE void multiply(const float *v, int64_t ve, int64_t eights,
                               const float *u, int vectors, float *m,
                               int64_t me, int64_t tiles)
{
    for (; tiles >= ROWS;
         tiles -= ROWS, v += ROWS * OST_EIGHT, m += ROWS * OST_EIGHT)
        multiply_rows(v, ve, eights, u, vectors, ROWS, m, me);
    if (tiles >= 4) {
        multiply_rows(v, ve, eights, u, vectors, 4, m, me);
        tiles -= 4;
        v += 4 * OST_EIGHT;
        m += 4 * OST_EIGHT;
    }
    for (; tiles > 0; tiles--, v += OST_EIGHT, m += OST_EIGHT)
        multiply_rows(v, ve, eights, u, vectors, 1, m, me);
}

void ost_wino_multiply(const float *v, int64_t ve, int64_t eights,
                       const float *u, int lanes, float *m, int64_t me,
                       int64_t tiles)
{
    if (lanes == OST_EIGHT)
        multiply(v, ve, eights, u, 1, m, me, tiles);
    else
        multiply(v, ve, eights, u, 2, m, me, tiles);
}

/* Sums of `rows` neighboring input channels, the first of which is `c`. */
OST_EIGHT_INLINE void correlate_rows(const float *v, int64_t ve, int64_t c,
                                     int rows, const float *w, int64_t we,
                                     int vectors, float *du, int64_t tiles,
                                     bool add)
{
    ost_eight sum[ROWS][VECTORS] = { { { 0 } } };
    const float *row[ROWS];
    ost_eight b[VECTORS];

#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        row[r] = v + (c + r) / OST_EIGHT * ve + (c + r) % OST_EIGHT;
#pragma GCC unroll 2
        for (int k = 0; add && k < vectors; k++)
            sum[r][k] = ost_eight_load(du + (r * vectors + k) * OST_EIGHT);
    }
    for (int64_t t = 0; t < tiles * OST_EIGHT; t += OST_EIGHT) {
#pragma GCC unroll 2
        for (int k = 0; k < vectors; k++)
            b[k] = ost_eight_load(w + k * we + t);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            ost_eight a = ost_eight_of(row[r][t]);

#pragma GCC unroll 2
            for (int k = 0; k < vectors; k++)
                sum[r][k] = ost_eight_fma(a, b[k], sum[r][k]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int k = 0; k < vectors; k++)
            ost_eight_store(du + (r * vectors + k) * OST_EIGHT, sum[r][k]);
}

OST_EIGHT_INLINE void correlate(const float *v, int64_t ve, int64_t channels,
                                const float *w, int64_t we, int vectors,
                                float *du, int64_t tiles, bool add)
{
    int64_t c = 0;

    for (; c + ROWS <= channels; c += ROWS)
        correlate_rows(v, ve, c, ROWS, w, we, vectors,
                       du + c * vectors * OST_EIGHT, tiles, add);
    if (c + 4 <= channels) {
        correlate_rows(v, ve, c, 4, w, we, vectors,
                       du + c * vectors * OST_EIGHT, tiles, add);
        c += 4;
    }
    for (; c + 2 <= channels; c += 2)
        correlate_rows(v, ve, c, 2, w, we, vectors,
                       du + c * vectors * OST_EIGHT, tiles, add);
}

void ost_wino_correlate(const float *v, int64_t ve, int64_t eights,
                        const float *w, int64_t we, int lanes, float *du,
                        int64_t tiles, bool add)
{
    if (lanes == OST_EIGHT)
        correlate(v, ve, eights * OST_EIGHT, w, we, 1, du, tiles, add);
    else
        correlate(v, ve, eights * OST_EIGHT, w, we, 2, du, tiles, add);
}
