/* kernels/stats/bootstrap_interval.c - from replicates to intervals */
#include "base/alloc.h"
#include "kernels/stats/bootstrap_draws.h"
#include "kernels/stats/distributions.h"
#include "kernels/stats/quantile.h"
#include "kernels/stats/sorting.h"
#include "kernels/stats/sums.h"

#include <assert.h>

#include "base/banned.h"

/* The defined replicates, rising, with their moments; caller frees *sorted. */
static ost_bootstrap_interval summarize(const double *value, size_t n,
                                        size_t stride, double **sorted)
{
    ost_bootstrap_interval i = {
        .interval = { OST_UNDEFINED, OST_UNDEFINED },
        .mean = OST_UNDEFINED,
        .se = OST_UNDEFINED,
    };
    ost_sum sum = { 0, 0 }, squares = { 0, 0 };
    double *v = ost_xalloc((n + 1) * sizeof(*v));

    for (size_t r = 0; r < n; r++) {
        if (isnan(value[r * stride]))
            continue;
        v[i.used++] = value[r * stride];
        ost_sum_add(&sum, value[r * stride]);
    }
    i.skipped = n - i.used;
    if (i.used > 0)
        i.mean = ost_sum_total(&sum) / (double)i.used;
    for (size_t r = 0; r < i.used; r++)
        ost_sum_add(&squares, (v[r] - i.mean) * (v[r] - i.mean));
    if (i.used > 1)
        i.se = sqrt(ost_sum_total(&squares) / (double)(i.used - 1));
    ost_sort_numbers(v, i.used);
    *sorted = v;
    return i;
}

ost_bootstrap_interval ost_percentile_interval(const double *value, size_t n,
                                               size_t stride, double level)
{
    double *sorted, tail = (1 - level) / 2;
    ost_bootstrap_interval i = summarize(value, n, stride, &sorted);

    assert(level > 0 && level < 1);
    i.interval.lo = ost_quantile_sorted(sorted, i.used, tail);
    i.interval.hi = ost_quantile_sorted(sorted, i.used, 1 - tail);
    ost_free(sorted);
    return i;
}

/* Normal quantile of the share of replicates below the estimate. */
static double bias_of(const double *sorted, size_t n, double estimate)
{
    size_t below = 0, equal = 0;

    for (size_t r = 0; r < n; r++) {
        below += sorted[r] < estimate;
        equal += sorted[r] == estimate;
    }
    return ost_normal_quantile(((double)below + (double)equal / 2) / (double)n);
}

/* A sixth of the skewness of what single units do, each weighed by the size
 * of its stratum (Davison and Hinkley 1997, chapter 5.3). */
static double acceleration_of(const ost_bootstrap *b, const double *without,
                              size_t stride)
{
    ost_sum cubes = { 0, 0 }, squares = { 0, 0 };
    double spread;

    for (size_t s = 0; s < b->strata; s++) {
        double n = (double)(b->first[s + 1] - b->first[s]), mean;
        ost_sum sum = { 0, 0 };

        for (size_t k = b->first[s]; k < b->first[s + 1]; k++)
            ost_sum_add(&sum, without[b->member[k] * stride]);
        mean = ost_sum_total(&sum) / n;
        for (size_t k = b->first[s]; k < b->first[s + 1]; k++) {
            double pull = mean - without[b->member[k] * stride];

            pull *= (n - 1) / n;
            ost_sum_add(&squares, pull * pull);
            ost_sum_add(&cubes, pull * pull * pull);
        }
    }
    spread = ost_sum_total(&squares);
    if (spread == 0)
        return 0;
    return ost_sum_total(&cubes) / (6 * spread * sqrt(spread));
}

/* Where the quantile at `z` goes; NaN where it goes nowhere. */
static double moved(double z, double bias, double acceleration)
{
    double at = bias + z, shrink = 1 - acceleration * at;

    return shrink > 0 ? ost_normal_cdf(bias + at / shrink) : OST_UNDEFINED;
}

ost_bootstrap_interval ost_bca_interval(const ost_bootstrap *b,
                                        const double *value, size_t n,
                                        size_t stride, double estimate,
                                        const double *without, double level)
{
    double *sorted, z = ost_two_sided_z(level), bias, acceleration, lo, hi;
    ost_bootstrap_interval i = summarize(value, n, stride, &sorted);

    if (i.used > 0 && !isnan(estimate)) {
        bias = bias_of(sorted, i.used, estimate);
        acceleration = acceleration_of(b, without, stride);
        lo = moved(-z, bias, acceleration);
        hi = moved(z, bias, acceleration);
        if (isfinite(bias) && !isnan(lo) && !isnan(hi)) {
            i.interval.lo = ost_quantile_sorted(sorted, i.used, lo);
            i.interval.hi = ost_quantile_sorted(sorted, i.used, hi);
        }
    }
    ost_free(sorted);
    return i;
}
