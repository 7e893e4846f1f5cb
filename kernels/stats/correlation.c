/* kernels/stats/correlation.c - two numbers of each case */
#include "base/alloc.h"
#include "kernels/stats/distributions.h"
#include "kernels/stats/hypothesis.h"
#include "kernels/stats/sorting.h"
#include "kernels/stats/sums.h"

#include "base/banned.h"

static double mean_of(const double *v, size_t n)
{
    ost_sum sum = { 0, 0 };

    for (size_t i = 0; i < n; i++)
        ost_sum_add(&sum, v[i]);
    return ost_sum_total(&sum) / (double)n;
}

static bool constant(const double *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (v[i] != v[0])
            return false;
    }
    return true;
}

/* Largest distance from `mean`, which scales squares into range. */
static double reach(const double *v, size_t n, double mean)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i] - mean));
    return most;
}

static double coefficient(const double *x, const double *y, size_t n)
{
    double mx = mean_of(x, n), my = mean_of(y, n);
    double sx = reach(x, n, mx), sy = reach(y, n, my);
    ost_sum xx = { 0, 0 }, yy = { 0, 0 }, xy = { 0, 0 };
    double r;

    if (!(sx > 0) || !(sy > 0) || !isfinite(sx) || !isfinite(sy))
        return OST_UNDEFINED;
    for (size_t i = 0; i < n; i++) {
        double dx = (x[i] - mx) / sx, dy = (y[i] - my) / sy;

        ost_sum_add(&xx, dx * dx);
        ost_sum_add(&yy, dy * dy);
        ost_sum_add(&xy, dx * dy);
    }
    r = ost_sum_total(&xy) / sqrt(ost_sum_total(&xx) * ost_sum_total(&yy));
    return fmax(fmin(r, 1), -1);
}

/* `spread` is the variance of artanh r, times n - 3. */
static ost_test test_of(double r, size_t n, double spread)
{
    double cases = (double)n, half;
    ost_test out = { .statistic = OST_UNDEFINED,
                     .df = OST_UNDEFINED,
                     .p = OST_UNDEFINED,
                     .estimate = r,
                     .interval = { OST_UNDEFINED, OST_UNDEFINED } };

    if (n < 3 || isnan(r))
        return out;
    out.df = cases - 2;
    out.statistic = r * sqrt(out.df / ((1 - r) * (1 + r)));
    out.p = 2 * ost_student_sf(fabs(out.statistic), out.df);
    if (n < 4)
        return out;
    half = OST_Z95 * sqrt(spread / (cases - 3));
    out.interval.lo = tanh(atanh(r) - half);
    out.interval.hi = tanh(atanh(r) + half);
    return out;
}

ost_test ost_pearson_correlation(const double *x, const double *y, size_t n)
{
    double r = n < 2 || constant(x, n) || constant(y, n) ? OST_UNDEFINED
                                                         : coefficient(x, y, n);

    return test_of(r, n, 1);
}

ost_test ost_spearman_correlation(const double *x, const double *y, size_t n)
{
    double *rank = ost_xalloc(2 * sizeof(*rank) * (n + 1));
    double r;

    ost_mid_ranks(x, n, rank);
    ost_mid_ranks(y, n, rank + n);
    r = ost_pearson_correlation(rank, rank + n, n).estimate;
    ost_free(rank);
    return test_of(r, n, 1 + r * r / 2);
}

void ost_mid_ranks(const double *v, size_t n, double *rank)
{
    uint32_t *index = ost_xalloc(sizeof(*index) * (n + 1));

    ost_sort_falling(v, n, index);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && v[index[end]] == v[index[i]];)
            end++;
        /* Places i .. end - 1 from the top are n - end + 1 .. n - i. */
        for (size_t k = i; k < end; k++)
            rank[index[k]] = (double)(2 * n - i - end + 1) / 2;
    }
    ost_free(index);
}
