/* kernels/stats/quantile.h - quantiles by linear interpolation
 *
 * NumPy's default ("linear", type 7 of Hyndman and Fan 1996), to the last bit:
 * position q (n - 1), and beyond the middle of a gap counted from its end.
 */
#ifndef OST_KERNELS_STATS_QUANTILE_H
#define OST_KERNELS_STATS_QUANTILE_H

#include <stddef.h>

/* Of n rising numbers, 0 <= q <= 1.  NaN of none. */
double ost_quantile_sorted(const double *v, size_t n, double q);

#endif
