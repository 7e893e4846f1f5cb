/* kernels/stats/quantile.c - quantiles by linear interpolation */
#include "kernels/stats/quantile.h"

#include "kernels/stats/undefined.h"

#include <assert.h>

#include "base/banned.h"

double ost_quantile_sorted(const double *v, size_t n, double q)
{
    double position, t, lo, hi;
    size_t below;

    assert(q >= 0 && q <= 1);
    if (n == 0)
        return OST_UNDEFINED;
    position = q * (double)(n - 1);
    below = (size_t)position;
    if (below >= n - 1)
        return v[n - 1];
    t = position - (double)below;
    lo = v[below];
    hi = v[below + 1];
    return t >= 0.5 ? hi - (hi - lo) * (1 - t) : lo + (hi - lo) * t;
}
