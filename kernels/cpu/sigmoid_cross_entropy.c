/* kernels/cpu/sigmoid_cross_entropy.c - the loss of independent labels
 *
 * -log p = softplus(-x) and -log(1 - p) = x + softplus(-x), which neither
 * overflow nor cancel.
 */
#include "kernels/cpu/value_loss.h"

#include <math.h>

#include "base/banned.h"

static double term(double x, double target, double weight, double gamma,
                   double *slope)
{
    double softplus = log1p(exp(-fabs(x))) + (x < 0.0 ? -x : 0.0);
    double w = weight * target + (1.0 - target);

    (void)gamma;
    *slope = (1.0 - target) - w * ost_sigmoid(-x);
    return (1.0 - target) * x + w * softplus;
}

ost_rc ost_cpu_sigmoid_cross_entropy(const ost_value_loss *loss, ost_err *err)
{
    (void)err;
    return ost_cpu_value_loss(loss, term);
}
