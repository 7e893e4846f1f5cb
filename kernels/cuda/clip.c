/* kernels/cuda/clip.c - what gradients are multiplied by, so that their norm
 * is not too large
 */
#include "kernels/cuda/cuda_transfer.h"
#include "kernels/cuda/steps.h"

#include <math.h>

#include "base/banned.h"

static int launch(const ost_step_args *args, int64_t before, void *given)
{
    return ost_cuda_launch_step_squares(args, (double *)given + before,
                                        ost_cuda_here()->stream);
}

static ost_rc tell(void *host, const void *brought, ost_err *err)
{
    const double *scale = brought;

    (void)host;
    if (isnan(*scale))
        return ost_fail(err, OST_EFAIL, "the gradients are not finite");
    return OST_OK;
}

ost_rc ost_cuda_clip(const ost_update *updates, int count, double most,
                     double *scale, ost_err *err)
{
    size_t parts = (size_t)ost_cuda_step_blocks(updates, count);
    ost_step_args args = { 0 };
    void *room = NULL;
    ost_rc rc = ost_cuda_scratch((parts + 1) * sizeof(double), &room, err);

    if (!rc)
        rc = ost_cuda_steps(updates, count, &args, launch, room, err);
    if (!rc)
        rc =
            ost_cuda_check(ost_cuda_launch_clip(room, (int64_t)parts, most,
                                                scale, ost_cuda_here()->stream),
                           "clip gradients", err);
    if (!rc)
        rc = ost_cuda_tell(tell, NULL, scale, sizeof(*scale), err);
    return rc;
}
