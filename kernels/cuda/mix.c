/* kernels/cuda/mix.c - items times numbers of their own, and added
 *
 * The numbers of the items are the host's; they go to the device here.
 */
#include "kernels/cuda/cuda_transfer.h"
#include "kernels/cuda/number_kernels.h"
#include "kernels/gan.h"

#include "base/banned.h"

static ost_rc lend(const double *v, const ost_mix *mix, const void **lent,
                   ost_err *err)
{
    return ost_cuda_lend(ost_cuda_here()->backend, v,
                         (size_t)mix->items * sizeof(*v), lent, err);
}

ost_rc ost_cuda_mix(const ost_mix *mix, ost_err *err)
{
    const void *a;
    const void *b;
    ost_rc rc = lend(mix->a, mix, &a, err);

    if (!rc)
        rc = lend(mix->y ? mix->b : NULL, mix, &b, err);
    if (rc)
        return rc;
    return ost_cuda_check(ost_cuda_launch_mix(mix->out, mix->x, mix->y, a, b,
                                              mix->items, mix->count,
                                              ost_cuda_here()->stream),
                          "mix numbers", err);
}
