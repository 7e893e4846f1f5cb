/* kernels/cpu/l2.c - the mean of squared differences */
#include "kernels/cpu/value_loss.h"

#include "base/banned.h"

static double term(double x, double target, double weight, double gamma,
                   double *slope)
{
    double d = x - target;

    (void)weight;
    (void)gamma;
    *slope = 2.0 * d;
    return d * d;
}

ost_rc ost_cpu_l2(const ost_value_loss *loss, ost_err *err)
{
    (void)err;
    return ost_cpu_value_loss(loss, term);
}
