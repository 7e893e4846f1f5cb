/* kernels/normals.h - pairs of normal numbers in single precision
 *
 * Two 32-bit numbers become a pair (Box and Muller, Annals of Mathematical
 * Statistics 29, 1958): radius = sqrt(-2 log((b0 / 2^8 + 1/2) / 2^24)), turn =
 * b1 / 2^8 / 2^24, radius cos(2 pi turn), radius sin(2 pi turn), divisions by
 * 2^8 rounded down.  Logarithm, sine and cosine are made of basic arithmetic,
 * so that they are the same bits everywhere, like all that kernels/pixel.h has.
 */
#ifndef OST_KERNELS_NORMALS_H
#define OST_KERNELS_NORMALS_H

#include "kernels/pixel.h"

#include <math.h>

/* log x of 0 < x < 1: x = m 2^e with m near 1, and log m = 2 atanh(s) with
 * s = (m - 1) / (m + 1), |s| < 0.172. */
OST_PIXEL float ost_normals_log(float x)
{
    const float ln2 = 0.693147181f;
    int32_t bits;
    int32_t e;
    float m;
    float s;
    float z;

    memcpy(&bits, &x, sizeof(bits));
    e = (bits - 0x3f3504f3) >> 23; /* from the exponent of sqrt(1/2) */
    bits -= (int32_t)((uint32_t)e << 23);
    memcpy(&m, &bits, sizeof(m));
    s = (m - 1.0f) / (m + 1.0f);
    z = s * s;
    z = 1.0f + z * (1.0f / 3 + z * (1.0f / 5 + z * (1.0f / 7 + z / 9)));
    return (float)e * ln2 + 2.0f * s * z;
}

/* Sine and cosine of 2 pi times `turn` / 2^24, 0 <= turn < 2^24: those of the
 * rest to the nearest quarter turn, by their Taylor series. */
OST_PIXEL void ost_normals_turned(uint32_t turn, float *sine, float *cosine)
{
    uint32_t quarter = (turn + (1u << 21)) >> 22;
    int32_t rest = (int32_t)turn - (int32_t)(quarter << 22);
    float x = (float)rest * (float)(3.14159265358979 / 8388608.0);
    float z = x * x;
    float s = x - x * z * (1.0f / 6 - z * (1.0f / 120 - z / 5040));
    float c =
        1.0f - z * (0.5f - z * (1.0f / 24 - z * (1.0f / 720 - z / 40320)));
    float a = quarter & 1 ? c : s;
    float b = quarter & 1 ? s : c;

    *sine = quarter & 2 ? -a : a;
    *cosine = (quarter + 1) & 2 ? -b : b;
}

/* Both times sigma. */
OST_PIXEL void ost_normals_of(uint32_t b0, uint32_t b1, float sigma,
                              float *first, float *second)
{
    float u = ((float)(int32_t)(b0 >> 8) + 0.5f) * 0x1p-24f;
    float radius = sigma * sqrtf(-2.0f * ost_normals_log(u));
    float sine;
    float cosine;

    ost_normals_turned(b1 >> 8, &sine, &cosine);
    *first = radius * cosine;
    *second = radius * sine;
}

#endif
