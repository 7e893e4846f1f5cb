/* kernels/cuda/sgd.c - stochastic gradient descent with momentum */
#include "kernels/cuda/steps.h"

#include "base/banned.h"

static int launch(const ost_step_args *args, int64_t before, void *given)
{
    (void)before;
    (void)given;
    return ost_cuda_launch_sgd(args, ost_cuda_here()->stream);
}

ost_rc ost_cuda_sgd(const ost_update *updates, int count, ost_err *err)
{
    ost_step_args args = { 0 };

    if (count < 1)
        return OST_OK;
    args.scale = updates->scale;
    args.rate = (float)updates->with.rate;
    args.momentum = (float)updates->with.momentum;
    args.nesterov = updates->with.nesterov;
    return ost_cuda_steps(updates, count, &args, launch, NULL, err);
}
