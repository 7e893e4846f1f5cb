/* kernels/stats/sums.h - sums that do not lose small terms
 *
 * Neumaier's compensated sum (1974): what each addition rounds away is summed
 * apart.  The result of any order of terms is right to about one unit in the
 * last place, from basic arithmetic alone.
 */
#ifndef OST_KERNELS_STATS_SUMS_H
#define OST_KERNELS_STATS_SUMS_H

#include <math.h>

/* A zeroed ost_sum is an empty sum. */
typedef struct ost_sum {
    double sum;
    double lost;
} ost_sum;

static inline void ost_sum_add(ost_sum *s, double v)
{
    double t = s->sum + v;

    s->lost += fabs(s->sum) >= fabs(v) ? (s->sum - t) + v : (v - t) + s->sum;
    s->sum = t;
}

static inline double ost_sum_total(const ost_sum *s)
{
    return s->sum + s->lost;
}

#endif
