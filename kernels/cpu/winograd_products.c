/* kernels/cpu/winograd_products.c - the matrix products of one plane
 *
 * Six rows of two vectors stay in registers while the inner side runs.  Every
 * sum is taken one product after the other, each added with one rounding.
 * Where the machine has vectors of sixteen, twelve rows of two of those do: the
 * same sums in the same order.
 */
#include "kernels/cpu/eights.h"
#include "kernels/cpu/wide.h"
#include "kernels/cpu/winograd.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/banned.h"

enum { ROWS = 6, VECTORS = 2 };

#ifdef __x86_64__

/* Vectors of sixteen: `panels` of them, `apart` floats from one to the next, so
 * that numbers that go to all lanes are loaded once for two. */
#define SIXTEEN __attribute__((target("avx512f")))
#define SIXTEEN_INLINE \
    static inline __attribute__((always_inline, target("avx512f")))

enum { WIDE_ROWS = 12, WIDE_PANELS = 2, WIDE = 16 };

SIXTEEN_INLINE void multiply_rows_wide(const float *v, int64_t ve,
                                       int64_t eights, const float *u,
                                       int64_t apart, int panels, int rows,
                                       float *m, int64_t me)
{
    __m512 sum[WIDE_ROWS][WIDE_PANELS];
    __m512 b[WIDE_PANELS];

#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int k = 0; k < panels; k++)
            sum[r][k] = _mm512_setzero_ps();
    for (int64_t e = 0; e < eights; e++, v += ve) {
#pragma GCC unroll 8
        for (int c = 0; c < OST_EIGHT; c++, u += WIDE) {
#pragma GCC unroll 2
            for (int k = 0; k < panels; k++)
                b[k] = _mm512_loadu_ps(u + k * apart);
#pragma GCC unroll 12
            for (int r = 0; r < rows; r++) {
                __m512 a = _mm512_set1_ps(v[r * OST_EIGHT + c]);

#pragma GCC unroll 2
                for (int k = 0; k < panels; k++)
                    sum[r][k] = _mm512_fmadd_ps(a, b[k], sum[r][k]);
            }
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int k = 0; k < panels; k++) {
            float *to = m + 2 * k * me + r * OST_EIGHT;

            _mm256_storeu_ps(to, _mm512_castps512_ps256(sum[r][k]));
            _mm256_storeu_ps(to + me, _mm256_castpd_ps(_mm512_extractf64x4_pd(
                                          _mm512_castps_pd(sum[r][k]), 1)));
        }
}

SIXTEEN_INLINE void multiply_panels(const float *v, int64_t ve, int64_t eights,
                                    const float *u, int64_t apart, int panels,
                                    float *m, int64_t me, int64_t tiles)
{
    int64_t t = 0;

    for (; t + 12 <= tiles; t += 12)
        multiply_rows_wide(v + t * OST_EIGHT, ve, eights, u, apart, panels, 12,
                           m + t * OST_EIGHT, me);
    for (; t + 6 <= tiles; t += 6)
        multiply_rows_wide(v + t * OST_EIGHT, ve, eights, u, apart, panels, 6,
                           m + t * OST_EIGHT, me);
    for (; t + 3 <= tiles; t += 3)
        multiply_rows_wide(v + t * OST_EIGHT, ve, eights, u, apart, panels, 3,
                           m + t * OST_EIGHT, me);
    for (; t < tiles; t++)
        multiply_rows_wide(v + t * OST_EIGHT, ve, eights, u, apart, panels, 1,
                           m + t * OST_EIGHT, me);
}

SIXTEEN static void multiply_two(const float *v, int64_t ve, int64_t eights,
                                 const float *u, int64_t apart, float *m,
                                 int64_t me, int64_t tiles)
{
    multiply_panels(v, ve, eights, u, apart, 2, m, me, tiles);
}

SIXTEEN static void multiply_one(const float *v, int64_t ve, int64_t eights,
                                 const float *u, float *m, int64_t me,
                                 int64_t tiles)
{
    multiply_panels(v, ve, eights, u, 0, 1, m, me, tiles);
}

SIXTEEN_INLINE void correlate_eight(const float *v, const float *w, int64_t we,
                                    int panels, float *du, int64_t apart,
                                    int64_t tiles, bool add)
{
    __m512 sum[OST_EIGHT][WIDE_PANELS];
    __m512 b[WIDE_PANELS];

#pragma GCC unroll 8
    for (int r = 0; r < OST_EIGHT; r++)
#pragma GCC unroll 2
        for (int k = 0; k < panels; k++)
            sum[r][k] = add ? _mm512_loadu_ps(du + k * apart + r * WIDE)
                            : _mm512_setzero_ps();
    for (int64_t t = 0; t < tiles * OST_EIGHT; t += OST_EIGHT) {
#pragma GCC unroll 2
        for (int k = 0; k < panels; k++)
            b[k] = _mm512_castpd_ps(_mm512_insertf64x4(
                _mm512_castps_pd(_mm512_castps256_ps512(
                    _mm256_loadu_ps(w + 2 * k * we + t))),
                _mm256_castps_pd(_mm256_loadu_ps(w + (2 * k + 1) * we + t)),
                1));
#pragma GCC unroll 8
        for (int r = 0; r < OST_EIGHT; r++) {
            __m512 a = _mm512_set1_ps(v[t + r]);

#pragma GCC unroll 2
            for (int k = 0; k < panels; k++)
                sum[r][k] = _mm512_fmadd_ps(a, b[k], sum[r][k]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < OST_EIGHT; r++)
#pragma GCC unroll 2
        for (int k = 0; k < panels; k++)
            _mm512_storeu_ps(du + k * apart + r * WIDE, sum[r][k]);
}

SIXTEEN static void correlate_two(const float *v, int64_t ve, int64_t eights,
                                  const float *w, int64_t we, float *du,
                                  int64_t apart, int64_t tiles, bool add)
{
    for (int64_t e = 0; e < eights; e++)
        correlate_eight(v + e * ve, w, we, 2, du + e * OST_EIGHT * WIDE, apart,
                        tiles, add);
}

SIXTEEN static void correlate_one(const float *v, int64_t ve, int64_t eights,
                                  const float *w, int64_t we, float *du,
                                  int64_t tiles, bool add)
{
    for (int64_t e = 0; e < eights; e++)
        correlate_eight(v + e * ve, w, we, 1, du + e * OST_EIGHT * WIDE, 0,
                        tiles, add);
}

#endif

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
                       const float *u, int64_t out, float *m, int64_t me,
                       int64_t tiles)
{
    int64_t apart = eights * OST_EIGHT * OST_WINO_PANEL * OST_EIGHT;

#ifdef __x86_64__
    if (ost_cpu_width() == OST_WIDTH_AVX512) {
        for (; out >= 2 * OST_WINO_PANEL; out -= 2 * OST_WINO_PANEL) {
            multiply_two(v, ve, eights, u, apart, m, me, tiles);
            u += 2 * apart;
            m += 2 * OST_WINO_PANEL * me;
        }
        if (out >= OST_WINO_PANEL) {
            multiply_one(v, ve, eights, u, m, me, tiles);
            u += apart;
            m += OST_WINO_PANEL * me;
            out -= OST_WINO_PANEL;
        }
    }
#endif
    for (; out >= OST_WINO_PANEL; out -= OST_WINO_PANEL) {
        multiply(v, ve, eights, u, 2, m, me, tiles);
        u += apart;
        m += OST_WINO_PANEL * me;
    }
    if (out > 0)
        multiply(v, ve, eights, u, 1, m, me, tiles);
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
                        const float *w, int64_t we, int64_t out, float *du,
                        int64_t tiles, bool add)
{
    int64_t channels = eights * OST_EIGHT;
    int64_t apart = channels * OST_WINO_PANEL * OST_EIGHT;

#ifdef __x86_64__
    if (ost_cpu_width() == OST_WIDTH_AVX512) {
        for (; out >= 2 * OST_WINO_PANEL; out -= 2 * OST_WINO_PANEL) {
            correlate_two(v, ve, eights, w, we, du, apart, tiles, add);
            w += 2 * OST_WINO_PANEL * we;
            du += 2 * apart;
        }
        if (out >= OST_WINO_PANEL) {
            correlate_one(v, ve, eights, w, we, du, tiles, add);
            w += OST_WINO_PANEL * we;
            du += apart;
            out -= OST_WINO_PANEL;
        }
    }
#endif
    for (; out >= OST_WINO_PANEL; out -= OST_WINO_PANEL) {
        correlate(v, ve, channels, w, we, 2, du, tiles, add);
        w += OST_WINO_PANEL * we;
        du += apart;
    }
    if (out > 0)
        correlate(v, ve, channels, w, we, 1, du, tiles, add);
}
