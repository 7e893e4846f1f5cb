/* kernels/stats/mean_tests.c - means of paired differences */
#include "kernels/stats/distributions.h"
#include "kernels/stats/hypothesis.h"
#include "kernels/stats/sums.h"

#include <assert.h>

#include "base/banned.h"

static bool all_equal(const double *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (v[i] != v[0])
            return false;
    }
    return true;
}

ost_test ost_paired_t(const double *difference, size_t n, double ratio)
{
    ost_test out = { .statistic = OST_UNDEFINED,
                     .df = OST_UNDEFINED,
                     .p = OST_UNDEFINED,
                     .estimate = OST_UNDEFINED,
                     .interval = { OST_UNDEFINED, OST_UNDEFINED } };
    ost_sum sum = { 0, 0 }, squares = { 0, 0 };
    double cases = (double)n, se, half;

    assert(ratio >= 0);
    if (n == 0)
        return out;
    for (size_t i = 0; i < n; i++)
        ost_sum_add(&sum, difference[i]);
    out.estimate = ost_sum_total(&sum) / cases;
    if (n < 2)
        return out;
    out.df = cases - 1;
    if (all_equal(difference, n)) {
        out.estimate = difference[0];
        if (difference[0] == 0) {
            out.statistic = 0;
            out.p = 1;
        }
        return out;
    }
    for (size_t i = 0; i < n; i++) {
        double off = difference[i] - out.estimate;

        ost_sum_add(&squares, off * off);
    }
    se = sqrt((1 / cases + ratio) * (ost_sum_total(&squares) / out.df));
    out.statistic = out.estimate / se;
    out.p = 2 * ost_student_sf(fabs(out.statistic), out.df);
    half = ost_student_quantile(0.975, out.df) * se;
    out.interval = (ost_interval){ out.estimate - half, out.estimate + half };
    return out;
}
