/* kernels/stats/intervals.c - intervals in closed form */
#include "kernels/stats/intervals.h"

#include "kernels/stats/distributions.h"

#include <assert.h>

#include "base/banned.h"

static ost_interval undefined(void)
{
    return (ost_interval){ OST_UNDEFINED, OST_UNDEFINED };
}

double ost_two_sided_z(double level)
{
    assert(level > 0 && level < 1);
    return level == 0.95 ? OST_Z95 : ost_normal_quantile((1 + level) / 2);
}

static ost_interval clipped_interval(double center, double variance,
                                     double level, double least)
{
    double half = ost_two_sided_z(level) * sqrt(variance);

    if (isnan(center) || isnan(variance))
        return undefined();
    return (ost_interval){ fmax(center - half, least), fmin(center + half, 1) };
}

ost_interval ost_normal_interval(double center, double variance, double level)
{
    return clipped_interval(center, variance, level, 0);
}

ost_interval ost_difference_interval(double center, double variance,
                                     double level)
{
    return clipped_interval(center, variance, level, -1);
}

ost_interval ost_logit_interval(double center, double variance, double level)
{
    double at, half;

    if (!(center > 0 && center < 1) || isnan(variance))
        return undefined();
    at = log(center / (1 - center));
    half = ost_two_sided_z(level) * sqrt(variance) / (center * (1 - center));
    return (ost_interval){ 1 / (1 + exp(half - at)),
                           1 / (1 + exp(-half - at)) };
}

ost_interval ost_wilson_interval(uint64_t k, uint64_t n, double level)
{
    double cases = (double)n, z = ost_two_sided_z(level), z2 = z * z;
    double p, scale, middle, half;

    assert(k <= n);
    if (n == 0)
        return undefined();
    p = (double)k / cases;
    scale = 1 + z2 / cases;
    middle = (p + z2 / (2 * cases)) / scale;
    half = z * sqrt(p * (1 - p) / cases + z2 / (4 * cases * cases)) / scale;
    return (ost_interval){ k == 0 ? 0 : fmax(middle - half, 0),
                           k == n ? 1 : fmin(middle + half, 1) };
}

ost_interval ost_clopper_pearson_interval(uint64_t k, uint64_t n, double level)
{
    double hits = (double)k, misses, tail = (1 - level) / 2;

    assert(k <= n && level > 0 && level < 1);
    if (n == 0)
        return undefined();
    misses = (double)(n - k);
    return (ost_interval){
        k == 0 ? 0 : ost_beta_quantile(tail, hits, misses + 1),
        k == n ? 1 : ost_beta_quantile(1 - tail, hits + 1, misses),
    };
}

double ost_hanley_mcneil_variance(double auc, uint64_t positives,
                                  uint64_t negatives)
{
    double m = (double)positives, n = (double)negatives, square = auc * auc;
    double q1 = auc / (2 - auc), q2 = 2 * square / (1 + auc);

    if (positives == 0 || negatives == 0)
        return OST_UNDEFINED;
    return (auc * (1 - auc) + (m - 1) * (q1 - square) +
            (n - 1) * (q2 - square)) /
           (m * n);
}
