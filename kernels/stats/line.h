/* kernels/stats/line.h - polylines: area below and height at a place */
#ifndef OST_KERNELS_STATS_LINE_H
#define OST_KERNELS_STATS_LINE_H

#include <stddef.h>

/* Area under (x[i], y[i]) by the trapezoid rule. */
double ost_trapezoid(const double *x, const double *y, size_t n);
/* y at `at` on the line through (x[i], y[i]), x not falling, n > 0: the last y
 * where x repeats; the nearest end outside. */
double ost_interpolate(const double *x, const double *y, size_t n, double at);

#endif
