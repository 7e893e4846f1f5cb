/* kernels/cpu/sum_squares.c - the sum of the squares of an array
 *
 * The array is cut into as many parts whatever its length, each summed in
 * double on eight lanes, so that the sum is the same for any number of threads.
 */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

enum { PARTS = 64, LANES = 8 };

static double sum_part(const float *v, int64_t n)
{
    double lane[LANES] = { 0.0 };
    double sum = 0.0;
    int64_t i;

    for (i = 0; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)v[i + k] * (double)v[i + k];
    for (; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    for (int k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

ost_rc ost_cpu_sum_squares(const float *v, int64_t count, double *sum,
                           ost_err *err)
{
    double part[PARTS];

    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t p = 0; p < PARTS; p++) {
        int64_t from = count * p / PARTS;

        part[p] = sum_part(v + from, count * (p + 1) / PARTS - from);
    }
    *sum = 0.0;
    for (int p = 0; p < PARTS; p++)
        *sum += part[p];
    return OST_OK;
}
