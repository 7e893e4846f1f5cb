/* kernels/stats/numpy_sums.h - sums rounded as NumPy rounds them
 *
 * Where a published rule compares two sums, the last bit decides.
 */
#ifndef OST_KERNELS_STATS_NUMPY_SUMS_H
#define OST_KERNELS_STATS_NUMPY_SUMS_H

#include <stddef.h>

/* sum() of contiguous numbers. */
double ost_numpy_sum(const double *v, size_t n);
/* std() of them, ddof 0; n > 0. */
double ost_numpy_std(const double *v, size_t n);

#endif
