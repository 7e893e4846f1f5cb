/* kernels/cpu/sum.c - the sum over some axes */
#include "kernels/cpu/reduction.h"

#include "base/banned.h"

ost_rc ost_cpu_sum(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_sum_axes(layer, false);
}
