/* kernels/cpu/l1.c - the mean of absolute differences */
#include "kernels/cpu/value_loss.h"

#include <math.h>

#include "base/banned.h"

static double term(double x, double target, double weight, double gamma,
                   double *slope)
{
    double d = x - target;

    (void)weight;
    (void)gamma;
    *slope = d > 0.0 ? 1.0 : d < 0.0 ? -1.0 : d;
    return fabs(d);
}

ost_rc ost_cpu_l1(const ost_value_loss *loss, ost_err *err)
{
    (void)err;
    return ost_cpu_value_loss(loss, term);
}
