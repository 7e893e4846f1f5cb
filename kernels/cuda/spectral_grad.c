/* kernels/cuda/spectral_grad.c - from the gradient of W / s to that of W */
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/spectral_kernels.h"

#include "base/banned.h"

ost_rc ost_cuda_spectral_grad(const ost_spectral_work *work, ost_err *err)
{
    ost_spectral_args args = {
        .matrix = work->matrix,
        .outer = work->outer,
        .rows = work->rows,
        .inner = work->inner,
        .u = work->u,
        .v = work->v,
        .sigma = work->sigma,
        .room = work->room,
        .grad = work->grad,
        .normed = work->normed,
        .stored = work->stored,
    };

    return ost_cuda_check(
        ost_cuda_launch_spectral_grad(&args, ost_cuda_here()->stream),
        "find the gradient of a weight", err);
}
