/* kernels/cuda/sum.c - the sum over some axes */
#include "kernels/cuda/fold.h"

#include "base/banned.h"

ost_rc ost_cuda_sum(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cuda_fold_sum(layer, false);
}
