/* kernels/cpu/focal.c - cross-entropy that looks away from what is easy
 *
 * Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.  With q = 1 - p
 * the derivatives by x are p q times those by p.
 */
#include "kernels/cpu/value_loss.h"

#include <math.h>

#include "base/banned.h"

static double power(double base, double gamma)
{
    return gamma == 1.0 ? base : pow(base, gamma);
}

static double term(double x, double target, double weight, double gamma,
                   double *slope)
{
    const double least = 1e-7;
    double p = ost_sigmoid(x);
    double q = ost_sigmoid(-x);
    bool clamped = p < least || q < least;
    double easy; /* (1 - p)^gamma */
    double hard; /* p^gamma */

    if (p < least) {
        p = least;
        q = 1.0 - least;
    } else if (q < least) {
        p = 1.0 - least;
        q = least;
    }
    easy = power(q, gamma);
    hard = power(p, gamma);
    *slope = clamped ? 0.0
                     : weight * target * easy * (gamma * p * log(p) - q) -
                           (1.0 - target) * hard * (gamma * q * log(q) - p);
    return -weight * target * easy * log(p) - (1.0 - target) * hard * log(q);
}

ost_rc ost_cpu_focal(const ost_value_loss *loss, ost_err *err)
{
    (void)err;
    return ost_cpu_value_loss(loss, term);
}
