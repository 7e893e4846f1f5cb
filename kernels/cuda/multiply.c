/* kernels/cuda/multiply.c - the product of values, in their order */
#include "kernels/cuda/combine.h"

#include "base/banned.h"

ost_rc ost_cuda_multiply(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cuda_combine(layer, true);
}
