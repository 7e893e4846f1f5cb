/* base/rng.h - counter-based random numbers (Philox 4x32-10)
 *
 * Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011.  A stream is named by a 64-bit key and a 64-bit stream number;
 * number n of a stream depends on nothing else.
 */
#ifndef OST_BASE_RNG_H
#define OST_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct ost_rng {
    uint64_t key;
    uint64_t stream;
    uint64_t counter; /* next block of four */
    uint32_t block[4];
    unsigned used; /* numbers of the block that were drawn */
} ost_rng;

/* The generator itself: 128-bit counter and 64-bit key to four numbers. */
void ost_philox(const uint32_t counter[4], const uint32_t key[2],
                uint32_t out[4]);

ost_rng ost_rng_of(uint64_t key, uint64_t stream);
uint32_t ost_rng_u32(ost_rng *r);
uint64_t ost_rng_u64(ost_rng *r);
/* Uniform in [0, 1) with 53 bits; in [lo, hi). */
double ost_rng_f64(ost_rng *r);
double ost_rng_range(ost_rng *r, double lo, double hi);
/* Uniform in 0 .. n-1 without bias (rejection); n > 0. */
uint64_t ost_rng_below(ost_rng *r, uint64_t n);
/* Standard normal (Box-Muller, one of the pair is used). */
double ost_rng_normal(ost_rng *r);
/* Fisher-Yates over an array of indices. */
void ost_rng_shuffle(ost_rng *r, uint32_t *index, size_t n);

#endif
