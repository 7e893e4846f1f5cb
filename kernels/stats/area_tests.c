/* kernels/stats/area_tests.c - differences of areas under ROC curves */
#include "kernels/stats/distributions.h"
#include "kernels/stats/hypothesis.h"

#include "base/banned.h"

static ost_test test_of(double difference, double variance)
{
    double se = sqrt(variance);
    ost_test t = { .statistic = OST_UNDEFINED,
                   .df = OST_UNDEFINED,
                   .p = OST_UNDEFINED,
                   .estimate = difference,
                   .interval = { OST_UNDEFINED, OST_UNDEFINED } };

    if (isnan(difference) || isnan(variance))
        return t;
    t.interval.lo = fmax(difference - OST_Z95 * se, -1);
    t.interval.hi = fmin(difference + OST_Z95 * se, 1);
    if (variance > 0) {
        t.statistic = difference / se;
        t.p = 2 * ost_normal_sf(fabs(t.statistic));
    } else if (difference == 0) {
        t.statistic = 0;
        t.p = 1;
    }
    return t;
}

ost_test ost_delong_paired(const ost_scores *a, const ost_scores *b)
{
    ost_delong d = ost_delong_covariance(a, b);

    return test_of(d.auc_a - d.auc_b, d.variance_of_difference);
}

ost_test ost_delong_unpaired(const ost_scores *a, const ost_scores *b)
{
    return test_of(ost_auc(a) - ost_auc(b),
                   ost_delong_variance(a) + ost_delong_variance(b));
}
