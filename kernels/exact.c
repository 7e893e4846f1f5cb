/* kernels/exact.c - functions whose bits do not depend on the machine */
#include "kernels/exact.h"

#include <math.h>

#include "base/banned.h"

/* The logarithm of 2 in two parts: the products of `ln2_high`, which ends in
 * zeros, with whole numbers to 2000 are exact. */
static const double ln2_high = 6.93147180369123816490e-01;
static const double ln2_low = 1.90821492927058770002e-10;

double ost_exact_exp(double x)
{
    double twos, rest, term = 1.0, sum = 1.0;

    if (x < -700.0)
        return 0.0;
    twos = floor(x / ln2_high + 0.5);
    rest = (x - twos * ln2_high) - twos * ln2_low;
    for (int k = 1; k <= 16; k++) {
        term = term * rest / k;
        sum += term;
    }
    return ldexp(sum, (int)twos);
}

/* x is m times a power of 2 with m around 1; the logarithm of m is the series
 * of the inverse hyperbolic tangent of (m - 1) / (m + 1), doubled. */
double ost_exact_log(double x)
{
    double m, z, square, power, sum = 0.0;
    int twos;

    m = frexp(x, &twos);
    if (m < 0.70710678118654752) {
        m *= 2.0;
        twos--;
    }
    z = (m - 1.0) / (m + 1.0);
    square = z * z;
    power = z;
    for (int k = 1; k <= 25; k += 2) {
        sum += power / k;
        power *= square;
    }
    return twos * ln2_high + (twos * ln2_low + 2.0 * sum);
}

/* Taylor series for |x| <= pi/4; `first` is 1 for the cosine's even powers and
 * x for the sine's odd ones. */
static double series(double x, double first, int power)
{
    double term = first, sum = first;

    for (int k = power + 2; k <= 20; k += 2) {
        term = -term * x * x / (k * (k - 1));
        sum += term;
    }
    return sum;
}

void ost_exact_sincos(double degrees, double *sine, double *cosine)
{
    const double radians_per_degree = 3.14159265358979323846 / 180.0;
    double turn = fmod(degrees, 360.0); /* exact */
    double quarters = floor(turn / 90.0 + 0.5);
    double rest = (turn - quarters * 90.0) * radians_per_degree;
    double s = series(rest, rest, 1), c = series(rest, 1.0, 0);

    switch (((int)quarters % 4 + 4) % 4) {
    case 0:
        *sine = s;
        *cosine = c;
        break;
    case 1:
        *sine = c;
        *cosine = -s;
        break;
    case 2:
        *sine = -s;
        *cosine = -c;
        break;
    default:
        *sine = -c;
        *cosine = s;
        break;
    }
    *sine += 0.0; /* -0 becomes 0 */
    *cosine += 0.0;
}
