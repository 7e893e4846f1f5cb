/* stages/tiff_samples.c - the samples of a TIFF page to the values of a picture
 */
#include "stages/tiff_samples.h"

#include "base/half.h"

#include <string.h>
#include <tiffio.h>

#include "base/banned.h"

bool ost_tiff_is_unsigned(const ost_tiff_layout *l)
{
    return l->format == SAMPLEFORMAT_UINT || l->format == SAMPLEFORMAT_VOID;
}

bool ost_tiff_is_known(const ost_tiff_layout *l)
{
    bool whole = l->bits == 8 || l->bits == 16 || l->bits == 32;

    if (l->samples == 0 ||
        (l->photometric == PHOTOMETRIC_RGB && l->samples < 3))
        return false;
    if (l->photometric == PHOTOMETRIC_PALETTE)
        return ost_tiff_is_unsigned(l) && l->bits >= 1 && l->bits <= 16 &&
               l->map[0] && l->map[1] && l->map[2];
    if (ost_tiff_is_unsigned(l))
        return (l->bits >= 1 && l->bits <= 16) || l->bits == 32 ||
               l->bits == 64;
    if (l->format == SAMPLEFORMAT_INT)
        return whole || l->bits == 64;
    return l->format == SAMPLEFORMAT_IEEEFP &&
           (l->bits == 16 || l->bits == 32 || l->bits == 64);
}

ost_dtype ost_tiff_dtype(const ost_tiff_layout *l)
{
    if (l->photometric == PHOTOMETRIC_PALETTE)
        return OST_U8;
    if (!ost_tiff_is_unsigned(l) || l->bits > 16)
        return OST_F32;
    return l->bits > 8 ? OST_U16 : OST_U8;
}

int ost_tiff_channels(const ost_tiff_layout *l)
{
    return l->photometric == PHOTOMETRIC_RGB ||
                   l->photometric == PHOTOMETRIC_PALETTE
               ? 3
               : 1;
}

uint16_t ost_tiff_planes(const ost_tiff_layout *l)
{
    return l->separate && l->photometric == PHOTOMETRIC_RGB ? 3 : 1;
}

/* Unsigned sample `i` of a row, whose bits run from the highest to the lowest
 * of each byte where they do not fill bytes. */
static uint64_t unsigned_sample(const unsigned char *row, uint16_t bits,
                                size_t i)
{
    size_t at = i * bits;
    uint64_t v = 0;

    if (bits % 8 == 0) {
        memcpy(&v, row + at / 8, bits / 8);
        return v;
    }
    for (size_t k = at; k < at + bits; k++)
        v = v << 1 | (row[k / 8] >> (7 - k % 8) & 1u);
    return v;
}

static double wide_sample(const ost_tiff_layout *l, const unsigned char *row,
                          size_t i)
{
    uint64_t v = unsigned_sample(row, l->bits, i);
    unsigned shift = 64u - l->bits;
    double d;
    float f;

    if (l->format == SAMPLEFORMAT_INT)
        return (double)((int64_t)(v << shift) >> shift);
    if (l->format != SAMPLEFORMAT_IEEEFP)
        return (double)v;
    if (l->bits == 16)
        return (double)ost_half_to_float((uint16_t)v);
    if (l->bits == 32) {
        memcpy(&f, &v, sizeof(f));
        return (double)f;
    }
    memcpy(&d, &v, sizeof(d));
    return d;
}

/* A value of at most 16 bits as the picture has it: 1, 2 and 4 bits spread
 * over 0..255, MINISWHITE turned around. */
static uint64_t plain_value(const ost_tiff_layout *l, uint64_t v)
{
    uint64_t most = (UINT64_C(1) << l->bits) - 1;

    if (l->photometric == PHOTOMETRIC_MINISWHITE)
        v = most - v;
    return l->bits == 1 || l->bits == 2 || l->bits == 4 ? v * (255 / most) : v;
}

/* Some writers fill 8-bit colors into the 16-bit table. */
static bool has_narrow_map(const ost_tiff_layout *l)
{
    for (size_t i = 0; i < (size_t)1 << l->bits; i++)
        if (l->map[0][i] > 255 || l->map[1][i] > 255 || l->map[2][i] > 255)
            return false;
    return true;
}

static void put_palette(const ost_tiff_layout *l, const ost_tiff_block *b,
                        ost_picture *p)
{
    int shift = has_narrow_map(l) ? 0 : 8;
    size_t step = l->separate ? 1 : l->samples;

    for (uint32_t y = 0; y < b->rows; y++) {
        const unsigned char *row =
            (const unsigned char *)b->data + y * b->row_bytes;
        uint8_t *out = (uint8_t *)p->data +
                       ((size_t)(b->top + y) * l->width + b->left) * 3;

        for (uint32_t x = 0; x < b->columns; x++) {
            uint64_t v = unsigned_sample(row, l->bits, x * step);

            for (int c = 0; c < 3; c++)
                *out++ = (uint8_t)(l->map[c][v] >> shift);
        }
    }
}

static void put_value(const ost_tiff_layout *l, const unsigned char *row,
                      size_t sample, ost_picture *p, size_t at)
{
    uint64_t v;

    if (p->dtype == OST_F32) {
        ((float *)p->data)[at] = (float)wide_sample(l, row, sample);
        return;
    }
    v = plain_value(l, unsigned_sample(row, l->bits, sample));
    if (p->dtype == OST_U16)
        ((uint16_t *)p->data)[at] = (uint16_t)v;
    else
        ((uint8_t *)p->data)[at] = (uint8_t)v;
}

/* True when rows of the block are rows of the picture. */
static bool is_same(const ost_tiff_layout *l, const ost_picture *p)
{
    return !l->separate && l->samples == p->channels &&
           l->bits == 8 * ost_dtype_size(p->dtype) &&
           l->photometric != PHOTOMETRIC_MINISWHITE &&
           (p->dtype != OST_F32 || l->format == SAMPLEFORMAT_IEEEFP);
}

void ost_tiff_put(const ost_tiff_layout *l, const ost_tiff_block *b,
                  ost_picture *p)
{
    size_t channels = (size_t)p->channels;
    size_t step = l->separate ? 1 : l->samples;
    size_t first = l->separate ? b->plane : 0;
    size_t n = l->separate ? 1 : channels;
    bool same = is_same(l, p);

    if (l->photometric == PHOTOMETRIC_PALETTE) {
        put_palette(l, b, p);
        return;
    }
    for (uint32_t y = 0; y < b->rows; y++) {
        const unsigned char *row =
            (const unsigned char *)b->data + y * b->row_bytes;
        size_t at = ((size_t)(b->top + y) * l->width + b->left) * channels;
        size_t size = ost_dtype_size(p->dtype);

        if (same) {
            memcpy((char *)p->data + at * size, row,
                   b->columns * channels * size);
            continue;
        }
        for (uint32_t x = 0; x < b->columns; x++)
            for (size_t c = 0; c < n; c++)
                put_value(l, row, x * step + c, p,
                          at + x * channels + first + c);
    }
}
