/* stages/raw_values.c - arrays of any number type to those that items have */
#include "stages/raw_values.h"

#include "base/half.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

bool ost_raw_is_known(const ost_raw_type *t)
{
    if (t->kind == 'b')
        return t->size == 1;
    if (t->kind == 'f')
        return t->size == 2 || t->size == 4 || t->size == 8;
    return (t->kind == 'u' || t->kind == 'i') &&
           (t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8);
}

ost_dtype ost_raw_dtype(const ost_raw_type *t)
{
    if (t->kind == 'b' || (t->kind == 'u' && t->size == 1))
        return OST_U8;
    return t->kind == 'u' && t->size == 2 ? OST_U16 : OST_F32;
}

static uint64_t bits_of(const ost_raw_type *t, const unsigned char *p)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < t->size; i++)
        v |= (uint64_t)p[i] << 8 * (t->big ? t->size - 1u - i : i);
    return v;
}

static int64_t signed_of(const ost_raw_type *t, uint64_t bits)
{
    unsigned shift = 64u - 8u * t->size;

    return (int64_t)(bits << shift) >> shift;
}

double ost_raw_number(const ost_raw_type *t, const unsigned char *from)
{
    uint64_t bits = bits_of(t, from);
    double d;
    float f;

    switch (t->kind) {
    case 'b':
        return bits != 0;
    case 'u':
        return (double)bits;
    case 'i':
        return (double)signed_of(t, bits);
    default:
        break;
    }
    if (t->size == 2)
        return (double)ost_half_to_float((uint16_t)bits);
    if (t->size == 4) {
        uint32_t low = (uint32_t)bits;

        memcpy(&f, &low, sizeof(f));
        return (double)f;
    }
    memcpy(&d, &bits, sizeof(d));
    return d;
}

/* Whole numbers of 24 bits and zeros behind them are floats. */
static bool is_float(const ost_raw_type *t, const unsigned char *from)
{
    uint64_t bits = bits_of(t, from);
    double v;

    if (t->size < 4 || (t->kind == 'f' && t->size == 4))
        return true;
    if (t->kind == 'f') {
        v = ost_raw_number(t, from);
        return isnan(v) || (double)(float)v == v;
    }
    if (t->kind == 'i' && signed_of(t, bits) < 0)
        bits = 0 - (uint64_t)signed_of(t, bits);
    return bits == 0 || bits >> __builtin_ctzll(bits) < (UINT64_C(1) << 24);
}

bool ost_raw_convert(const ost_raw_type *t, const unsigned char *from,
                     ptrdiff_t step, size_t n, void *to)
{
    ost_dtype dtype = ost_raw_dtype(t);
    bool exact = true;

    if (t->kind == 'u' && t->size == 1 && step == 1) {
        memcpy(to, from, n);
        return true;
    }
    for (size_t i = 0; i < n; i++, from += step) {
        double v = ost_raw_number(t, from);

        if (dtype == OST_U8)
            ((uint8_t *)to)[i] = (uint8_t)v;
        else if (dtype == OST_U16)
            ((uint16_t *)to)[i] = (uint16_t)v;
        else
            ((float *)to)[i] = (float)v;
        exact = exact && is_float(t, from);
    }
    return exact;
}

void ost_raw_rescale(const ost_raw_type *t, const unsigned char *from,
                     ptrdiff_t step, size_t n, double slope, double intercept,
                     float *to)
{
    for (size_t i = 0; i < n; i++, from += step)
        to[i] = (float)(ost_raw_number(t, from) * slope + intercept);
}
