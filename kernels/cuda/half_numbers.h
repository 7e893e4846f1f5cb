/* kernels/cuda/half_numbers.h - numbers of 16 bits in kernels
 *
 * bf16 is the upper half of an f32, f16 is IEEE 754 binary16.  Rounded to
 * nearest, halves to even; NaN stays NaN.  By integer operations, so that a GPU
 * and its stand-in make the same bits.  For .cu files, after device.h.
 */
#ifndef OST_KERNELS_CUDA_HALF_NUMBERS_H
#define OST_KERNELS_CUDA_HALF_NUMBERS_H

#include <stdint.h>

namespace ost
{

static __device__ inline uint32_t bits_of(float v)
{
    union {
        float f;
        uint32_t u;
    } x;

    x.f = v;
    return x.u;
}

static __device__ inline float of_bits(uint32_t bits)
{
    union {
        uint32_t u;
        float f;
    } x;

    x.u = bits;
    return x.f;
}

/* 2^exponent, of normal numbers */
static __device__ inline float power_of_two(int exponent)
{
    return of_bits(static_cast<uint32_t>(exponent + 127) << 23);
}

struct bf16 {
    uint16_t bits;
};

struct f16 {
    uint16_t bits;
};

static __device__ inline float load(float v)
{
    return v;
}

static __device__ inline float load(bf16 v)
{
    return of_bits(static_cast<uint32_t>(v.bits) << 16);
}

static __device__ inline float load(f16 v)
{
    const uint32_t sign = static_cast<uint32_t>(v.bits & 0x8000u) << 16;
    const uint32_t exponent = v.bits >> 10 & 31u;
    const uint32_t fraction = v.bits & 1023u;

    if (exponent == 31)
        return of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent)
        return of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    return (sign ? -1.0f : 1.0f) * static_cast<float>(fraction) *
           power_of_two(-24);
}

static __device__ inline void store(float *to, float v)
{
    *to = v;
}

static __device__ inline void store(bf16 *to, float v)
{
    const uint32_t u = bits_of(v);

    if ((u & 0x7fffffffu) > 0x7f800000u)
        to->bits = static_cast<uint16_t>(u >> 16 | 64u);
    else
        to->bits = static_cast<uint16_t>((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

/* Finite numbers stay finite: at most 65504. */
static __device__ inline void store(f16 *to, float v)
{
    const uint32_t u = bits_of(v);
    const uint32_t sign = u >> 16 & 0x8000u;
    const uint32_t size = u & 0x7fffffffu;
    uint32_t half;

    if (size > 0x7f800000u)
        half = 0x7e00u;
    else if (size == 0x7f800000u)
        half = 0x7c00u;
    else if (size >= 0x477ff000u) /* would round to 2^16 or more */
        half = 0x7bffu;
    else if (size >= 0x38800000u) /* 2^-14 */
        half = (size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13;
    else /* the sum has its last bit at 2^-24 and is rounded there */
        half = bits_of(of_bits(size) + 0.5f) - 0x3f000000u;
    to->bits = static_cast<uint16_t>(sign | half);
}

} /* namespace ost */

#endif
