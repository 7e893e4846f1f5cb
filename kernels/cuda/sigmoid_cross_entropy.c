/* kernels/cuda/sigmoid_cross_entropy.c - the loss of independent labels */
#include "kernels/cuda/losses.h"

#include "base/banned.h"

ost_rc ost_cuda_sigmoid_cross_entropy(const ost_value_loss *loss, ost_err *err)
{
    return ost_cuda_value_loss(loss, OST_LOSS_SIGMOID, err);
}
