/* kernels/stats/line.c - polylines */
#include "kernels/stats/line.h"

#include "base/banned.h"

double ost_trapezoid(const double *x, const double *y, size_t n)
{
    double area = 0;

    for (size_t i = 1; i < n; i++)
        area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
    return area;
}

double ost_interpolate(const double *x, const double *y, size_t n, double at)
{
    size_t lo = 0, hi = n;
    double slope;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (x[mid] <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return y[0];
    lo--;
    if (lo == n - 1 || x[lo] == at)
        return y[lo];
    slope = (y[lo + 1] - y[lo]) / (x[lo + 1] - x[lo]);
    return slope * (at - x[lo]) + y[lo];
}
