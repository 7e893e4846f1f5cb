/* kernels/cpu/clip.c - what gradients are multiplied by, so that their norm is
 * not too large
 */
#include "kernels/cpu/cpu.h"

#include <math.h>

#include "base/banned.h"

ost_rc ost_cpu_clip(const ost_update *updates, int count, double most,
                    double *scale, ost_err *err)
{
    double sum = 0.0;
    double norm;

    for (int i = 0; i < count; i++) {
        double part;
        ost_rc rc =
            ost_cpu_sum_squares(updates[i].grad, updates[i].count, &part, err);

        if (rc)
            return rc;
        sum += part;
    }
    norm = sqrt(sum);
    *scale = isfinite(norm) ? fmin(1.0, most / (norm + 1e-6)) : (double)NAN;
    if (isnan(*scale))
        return ost_fail(err, OST_EFAIL, "the gradients are not finite");
    return OST_OK;
}
