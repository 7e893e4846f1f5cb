/* kernels/stats/published.h - figures as they stand in print
 *
 * A printed decimal stands for all numbers that print so.  With u one unit of
 * its last digit, "0.916" is
 *
 *     nearest     value - u/2 .. value + u/2, both ends with it: half up, half
 *                 down and half to even are all accepted
 *     cut         value .. value + u, without the upper end
 *     either      value - u/2 .. value + u, without the upper end
 *
 * "92.59 %" is a hundredth of that; "<0.001", ">0.05" and "<=", ">=" are
 * bounds.  All bounds are whole multiples of 1/den: whether k/n prints so is
 * decided in whole numbers, never by comparing doubles.
 */
#ifndef OST_KERNELS_STATS_PUBLISHED_H
#define OST_KERNELS_STATS_PUBLISHED_H

#include "kernels/stats/ratio.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum ost_rounding {
    OST_ROUNDING_NEAREST,
    OST_ROUNDING_CUT,
    OST_ROUNDING_EITHER,
} ost_rounding;

/* The most digits that a figure may have. */
enum { OST_PRINTED_DIGITS = 9 };
/* The largest count that figures are held against. */
enum { OST_PRINTED_COUNT = 1000000 };

typedef struct ost_printed {
    int64_t lower; /* of den */
    int64_t upper;
    int64_t den;
    bool lower_open; /* the end itself does not print so */
    bool upper_open;
    bool percent;
    bool bound; /* "<" and the like */
    int decimals;
    int64_t value; /* of den: what is printed */
} ost_printed;

/* False when `text` is no such figure: a sign, two points, other units, more
 * than OST_PRINTED_DIGITS digits.  A comma as decimal sign is none either. */
bool ost_printed_parse(const char *text, ost_rounding rounding, ost_printed *p);

/* True when k/n, or a fraction, prints so; 0/0 is taken for 0. */
bool ost_printed_ratio(const ost_printed *p, int64_t k, int64_t n);
bool ost_printed_exact(const ost_printed *p, ost_ratio v);
/* The same for what is only known as a double, within 1e-12. */
bool ost_printed_double(const ost_printed *p, double v);

/* The smallest and largest k of 0..most for which k/n prints so; false when
 * there is none. */
bool ost_printed_numerators(const ost_printed *p, int64_t n, int64_t most,
                            int64_t *low, int64_t *high);
/* The same for n of k..most, 0 < k. */
bool ost_printed_denominators(const ost_printed *p, int64_t k, int64_t most,
                              int64_t *low, int64_t *high);

ost_ratio ost_printed_lower(const ost_printed *p);
ost_ratio ost_printed_upper(const ost_printed *p);

#endif
