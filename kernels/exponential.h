/* kernels/exponential.h - the exponential function, for vector loops and GPUs
 *
 * The same bits on every machine, within two units in the last place, like all
 * that kernels/pixel.h has.
 */
#ifndef OST_KERNELS_EXPONENTIAL_H
#define OST_KERNELS_EXPONENTIAL_H

#include "kernels/pixel.h"

/* e^x = *scale * (1 + the result), *scale a power of 2; x is clamped to
 * -87..88 and NaN stays.  With x = k log 2 + r, |r| <= log(2) / 2, the result
 * is the Taylor series of e^r - 1. */
OST_PIXEL float ost_exp_part(float x, float *scale)
{
    const float shift = 12582912.0f; /* 1.5 * 2^23: rounds what is added */
    float t;
    float r;
    float p;
    int32_t bits;

    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    t = x * 1.44269504f + shift;
    memcpy(&bits, &t, sizeof(bits));
    t -= shift;
    /* log 2 in two parts, the first short enough for an exact product */
    r = x - t * 0.693359375f;
    r = r - t * -2.12194440e-4f;
    bits = (int32_t)(((uint32_t)bits - 0x4b400000u + 127u) << 23);
    memcpy(scale, &bits, sizeof(*scale));
    p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    return p * r * r + r;
}

/* e^x */
OST_PIXEL float ost_exp(float x)
{
    float scale;
    float part = ost_exp_part(x, &scale);

    return scale + scale * part;
}

/* 1 / (1 + e^-x) */
OST_PIXEL float ost_logistic(float x)
{
    return 1.0f / (1.0f + ost_exp(-x));
}

/* tanh x = t / (t + 2) with t = e^2x - 1, which does not cancel near 0 */
OST_PIXEL float ost_tanh(float x)
{
    float size = x < 0.0f ? -x : x;
    float scale;
    float part = ost_exp_part(2.0f * size, &scale);
    float t = (scale - 1.0f) + scale * part;
    float y = t / (t + 2.0f);

    return x < 0.0f ? -y : y;
}

#endif
