/* kernels/pixel_exact.h - the functions of kernels/exact.h that single pixels
 * need, for C and CUDA compilers
 */
#ifndef OST_KERNELS_PIXEL_EXACT_H
#define OST_KERNELS_PIXEL_EXACT_H

#include "kernels/pixel.h"

#include <math.h>

/* The logarithm of 2 in two parts: the products of the first, which ends in
 * zeros, with whole numbers to 2000 are exact. */
#define OST_PX_LN2_HIGH 6.93147180369123816490e-01
#define OST_PX_LN2_LOW  1.90821492927058770002e-10

OST_PIXEL double ost_px_exact_exp(double x)
{
    double twos, rest, term = 1.0, sum = 1.0;
    int k;

    if (x < -700.0)
        return 0.0;
    twos = floor(x / OST_PX_LN2_HIGH + 0.5);
    rest = (x - twos * OST_PX_LN2_HIGH) - twos * OST_PX_LN2_LOW;
    for (k = 1; k <= 16; k++) {
        term = term * rest / k;
        sum += term;
    }
    return ldexp(sum, (int)twos);
}

/* x is m times a power of 2 with m around 1; the logarithm of m is the series
 * of the inverse hyperbolic tangent of (m - 1) / (m + 1), doubled. */
OST_PIXEL double ost_px_exact_log(double x)
{
    double m, z, square, power, sum = 0.0;
    int twos, k;

    m = frexp(x, &twos);
    if (m < 0.70710678118654752) {
        m *= 2.0;
        twos--;
    }
    z = (m - 1.0) / (m + 1.0);
    square = z * z;
    power = z;
    for (k = 1; k <= 25; k += 2) {
        sum += power / k;
        power *= square;
    }
    return twos * OST_PX_LN2_HIGH + (twos * OST_PX_LN2_LOW + 2.0 * sum);
}

/* The curve of kernels/tone.h's gamma. */
OST_PIXEL float ost_px_curve(double low, double high, double exponent, float v)
{
    double range = high - low;
    double t = ((double)v - low) / range;

    if (!(t > 0.0) || !(t < 1.0))
        return v;
    return (float)(low +
                   range * ost_px_exact_exp(exponent * ost_px_exact_log(t)));
}

#endif
