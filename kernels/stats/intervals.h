/* kernels/stats/intervals.h - 95 % intervals of areas and proportions
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

/* center -+ z sqrt(variance), clipped to 0..1. */
ost_interval ost_normal_interval(double center, double variance);
/* Wilson's score interval of the proportion k / n. */
ost_interval ost_wilson_interval(uint64_t k, uint64_t n);

#endif
