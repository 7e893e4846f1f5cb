/* base/rng.c - counter-based random numbers (Philox 4x32-10)
 *
 * The normal distribution needs a logarithm and a cosine.  Those of the C
 * library differ in the last bit between processors (it picks a version with
 * or without fused multiply-add when it starts), so both are computed here
 * from basic arithmetic, which is the same everywhere.
 */
#include "base/rng.h"

#include <math.h>

enum { ROUNDS = 10 };

void ost_philox(const uint32_t counter[4], const uint32_t key[2],
                uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t p0 = (uint64_t)0xd2511f53u * c0;
        uint64_t p1 = (uint64_t)0xcd9e8d57u * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
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
    return (double)(ost_rng_u64(r) >> 11) * 0x1p-53;
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

/* Natural logarithm of 0 < x <= 1: x = m 2^e with m near 1, and
 * ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172. */
static double log_of(double x)
{
    static const double ln2 = 0.693147180559945309417;
    int e;
    double m = frexp(x, &e), s, z, sum = 0;

    if (m < 0.70710678118654752440) {
        m *= 2;
        e--;
    }
    s = (m - 1) / (m + 1);
    z = s * s;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * z + 1.0 / k;
    return e * ln2 + 2 * s * sum;
}

/* Taylor series of sine and cosine for |x| <= pi/4. */
static double sin_of(double x)
{
    double z = x * x, sum = 1;

    for (int k = 16; k >= 2; k -= 2)
        sum = 1 - z / (k * (k + 1)) * sum;
    return x * sum;
}

static double cos_of(double x)
{
    double z = x * x, sum = 1;

    for (int k = 17; k >= 1; k -= 2)
        sum = 1 - z / (k * (k + 1)) * sum;
    return sum;
}

/* cos(2 pi u) for 0 <= u < 1, by the nearest quarter turn. */
static double cos_turn(double u)
{
    static const double pi = 3.14159265358979323846;
    int quarter = (int)(u * 4 + 0.5);
    double x = (u - quarter * 0.25) * 2 * pi;

    switch (quarter & 3) {
    case 0:
        return cos_of(x);
    case 1:
        return -sin_of(x);
    case 2:
        return -cos_of(x);
    default:
        return sin_of(x);
    }
}

double ost_rng_normal(ost_rng *r)
{
    double radius = sqrt(-2 * log_of(1 - ost_rng_f64(r)));

    return radius * cos_turn(ost_rng_f64(r));
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
