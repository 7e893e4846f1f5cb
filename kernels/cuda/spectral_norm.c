/* kernels/cuda/spectral_norm.c - the power iteration, and W divided by s */
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/spectral_kernels.h"

#include "base/banned.h"

ost_rc ost_cuda_spectral_norm(const ost_spectral_work *work, ost_err *err)
{
    ost_spectral_args args = {
        .matrix = work->matrix,
        .outer = work->outer,
        .rows = work->rows,
        .inner = work->inner,
        .u0 = work->u0,
        .v0 = work->v0,
        .u = work->u,
        .v = work->v,
        .turns = work->turns,
        .warm = OST_SPECTRAL_WARM,
        .keep = work->keep,
        .sigma = work->sigma,
        .room = work->room,
    };

    return ost_cuda_check(
        ost_cuda_launch_spectral_norm(&args, ost_cuda_here()->stream),
        "normalize a weight", err);
}
