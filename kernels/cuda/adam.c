/* kernels/cuda/adam.c - Adam and AdamW, with bias correction */
#include "kernels/cuda/steps.h"

#include <math.h>

#include "base/banned.h"

static int launch(const ost_step_args *args, int64_t before, void *given)
{
    (void)before;
    (void)given;
    return ost_cuda_launch_adam(args, ost_cuda_here()->stream);
}

ost_rc ost_cuda_adam(const ost_update *updates, int count, ost_err *err)
{
    const ost_optimizer *with = &updates->with;
    ost_step_args args = { 0 };
    double t;

    if (count < 1)
        return OST_OK;
    t = (double)updates->step;
    args.scale = updates->scale;
    args.beta1 = (float)with->beta1;
    args.beta2 = (float)with->beta2;
    args.rest1 = (float)(1.0 - with->beta1);
    args.rest2 = (float)(1.0 - with->beta2);
    args.epsilon = (float)with->epsilon;
    args.rate = (float)(with->rate / (1.0 - pow(with->beta1, t)));
    args.root = (float)sqrt(1.0 - pow(with->beta2, t));
    return ost_cuda_steps(updates, count, &args, launch, NULL, err);
}
