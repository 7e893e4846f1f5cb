/* kernels/stats/ratio.c - exact fractions */
#include "kernels/stats/ratio.h"

#include <math.h>

#include "base/banned.h"

static const ost_ratio invalid = { 0, 0 };

static ost_int128 magnitude(ost_int128 a)
{
    return a < 0 ? -a : a;
}

static int bits_of(ost_int128 a)
{
    int bits = 0;

    for (a = magnitude(a); a > 0; a >>= 1)
        bits++;
    return bits;
}

bool ost_int128_fits(ost_int128 a, ost_int128 b)
{
    return bits_of(a) + bits_of(b) <= 126;
}

static ost_ratio reduced(ost_int128 num, ost_int128 den)
{
    ost_int128 a = magnitude(num), b = magnitude(den);

    if (den == 0)
        return invalid;
    while (b != 0) {
        ost_int128 rest = a % b;

        a = b;
        b = rest;
    }
    if (den < 0)
        a = -a;
    return (ost_ratio){ num / a, den / a };
}

ost_ratio ost_ratio_of(int64_t num, int64_t den)
{
    return reduced(num, den);
}

bool ost_ratio_valid(ost_ratio a)
{
    return a.den > 0;
}

bool ost_ratio_is_whole(ost_ratio a)
{
    return a.den == 1;
}

ost_ratio ost_ratio_add(ost_ratio a, ost_ratio b)
{
    if (!ost_ratio_valid(a) || !ost_ratio_valid(b) ||
        !ost_int128_fits(a.num, b.den) || !ost_int128_fits(b.num, a.den) ||
        !ost_int128_fits(a.den, b.den))
        return invalid;
    return reduced(a.num * b.den + b.num * a.den, a.den * b.den);
}

ost_ratio ost_ratio_sub(ost_ratio a, ost_ratio b)
{
    b.num = -b.num;
    return ost_ratio_add(a, b);
}

ost_ratio ost_ratio_mul(ost_ratio a, ost_ratio b)
{
    ost_ratio x, y;

    if (!ost_ratio_valid(a) || !ost_ratio_valid(b))
        return invalid;
    /* Crosswise in lowest terms first, so that less overflows. */
    x = reduced(a.num, b.den);
    y = reduced(b.num, a.den);
    if (!ost_int128_fits(x.num, y.num) || !ost_int128_fits(x.den, y.den))
        return invalid;
    return reduced(x.num * y.num, x.den * y.den);
}

ost_ratio ost_ratio_div(ost_ratio a, ost_ratio b)
{
    if (!ost_ratio_valid(b) || b.num == 0)
        return invalid;
    return ost_ratio_mul(a, reduced(b.den, b.num));
}

static ost_int128 floor_of(ost_ratio a)
{
    ost_int128 whole = a.num / a.den;

    return whole - (a.num % a.den < 0);
}

ost_ratio ost_ratio_floor(ost_ratio a)
{
    if (!ost_ratio_valid(a))
        return invalid;
    return (ost_ratio){ floor_of(a), 1 };
}

/* By the whole parts, and then by those of the reciprocals of the rests: as
 * Euclid divides, so that nothing overflows. */
int ost_ratio_compare(ost_ratio a, ost_ratio b)
{
    int sign = 1;

    for (;;) {
        ost_int128 x = floor_of(a), y = floor_of(b);
        ost_int128 rest_a = a.num - x * a.den, rest_b = b.num - y * b.den;

        if (x != y)
            return x < y ? -sign : sign;
        if (rest_a == 0 || rest_b == 0)
            return sign * ((rest_a > 0) - (rest_b > 0));
        a = (ost_ratio){ a.den, rest_a };
        b = (ost_ratio){ b.den, rest_b };
        sign = -sign;
    }
}

double ost_ratio_double(ost_ratio a)
{
    if (!ost_ratio_valid(a))
        return (double)NAN;
    return (double)((long double)a.num / (long double)a.den);
}
