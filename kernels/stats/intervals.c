/* kernels/stats/intervals.c - intervals in closed form */
#include "kernels/stats/intervals.h"

#include <assert.h>

#include "base/banned.h"

ost_interval ost_normal_interval(double center, double variance)
{
    double half = OST_Z95 * sqrt(variance);

    if (isnan(center) || isnan(variance))
        return (ost_interval){ OST_UNDEFINED, OST_UNDEFINED };
    return (ost_interval){ fmax(center - half, 0), fmin(center + half, 1) };
}

ost_interval ost_wilson_interval(uint64_t k, uint64_t n)
{
    double cases = (double)n, p, scale, middle, half;
    double z2 = OST_Z95 * OST_Z95;

    assert(k <= n);
    if (n == 0)
        return (ost_interval){ OST_UNDEFINED, OST_UNDEFINED };
    p = (double)k / cases;
    scale = 1 + z2 / cases;
    middle = (p + z2 / (2 * cases)) / scale;
    half =
        OST_Z95 * sqrt(p * (1 - p) / cases + z2 / (4 * cases * cases)) / scale;
    return (ost_interval){ k == 0 ? 0 : fmax(middle - half, 0),
                           k == n ? 1 : fmin(middle + half, 1) };
}
