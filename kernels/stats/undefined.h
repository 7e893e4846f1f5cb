/* kernels/stats/undefined.h - statistics: pure functions on numbers
 *
 * What all of kernels/stats/ has in common.  Undefined results are NaN;
 * whoever writes them down says why.  Products and sums are rounded apart, so
 * that every machine gets the same bits.
 */
#ifndef OST_KERNELS_STATS_UNDEFINED_H
#define OST_KERNELS_STATS_UNDEFINED_H

#include <math.h>

/* What an undefined result is. */
#define OST_UNDEFINED ((double)NAN)

#endif
