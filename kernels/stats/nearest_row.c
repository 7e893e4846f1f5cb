/* kernels/stats/nearest_row.c - the nearest image of a set
 *
 * Squares are added in eight lanes, so that the compiler's choice of vectors
 * does not matter; a row that is already farther than the best is left.
 */
#include "kernels/stats/image_sets.h"

#include <math.h>
#include <stddef.h>

#include "base/banned.h"

enum { LANES = 8, LOOK = 512 }; /* numbers between two looks */

static double add_lanes(const double *s)
{
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

/* Squared distance, or something of at least `most`. */
static double squares(const float *x, const float *y, size_t d, double most)
{
    double s[LANES] = { 0 };
    size_t i = 0;

    while (i + LANES <= d) {
        size_t to = i + LOOK < d ? i + LOOK : d;

        for (; i + LANES <= to; i += LANES)
            for (size_t k = 0; k < LANES; k++) {
                double diff = (double)x[i + k] - (double)y[i + k];

                s[k] += diff * diff;
            }
        if (add_lanes(s) >= most)
            return INFINITY;
    }
    for (size_t k = 0; i < d; i++, k++)
        s[k] += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
    return add_lanes(s);
}

double ost_nearest_row(const float *query, const float *rows, size_t n,
                       size_t d, size_t skip, size_t *index)
{
    double best = INFINITY;

    for (size_t i = 0; i < n; i++) {
        double now;

        if (i == skip)
            continue;
        now = squares(query, rows + i * d, d, best);
        if (now < best) {
            best = now;
            *index = i;
        }
    }
    return sqrt(best);
}
