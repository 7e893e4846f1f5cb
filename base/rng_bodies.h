/* base/rng_bodies.h - the arithmetic of random numbers, for the host and GPUs
 *
 * Inline bodies for base/rng.c and for kernels that draw the same numbers.  The
 * normal distribution needs a logarithm and a cosine.  Those of the C library
 * differ in the last bit between processors (it picks a version with or without
 * fused multiply-add when it starts), so both are computed here from basic
 * arithmetic, which is the same everywhere.
 */
#ifndef OST_BASE_RNG_BODIES_H
#define OST_BASE_RNG_BODIES_H

#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define OST_RNG_BODY static __host__ __device__ __forceinline__
#else
#define OST_RNG_BODY static inline __attribute__((always_inline, unused))
#endif

/* 128-bit counter and 64-bit key to four numbers. */
OST_RNG_BODY void ost_philox_block(const uint32_t counter[4],
                                   const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int i = 0; i < 10; i++) {
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

/* Uniform in [0, 1) with 53 bits. */
OST_RNG_BODY double ost_uniform_of(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

/* Natural logarithm of 0 < x <= 1: x = m 2^e with m near 1, and
 * ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172. */
OST_RNG_BODY double ost_rng_log(double x)
{
    const double ln2 = 0.693147180559945309417;
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
OST_RNG_BODY double ost_rng_sin(double x)
{
    double z = x * x, sum = 1;

    for (int k = 16; k >= 2; k -= 2)
        sum = 1 - z / (k * (k + 1)) * sum;
    return x * sum;
}

OST_RNG_BODY double ost_rng_cos(double x)
{
    double z = x * x, sum = 1;

    for (int k = 17; k >= 1; k -= 2)
        sum = 1 - z / (k * (k + 1)) * sum;
    return sum;
}

/* cos(2 pi u) for 0 <= u < 1, by the nearest quarter turn. */
OST_RNG_BODY double ost_rng_cos_turn(double u)
{
    const double pi = 3.14159265358979323846;
    int quarter = (int)(u * 4 + 0.5);
    double x = (u - quarter * 0.25) * 2 * pi;

    switch (quarter & 3) {
    case 0:
        return ost_rng_cos(x);
    case 1:
        return -ost_rng_sin(x);
    case 2:
        return -ost_rng_cos(x);
    default:
        return ost_rng_sin(x);
    }
}

/* Standard normal (Box-Muller, one of the pair is used). */
OST_RNG_BODY double ost_normal_of(uint64_t first, uint64_t second)
{
    double radius = sqrt(-2 * ost_rng_log(1 - ost_uniform_of(first)));

    return radius * ost_rng_cos_turn(ost_uniform_of(second));
}

#endif
