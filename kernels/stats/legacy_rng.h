/* kernels/stats/legacy_rng.h - the random numbers of NumPy's RandomState
 *
 * MT19937 (Matsumoto and Nishimura 1998) seeded by a whole number, and what
 * NumPy's frozen RandomState draws from it: the same seed gives the same
 * numbers, folds and resamples as published code that called
 * numpy.random.RandomState(seed) or numpy.random.seed(seed).  For everything
 * else base/rng.h is the source.
 *
 * A generator belongs to one thread; it holds no memory of its own.
 */
#ifndef OST_KERNELS_STATS_LEGACY_RNG_H
#define OST_KERNELS_STATS_LEGACY_RNG_H

#include <stddef.h>
#include <stdint.h>

enum { OST_LEGACY_RNG_WORDS = 624 };

typedef struct ost_legacy_rng {
    uint32_t state[OST_LEGACY_RNG_WORDS];
    size_t used; /* words of the state that were drawn */
} ost_legacy_rng;

/* As RandomState(seed). */
void ost_legacy_rng_init(ost_legacy_rng *r, uint32_t seed);

/* The next 32 bits. */
uint32_t ost_legacy_rng_u32(ost_legacy_rng *r);
/* random_sample(): uniform in [0, 1) with 53 bits. */
double ost_legacy_rng_f64(ost_legacy_rng *r);
/* Uniform in 0 .. n-1, by masks and rejection: randint(0, n).  For n = 1 the
 * answer is 0 and nothing is drawn.  0 < n <= 2^32. */
uint32_t ost_legacy_rng_below(ost_legacy_rng *r, uint64_t n);
/* randint(0, below, n): n numbers into out[]. */
void ost_legacy_rng_fill(ost_legacy_rng *r, uint64_t below, uint32_t *out,
                         size_t n);
/* shuffle() of an array of n indices. */
void ost_legacy_rng_shuffle(ost_legacy_rng *r, uint32_t *index, size_t n);
/* permutation(n): the shuffled 0 .. n-1 into out[]. */
void ost_legacy_rng_permutation(ost_legacy_rng *r, uint32_t *out, size_t n);

#endif
