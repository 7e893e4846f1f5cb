/* kernels/stats/intervals.h - intervals in closed form
 *
 * `level` is how often the interval is meant to hold the truth, 0 < level < 1:
 * 0.95 gives the usual one, with OST_Z95 to the last digit.  docs/intervals.md
 * says which to take when, and how often each really holds the truth.
 */
#ifndef OST_KERNELS_STATS_INTERVALS_H
#define OST_KERNELS_STATS_INTERVALS_H

#include "kernels/stats/undefined.h"

#include <stdint.h>

typedef struct ost_interval {
    double lo; /* NaN when undefined */
    double hi;
} ost_interval;

/* 0.975 quantile of the standard normal distribution. */
#define OST_Z95 1.959963984540054

/* The z that a standard normal number stays within, -z .. z, this often. */
double ost_two_sided_z(double level);

/* center -+ z sqrt(variance), clipped to 0..1: an area or a mean of rates. */
ost_interval ost_normal_interval(double center, double variance, double level);
/* The same clipped to -1..1: a difference of two such numbers. */
ost_interval ost_difference_interval(double center, double variance,
                                     double level);
/* The normal interval of ln(c / (1 - c)) turned back, which never leaves 0..1
 * and is longer towards 0.5.  Undefined at 0 and 1.  Takes a logarithm and an
 * exponential from the C library, whose last digits may differ between
 * machines. */
ost_interval ost_logit_interval(double center, double variance, double level);

/* Wilson's score interval of the proportion k / n (1927). */
ost_interval ost_wilson_interval(uint64_t k, uint64_t n, double level);
/* The exact interval of Clopper and Pearson (1934), from beta quantiles: holds
 * the truth at least as often as `level`, whatever the truth is. */
ost_interval ost_clopper_pearson_interval(uint64_t k, uint64_t n, double level);

/* The variance of an area from the area and the counts alone (Hanley and
 * McNeil 1982), for published figures without their cases; where there are
 * cases, DeLong's (scores.h) assumes less.  NaN without both classes. */
double ost_hanley_mcneil_variance(double auc, uint64_t positives,
                                  uint64_t negatives);

#endif
