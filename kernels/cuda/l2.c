/* kernels/cuda/l2.c - the mean of squared differences */
#include "kernels/cuda/losses.h"

#include "base/banned.h"

ost_rc ost_cuda_l2(const ost_value_loss *loss, ost_err *err)
{
    return ost_cuda_value_loss(loss, OST_LOSS_L2, err);
}
