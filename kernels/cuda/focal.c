/* kernels/cuda/focal.c - cross-entropy that looks away from what is easy */
#include "kernels/cuda/losses.h"

#include "base/banned.h"

ost_rc ost_cuda_focal(const ost_value_loss *loss, ost_err *err)
{
    return ost_cuda_value_loss(loss, OST_LOSS_FOCAL, err);
}
