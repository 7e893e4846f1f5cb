/* kernels/cuda/approach.c - moves arrays a part of the way to others */
#include "kernels/cuda/steps.h"

#include "base/banned.h"

static int launch(const ost_step_args *args, int64_t before, void *given)
{
    (void)before;
    (void)given;
    return ost_cuda_launch_approach(args, ost_cuda_here()->stream);
}

ost_rc ost_cuda_approach(const ost_update *updates, int count, double part,
                         ost_err *err)
{
    ost_step_args args = { .rate = (float)part };

    return ost_cuda_steps(updates, count, &args, launch, NULL, err);
}
