/* kernels/stats/legacy_rng.c - MT19937 and what RandomState draws from it */
#include "kernels/stats/legacy_rng.h"

#include <assert.h>

#include "base/banned.h"

enum { WORDS = OST_LEGACY_RNG_WORDS, AHEAD = 397 };

void ost_legacy_rng_init(ost_legacy_rng *r, uint32_t seed)
{
    r->state[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++) {
        uint32_t before = r->state[i - 1];

        r->state[i] = 1812433253u * (before ^ before >> 30) + i;
    }
    r->used = WORDS;
}

/* The next 624 words out of these. */
static void turn(uint32_t state[WORDS])
{
    for (size_t i = 0; i < WORDS; i++) {
        uint32_t y =
            (state[i] & 0x80000000u) | (state[(i + 1) % WORDS] & 0x7fffffffu);

        state[i] =
            state[(i + AHEAD) % WORDS] ^ y >> 1 ^ ((y & 1) ? 0x9908b0dfu : 0);
    }
}

uint32_t ost_legacy_rng_u32(ost_legacy_rng *r)
{
    uint32_t y;

    if (r->used >= WORDS) {
        turn(r->state);
        r->used = 0;
    }
    y = r->state[r->used++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double ost_legacy_rng_f64(ost_legacy_rng *r)
{
    uint32_t high = ost_legacy_rng_u32(r) >> 5;
    uint32_t low = ost_legacy_rng_u32(r) >> 6;

    return ((double)high * 0x1p26 + (double)low) * 0x1p-53;
}

uint32_t ost_legacy_rng_below(ost_legacy_rng *r, uint64_t n)
{
    uint32_t most = (uint32_t)(n - 1), mask = most, v;

    assert(n > 0 && n <= (uint64_t)UINT32_MAX + 1);
    if (most == 0)
        return 0;
    mask |= mask >> 1;
    mask |= mask >> 2;
    mask |= mask >> 4;
    mask |= mask >> 8;
    mask |= mask >> 16;
    do {
        v = ost_legacy_rng_u32(r) & mask;
    } while (v > most);
    return v;
}

void ost_legacy_rng_fill(ost_legacy_rng *r, uint64_t below, uint32_t *out,
                         size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ost_legacy_rng_below(r, below);
}

void ost_legacy_rng_shuffle(ost_legacy_rng *r, uint32_t *index, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = ost_legacy_rng_below(r, i);
        uint32_t held = index[i - 1];

        index[i - 1] = index[j];
        index[j] = held;
    }
}

void ost_legacy_rng_permutation(ost_legacy_rng *r, uint32_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    ost_legacy_rng_shuffle(r, out, n);
}
