/* kernels/cuda/max.c - the highest number over some axes */
#include "kernels/cuda/fold.h"

#include "base/banned.h"

ost_rc ost_cuda_max(ost_layer *layer, ost_err *err)
{

    return ost_cuda_fold_highest(layer, err);
}
