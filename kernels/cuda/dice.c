/* kernels/cuda/dice.c - how little two masks overlap */
#include "kernels/cuda/cuda_transfer.h"
#include "kernels/cuda/loss_kernels.h"

#include "base/banned.h"

ost_rc ost_cuda_dice(const ost_value_loss *loss, ost_err *err)
{
    const ost_value_loss *l = loss;
    int64_t items = l->output.shape[0];
    int64_t count = ost_tensor_count(&l->output) / items;
    size_t parts = (size_t)ost_cuda_overlap_parts(items, count);
    ost_overlap_args args = {
        .x = l->output.data,
        .target = l->target,
        .grad = l->grad,
        .items = items,
        .count = count,
        .smoothing = l->smoothing,
        .scale = 1.0 / (l->total > 0.0 ? l->total : (double)items),
    };
    void *room = NULL;
    ost_rc rc = ost_cuda_scratch((parts + 1) * sizeof(double), &room, err);

    if (rc)
        return rc;
    args.parts = (double *)room + 1;
    args.loss = l->loss ? room : NULL;
    rc = ost_cuda_check(ost_cuda_launch_overlap(&args, ost_cuda_here()->stream),
                        "compute a loss", err);
    if (!rc && l->loss)
        rc = ost_cuda_bring(l->loss, room, sizeof(*l->loss), err);
    return rc;
}
