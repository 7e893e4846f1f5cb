/* base/half.c - numbers of 16 bits (IEEE 754 binary16) */
#include "base/half.h"

#include <math.h>

float ost_half_to_float(uint16_t half)
{
    int exponent = half >> 10 & 31;
    int fraction = half & 1023;
    float v;

    if (exponent == 31)
        v = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        v = ldexpf((float)fraction, -24);
    else
        v = ldexpf((float)(fraction + 1024), exponent - 25);
    return half & 0x8000 ? -v : v;
}
