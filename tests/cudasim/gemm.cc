/* tests/cudasim/gemm.cc - products of matrices, and numbers of fewer bits */
#include "tests/cudasim/gemm.h"

#include <algorithm>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vector>
#ifdef __F16C__
#include <immintrin.h>
#endif

namespace cudasim
{

namespace
{

constexpr int MR = 6, NR = 16;
constexpr int64_t KC = 256, MC = 96, NC = 1024;

typedef float v8 __attribute__((vector_size(32)));

/* One MR x NR tile of c += packed a times packed b. */
void tile(int64_t k, const float *a, const float *b, float *c, int64_t ldc,
          int64_t rows, int64_t columns)
{
    v8 sum[MR][2] = {};

    for (int64_t p = 0; p < k; p++, a += MR, b += NR) {
        v8 b0, b1;

        memcpy(&b0, b, sizeof b0);
        memcpy(&b1, b + 8, sizeof b1);
        for (int i = 0; i < MR; i++) {
            sum[i][0] += a[i] * b0;
            sum[i][1] += a[i] * b1;
        }
    }
    for (int64_t i = 0; i < rows; i++) {
        float line[NR];

        memcpy(line, sum[i], sizeof line);
        for (int64_t j = 0; j < columns; j++)
            c[i * ldc + j] += line[j];
    }
}

/* Strips of `wide` lines, each `k` deep, padded with 0. */
void pack(const float *from, int64_t across, int64_t along, int64_t count,
          int64_t k, int64_t wide, float *to)
{
    for (int64_t first = 0; first < count; first += wide) {
        const int64_t now = std::min(wide, count - first);
        const float *start = from + first * across;

        for (int64_t p = 0; p < k; p++, to += wide) {
            const float *line = start + p * along;
            if (across == 1)
                memcpy(to, line, static_cast<size_t>(now) * sizeof *to);
            else
                for (int64_t i = 0; i < now; i++)
                    to[i] = line[i * across];
            for (int64_t i = now; i < wide; i++)
                to[i] = 0;
        }
    }
}

int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

} /* namespace */

void gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row,
          int64_t a_column, const float *b, int64_t b_row, int64_t b_column,
          float *c, int64_t ldc)
{
    const int64_t kc = std::min(k, KC);
    std::vector<float> as(static_cast<size_t>(up(std::min(m, MC), MR) *
                                              std::max<int64_t>(kc, 1)));
    std::vector<float> bs(static_cast<size_t>(up(std::min(n, NC), NR) *
                                              std::max<int64_t>(kc, 1)));

    for (int64_t j0 = 0; j0 < n; j0 += NC) {
        const int64_t nn = std::min(NC, n - j0);
        for (int64_t p0 = 0; p0 < k; p0 += KC) {
            const int64_t kk = std::min(KC, k - p0);
            pack(b + p0 * b_row + j0 * b_column, b_column, b_row, nn, kk, NR,
                 bs.data());
            for (int64_t i0 = 0; i0 < m; i0 += MC) {
                const int64_t mm = std::min(MC, m - i0);
                pack(a + i0 * a_row + p0 * a_column, a_row, a_column, mm, kk,
                     MR, as.data());
                for (int64_t j = 0; j < nn; j += NR)
                    for (int64_t i = 0; i < mm; i += MR)
                        tile(kk, as.data() + i * kk, bs.data() + j * kk,
                             c + (i0 + i) * ldc + j0 + j, ldc,
                             std::min<int64_t>(MR, mm - i),
                             std::min<int64_t>(NR, nn - j));
            }
        }
    }
}

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* To 10 bits of mantissa, halves to even. */
float round_tf32(float value)
{
    const uint32_t bits = bits_of(value);

    if ((bits >> 23 & 0xff) == 0xff)
        return value;
    return float_of((bits + 0xfff + (bits >> 13 & 1)) & ~UINT32_C(0x1fff));
}

float from_bfloat(uint16_t bits)
{
    return float_of(static_cast<uint32_t>(bits) << 16);
}

uint16_t to_bfloat(float value)
{
    const uint32_t bits = bits_of(value);

    if (value != value)
        return 0x7fff;
    return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float from_half(uint16_t bits)
{
#ifdef __F16C__
    return _cvtsh_ss(bits);
#else
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
    const uint32_t exponent = bits >> 10 & 31, mantissa = bits & 1023;

    if (exponent == 31)
        return float_of(sign | 0x7f800000u | mantissa << 13);
    if (exponent == 0) {
        const float small = static_cast<float>(mantissa) * 0x1p-24f;
        return sign ? -small : small;
    }
    return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
#endif
}

uint16_t to_half(float value)
{
#ifdef __F16C__
    return _cvtss_sh(value, 0);
#else
    const uint32_t bits = bits_of(value);
    const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
    const float size = fabsf(value);

    if (value != value)
        return 0x7fff;
    if (size >= 65520.0f)
        return static_cast<uint16_t>(sign | 0x7c00);
    if (size < 0x1p-14f)
        return static_cast<uint16_t>(
            sign | static_cast<uint16_t>(rintf(size * 0x1p24f)));
    const uint32_t rounded =
        (bits & 0x7fffffff) + 0xfff + (bits >> 13 & 1) - (112u << 23);
    return static_cast<uint16_t>(sign | (rounded >> 13));
#endif
}

int64_t number_bytes(Number type)
{
    switch (type) {
    case Number::F16:
    case Number::BF16:
        return 2;
    case Number::F64:
        return 8;
    case Number::S8:
    case Number::U8:
        return 1;
    case Number::F32:
    case Number::TF32:
    case Number::S32:
        break;
    }
    return 4;
}

double number_get(const void *data, int64_t index, Number type)
{
    switch (type) {
    case Number::F16:
        return from_half(static_cast<const uint16_t *>(data)[index]);
    case Number::BF16:
        return from_bfloat(static_cast<const uint16_t *>(data)[index]);
    case Number::F64:
        return static_cast<const double *>(data)[index];
    case Number::S32:
        return static_cast<const int32_t *>(data)[index];
    case Number::S8:
        return static_cast<const int8_t *>(data)[index];
    case Number::U8:
        return static_cast<const uint8_t *>(data)[index];
    case Number::TF32:
        return round_tf32(static_cast<const float *>(data)[index]);
    case Number::F32:
        break;
    }
    return static_cast<const float *>(data)[index];
}

void number_put(void *data, int64_t index, Number type, double value)
{
    switch (type) {
    case Number::F16:
        static_cast<uint16_t *>(data)[index] =
            to_half(static_cast<float>(value));
        break;
    case Number::BF16:
        static_cast<uint16_t *>(data)[index] =
            to_bfloat(static_cast<float>(value));
        break;
    case Number::F64:
        static_cast<double *>(data)[index] = value;
        break;
    case Number::S32:
        static_cast<int32_t *>(data)[index] = static_cast<int32_t>(value);
        break;
    case Number::S8:
        static_cast<int8_t *>(data)[index] = static_cast<int8_t>(value);
        break;
    case Number::U8:
        static_cast<uint8_t *>(data)[index] = static_cast<uint8_t>(value);
        break;
    case Number::TF32:
    case Number::F32:
        static_cast<float *>(data)[index] = static_cast<float>(value);
        break;
    }
}

void numbers_get(const void *data, int64_t stride, int64_t n, Number type,
                 float *to)
{
    const uint16_t *halves = static_cast<const uint16_t *>(data);

    if (type == Number::F32 && stride == 1)
        memcpy(to, data, static_cast<size_t>(n) * sizeof *to);
    else if (type == Number::F16)
        for (int64_t i = 0; i < n; i++)
            to[i] = from_half(halves[i * stride]);
    else if (type == Number::BF16)
        for (int64_t i = 0; i < n; i++)
            to[i] = from_bfloat(halves[i * stride]);
    else
        for (int64_t i = 0; i < n; i++)
            to[i] = static_cast<float>(number_get(data, i * stride, type));
}

void numbers_put(void *data, int64_t stride, int64_t n, Number type,
                 const float *from)
{
    uint16_t *halves = static_cast<uint16_t *>(data);

    if (type == Number::F32 && stride == 1)
        memcpy(data, from, static_cast<size_t>(n) * sizeof *from);
    else if (type == Number::F16)
        for (int64_t i = 0; i < n; i++)
            halves[i * stride] = to_half(from[i]);
    else if (type == Number::BF16)
        for (int64_t i = 0; i < n; i++)
            halves[i * stride] = to_bfloat(from[i]);
    else
        for (int64_t i = 0; i < n; i++)
            number_put(data, i * stride, type, static_cast<double>(from[i]));
}

void numbers_round(float *values, int64_t n, Number type)
{
    if (type == Number::TF32)
        for (int64_t i = 0; i < n; i++)
            values[i] = round_tf32(values[i]);
    if (type == Number::F16)
        for (int64_t i = 0; i < n; i++)
            values[i] = from_half(to_half(values[i]));
    if (type == Number::BF16)
        for (int64_t i = 0; i < n; i++)
            values[i] = from_bfloat(to_bfloat(values[i]));
}

} /* namespace cudasim */
