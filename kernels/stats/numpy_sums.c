/* kernels/stats/numpy_sums.c - sums rounded as NumPy rounds them
 *
 * NumPy adds up to 128 numbers in eight lanes, and halves what is longer.
 */
#include "kernels/stats/numpy_sums.h"

#include "base/alloc.h"

#include <math.h>

#include "base/banned.h"

enum { LANES = 8, BLOCK = 128 };

static double sum_block(const double *v, size_t n)
{
    double r[LANES], sum = 0;
    size_t i = 0;

    if (n >= LANES) {
        for (int k = 0; k < LANES; k++)
            r[k] = v[k];
        for (i = LANES; i + LANES <= n; i += LANES)
            for (int k = 0; k < LANES; k++)
                r[k] += v[i + (size_t)k];
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    for (; i < n; i++)
        sum += v[i];
    return sum;
}

double ost_numpy_sum(const double *v, size_t n)
{
    size_t half = n / 2 - n / 2 % LANES;

    if (n <= BLOCK)
        return sum_block(v, n);
    return ost_numpy_sum(v, half) + ost_numpy_sum(v + half, n - half);
}

double ost_numpy_std(const double *v, size_t n)
{
    double *squares = ost_xalloc(n * sizeof(*squares));
    double mean = ost_numpy_sum(v, n) / (double)n, sum;

    for (size_t i = 0; i < n; i++)
        squares[i] = (v[i] - mean) * (v[i] - mean);
    sum = ost_numpy_sum(squares, n);
    ost_free(squares);
    return sqrt(sum / (double)n);
}
