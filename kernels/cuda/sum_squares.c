/* kernels/cuda/sum_squares.c - the sum of the squares of an array */
#include "kernels/cuda/cuda_transfer.h"
#include "kernels/cuda/loss_kernels.h"

#include "base/banned.h"

ost_rc ost_cuda_sum_squares(const float *v, int64_t count, double *sum,
                            ost_err *err)
{
    size_t parts = (size_t)ost_cuda_loss_parts(count);
    void *room = NULL;
    ost_rc rc = ost_cuda_scratch((parts + 1) * sizeof(double), &room, err);

    if (!rc)
        rc = ost_cuda_check(ost_cuda_launch_squares(v, count,
                                                    (double *)room + 1, room,
                                                    ost_cuda_here()->stream),
                            "sum up squares", err);
    if (!rc)
        rc = ost_cuda_bring(sum, room, sizeof(*sum), err);
    return rc;
}
