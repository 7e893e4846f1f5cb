/* kernels/cuda/l1.c - the mean of absolute differences */
#include "kernels/cuda/losses.h"

#include "base/banned.h"

ost_rc ost_cuda_l1(const ost_value_loss *loss, ost_err *err)
{
    return ost_cuda_value_loss(loss, OST_LOSS_L1, err);
}
