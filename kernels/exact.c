/* kernels/exact.c - functions whose bits do not depend on the machine */
#include "kernels/exact.h"

#include "kernels/pixel_exact.h"

#include <math.h>

#include "base/banned.h"

double ost_exact_exp(double x)
{
    return ost_px_exact_exp(x);
}

double ost_exact_log(double x)
{
    return ost_px_exact_log(x);
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
