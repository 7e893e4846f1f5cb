/* kernels/stats/sorting.h - numbers in order, by radix
 *
 * Numbers are finite.  -0 and 0 are equal, and 0 comes out for both.  All
 * functions take time proportional to n but for numbers that agree in their
 * first 33 bits and not in their others, which are sorted apart.  Any thread
 * may call them; room is taken and given back inside.
 */
#ifndef OST_KERNELS_STATS_SORTING_H
#define OST_KERNELS_STATS_SORTING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A whole number that is ordered as `v` is; never 0 nor UINT64_MAX. */
static inline uint64_t ost_sorting_key(double v)
{
    uint64_t bits;

    v += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &v, sizeof(bits));
    return bits ^ ((uint64_t)((int64_t)bits >> 63) | (uint64_t)1 << 63);
}

/* The number of a key. */
static inline double ost_sorting_value(uint64_t key)
{
    uint64_t bits = key ^ (~(uint64_t)((int64_t)key >> 63) | (uint64_t)1 << 63);
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* Sorts n keys, rising.  `room` holds n keys, too; the sorted ones are in
 * whichever of the two is returned. */
uint64_t *ost_sort_keys(uint64_t *key, uint64_t *room, size_t n);

/* Sorts n numbers, rising. */
void ost_sort_numbers(double *v, size_t n);

/* Fills index[] with 0 .. n-1 by falling v, in their order among equals.
 * n < 2^32. */
void ost_sort_falling(const double *v, size_t n, uint32_t *index);

#endif
