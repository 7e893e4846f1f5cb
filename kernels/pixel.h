/* kernels/pixel.h - what is done to one pixel, for every backend
 *
 * Inline bodies that both the C and the CUDA compiler accept.  They use only
 * integers and IEEE single or double arithmetic without fused operations, so
 * each gives the same bits on every machine and in every vector width.  Files
 * that include this are compiled with -ffp-contract=off.
 */
#ifndef OST_KERNELS_PIXEL_H
#define OST_KERNELS_PIXEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define OST_PIXEL static __host__ __device__ __forceinline__
#else
#define OST_PIXEL static inline __attribute__((always_inline, unused))
#endif

OST_PIXEL int64_t ost_px_clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Where v lies after mirroring at 0 and n - 1, which are not repeated. */
OST_PIXEL int64_t ost_px_reflect(int64_t v, int64_t n)
{
    int64_t period = 2 * (n - 1);

    if (n <= 1)
        return 0;
    v %= period;
    v = v < 0 ? v + period : v;
    return v < n ? v : period - v;
}

/* Not 0; NaN is not. */
OST_PIXEL bool ost_px_is_set(float v)
{
    return !(v >= 0.0f && v <= 0.0f);
}

/* The greater one; NaN only when both are. */
OST_PIXEL float ost_px_greater(float a, float b)
{
    return b > a || a != a ? b : a;
}

/* How far pixel (y, x) of a picture lies from the nearest side, 1 in the
 * outermost row or column. */
OST_PIXEL int64_t ost_px_inner_distance(int64_t y, int64_t x, int64_t h,
                                        int64_t w)
{
    int64_t v = y < h - 1 - y ? y : h - 1 - y;
    int64_t u = x < w - 1 - x ? x : w - 1 - x;

    return 1 + (v < u ? v : u);
}

/* Nearest integer, halves to even, of 0 <= v < 2^22: adding 1.5 * 2^23 leaves
 * no room for a fraction, so the addition itself rounds. */
OST_PIXEL float ost_px_rint(float v)
{
    const float magic = 12582912.0f;

    return (v + magic) - magic;
}

/* The bits of a float, and the reverse. */
OST_PIXEL int32_t ost_px_bits(float v)
{
    int32_t bits;

    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

OST_PIXEL float ost_px_float(int32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* 0 <= v <= `most` rounded (halves to even), what is beyond saturated, and NaN
 * as 0.  Floats that are not negative are in the order of their bits, and whole
 * numbers have no comparison that might trap, so that loops become vectors. */
OST_PIXEL int32_t ost_px_whole(float v, float most)
{
    const int32_t infinity = 0x7f800000, magic = 0x4b400000; /* 1.5 * 2^23 */
    int32_t bits = ost_px_bits(v), end = ost_px_bits(most);

    bits &= -(int32_t)(bits <= infinity);
    bits = bits < 0 ? 0 : bits;
    bits = bits > end ? end : bits;
    return ost_px_bits(ost_px_float(bits) + ost_px_float(magic)) - magic;
}

/* Rounded (halves to even) and saturated; NaN becomes 0. */
OST_PIXEL uint8_t ost_px_u8(float v)
{
    return (uint8_t)ost_px_whole(v, 255.0f);
}

OST_PIXEL uint16_t ost_px_u16(float v)
{
    return (uint16_t)ost_px_whole(v, 65535.0f);
}

/* What a threshold makes of a pixel; `least` is the smallest marked value.  NaN
 * is not marked. */
OST_PIXEL uint8_t ost_px_mark_u8(uint8_t v, uint8_t least, uint8_t inside,
                                 uint8_t outside)
{
    return v >= least ? inside : outside;
}

OST_PIXEL uint8_t ost_px_mark_u16(uint16_t v, uint16_t least, uint8_t inside,
                                  uint8_t outside)
{
    return v >= least ? inside : outside;
}

OST_PIXEL uint8_t ost_px_mark_f32(float v, float least, uint8_t inside,
                                  uint8_t outside)
{
    return v >= least ? inside : outside;
}

/* A straight line through (low, to_low), cut off at both ends; NaN stays. */
OST_PIXEL float ost_px_ramp(float v, float low, float to_low, float gain,
                            float least, float most)
{
    v = to_low + (v - low) * gain;
    v = v < least ? least : v;
    return v > most ? most : v;
}

/* The luma of ITU-R BT.601, with weights in units of 2^-16 that sum up to one.
 */
OST_PIXEL uint32_t ost_px_luma(uint32_t r, uint32_t g, uint32_t b)
{
    /* 65535 * 65536 + 32768 is below 2^32. */
    return (19595u * r + 38470u * g + 7471u * b + 32768u) >> 16;
}

OST_PIXEL float ost_px_luma_f32(float r, float g, float b)
{
    return (float)((19595.0 * (double)r + 38470.0 * (double)g +
                    7471.0 * (double)b) /
                   65536.0);
}

/* A weighted mean of four, rows first: shares of the second in each pair. */
OST_PIXEL float ost_px_four(float a, float b, float c, float d, float fx,
                            float fy)
{
    float top = a * (1.0f - fx) + b * fx;
    float bottom = c * (1.0f - fx) + d * fx;

    return top * (1.0f - fy) + bottom * fy;
}

/* The weighted sum of four sums, both in units of 2^-11, rounded and saturated.
 * Each sum is that of four bytes, weighed likewise.  The sizes of the four
 * weights of a cubic curve add up to 1.375 at most, so that the result is below
 * 2^31 in size; what overflows on the way to it does not matter. */
OST_PIXEL uint8_t ost_px_cubic_u8(int32_t a, int32_t b, int32_t c, int32_t d,
                                  const int32_t *weight)
{
    uint32_t sum = (uint32_t)a * (uint32_t)weight[0] +
                   (uint32_t)b * (uint32_t)weight[1] +
                   (uint32_t)c * (uint32_t)weight[2] +
                   (uint32_t)d * (uint32_t)weight[3] + (1u << 21);
    int32_t v = (int32_t)sum >> 22;

    v = v < 0 ? 0 : v;
    return (uint8_t)(v > 255 ? 255 : v);
}

/* v / 16 rounded half to even, for |v| < 2^19. */
OST_PIXEL int16_t ost_px_sixteenth(int32_t v)
{
    return (int16_t)((v + 7 + ((v >> 4) & 1)) >> 4);
}

/* Canny's sectors.  `q` is |dx| * tan(22.5 degrees) rounded down, in OpenCV's
 * fixed point: tan is 13573 / 2^15, and 27146 = 2 * 13573 makes the shift one
 * by 16, which is a single instruction.  As 13573 is odd, |dx| * 13573 is no
 * multiple of 2^15 for 0 < |dx| < 2^15, so the comparisons of the fractions
 * with whole |dy| are the comparisons with q. */
OST_PIXEL uint16_t ost_px_sector(uint16_t abs_dx)
{
    return (uint16_t)(((uint32_t)abs_dx * 27146u) >> 16);
}

/* The gradient points left or right (along the row). */
OST_PIXEL bool ost_px_along_row(uint16_t q, uint16_t abs_dy)
{
    return abs_dy <= q;
}

/* The gradient points up or down; only asked when not along the row. */
OST_PIXEL bool ost_px_along_column(uint16_t q, uint16_t abs_dx, uint16_t abs_dy)
{
    return abs_dy > (uint16_t)(2u * abs_dx + q);
}

/* Linear interpolation of four neighbors, rows first. */
OST_PIXEL float ost_px_bilinear(float a, float b, float c, float d, float fx,
                                float fy)
{
    float top = a + (b - a) * fx;
    float bottom = c + (d - c) * fx;

    return top + (bottom - top) * fy;
}

/* Positions of affine maps count in 1/32 of a pixel. */
enum { OST_PX_WARP_BITS = 5, OST_PX_WARP_MASK = (1 << OST_PX_WARP_BITS) - 1 };

/* Linear interpolation of four neighbors, two a row; there `fx` and `fy` in
 * 0..31 say how far right and down.  Weights have the 10 bits that two times 5
 * need. */
OST_PIXEL uint8_t ost_px_warp_u8(int32_t a, int32_t b, int32_t c, int32_t d,
                                 int32_t fx, int32_t fy)
{
    int16_t top = (int16_t)(32 * a + (b - a) * fx);
    int16_t bottom = (int16_t)(32 * c + (d - c) * fx);

    return (uint8_t)((32 * top + (bottom - top) * fy + 512) >> 10);
}

/* The same in single precision; the weights are exact. */
OST_PIXEL float ost_px_warp_f32(float a, float b, float c, float d, int32_t fx,
                                int32_t fy)
{
    float left = (float)(32 - fx), right = (float)fx;
    float upper = (float)(32 - fy) / 1024.0f, lower = (float)fy / 1024.0f;

    return a * (upper * left) + b * (upper * right) + c * (lower * left) +
           d * (lower * right);
}

#endif
