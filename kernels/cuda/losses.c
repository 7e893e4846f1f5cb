/* kernels/cuda/losses.c - losses of numbers beside numbers */
#include "kernels/cuda/losses.h"

#include "kernels/cuda/cuda_transfer.h"

#include "base/banned.h"

ost_rc ost_cuda_run_loss(ost_loss_args *args, double *loss, ost_err *err)
{
    size_t parts = (size_t)ost_cuda_loss_parts(args->count);
    void *room = NULL;
    ost_rc rc = ost_cuda_scratch((parts + 1) * sizeof(double), &room, err);

    if (rc)
        return rc;
    args->parts = (double *)room + 1;
    args->loss = loss ? room : NULL;
    rc = ost_cuda_check(ost_cuda_launch_loss(args, ost_cuda_here()->stream),
                        "compute a loss", err);
    if (!rc && loss)
        rc = ost_cuda_bring(loss, room, sizeof(*loss), err);
    return rc;
}

ost_rc ost_cuda_value_loss(const ost_value_loss *loss, ost_loss_term term,
                           ost_err *err)
{
    const ost_value_loss *l = loss;
    int64_t count = ost_tensor_count(&l->output);
    int64_t items = l->output.shape[0];
    double total = l->total > 0.0 ? l->total : (double)items;
    ost_loss_args args = {
        .term = term,
        .x = l->output.data,
        .target = l->target,
        .weights = l->weights,
        .grad = l->grad,
        .count = count,
        .channels = l->output.ndim > 1 ? l->output.shape[1] : 1,
        .area = 1,
        .gamma = l->gamma,
        .scale = 1.0 / (total * (double)(count / items)),
        .weight = 1.0,
    };

    for (int i = 2; i < l->output.ndim; i++)
        args.area *= l->output.shape[i];
    return ost_cuda_run_loss(&args, l->loss, err);
}
