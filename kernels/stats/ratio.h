/* kernels/stats/ratio.h - exact fractions
 *
 * Numerator and denominator of 128 bits, in lowest terms, the denominator above
 * 0.  What does not fit, and a division by 0, gives the fraction 0/0, which
 * every further step keeps: ask ost_ratio_valid() once at the end.
 */
#ifndef OST_KERNELS_STATS_RATIO_H
#define OST_KERNELS_STATS_RATIO_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 ost_int128;

typedef struct ost_ratio {
    ost_int128 num;
    ost_int128 den; /* 0: not valid */
} ost_ratio;

ost_ratio ost_ratio_of(int64_t num, int64_t den);
ost_ratio ost_ratio_add(ost_ratio a, ost_ratio b);
ost_ratio ost_ratio_sub(ost_ratio a, ost_ratio b);
ost_ratio ost_ratio_mul(ost_ratio a, ost_ratio b);
ost_ratio ost_ratio_div(ost_ratio a, ost_ratio b);

bool ost_ratio_valid(ost_ratio a);
bool ost_ratio_is_whole(ost_ratio a);
/* Below, equal or above: -1, 0, 1, without rounding.  Both are valid. */
int ost_ratio_compare(ost_ratio a, ost_ratio b);
ost_ratio ost_ratio_floor(ost_ratio a);
/* The nearest double, NaN when not valid. */
double ost_ratio_double(ost_ratio a);

/* True when a * b fits in 126 bits: no product of the two overflows. */
bool ost_int128_fits(ost_int128 a, ost_int128 b);

#endif
