/* kernels/cpu/mean.c - the mean over some axes */
#include "kernels/cpu/reduction.h"

#include "base/banned.h"

ost_rc ost_cpu_mean(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_sum_axes(layer, true);
}
