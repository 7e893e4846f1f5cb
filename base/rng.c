/* base/rng.c - counter-based random numbers (Philox 4x32-10) */
#include "base/rng.h"

#include "base/rng_bodies.h"

#include <math.h>

void ost_philox(const uint32_t counter[4], const uint32_t key[2],
                uint32_t out[4])
{
    ost_philox_block(counter, key, out);
}

ost_rng ost_rng_of(uint64_t key, uint64_t stream)
{
    return (ost_rng){ .key = key, .stream = stream, .used = 4 };
}

uint32_t ost_rng_u32(ost_rng *r)
{
    if (r->used >= 4) {
        const uint32_t counter[4] = {
            (uint32_t)r->counter,
            (uint32_t)(r->counter >> 32),
            (uint32_t)r->stream,
            (uint32_t)(r->stream >> 32),
        };
        const uint32_t key[2] = { (uint32_t)r->key, (uint32_t)(r->key >> 32) };

        ost_philox(counter, key, r->block);
        r->counter++;
        r->used = 0;
    }
    return r->block[r->used++];
}

uint64_t ost_rng_u64(ost_rng *r)
{
    uint64_t low = ost_rng_u32(r);

    return (uint64_t)ost_rng_u32(r) << 32 | low;
}

double ost_rng_f64(ost_rng *r)
{
    return ost_uniform_of(ost_rng_u64(r));
}

double ost_rng_range(ost_rng *r, double lo, double hi)
{
    double v = lo + (hi - lo) * ost_rng_f64(r);

    /* The sum may round up to `hi` itself. */
    return v >= hi && hi > lo ? nextafter(hi, lo) : v;
}

uint64_t ost_rng_below(ost_rng *r, uint64_t n)
{
    uint64_t surplus = -n % n; /* 2^64 modulo n */
    uint64_t v;

    do {
        v = ost_rng_u64(r);
    } while (v < surplus);
    return v % n;
}

double ost_rng_normal(ost_rng *r)
{
    uint64_t first = ost_rng_u64(r);

    return ost_normal_of(first, ost_rng_u64(r));
}

void ost_rng_shuffle(ost_rng *r, uint32_t *index, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = ost_rng_below(r, i);
        uint32_t held = index[i - 1];

        index[i - 1] = index[j];
        index[j] = held;
    }
}
