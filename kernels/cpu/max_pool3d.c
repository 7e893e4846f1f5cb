/* kernels/cpu/max_pool3d.c - maxima over three-dimensional windows */
#include "kernels/cpu/pooling.h"

#include "base/banned.h"

ost_rc ost_cpu_max_pool3d(ost_layer *layer, ost_err *err)
{
    return ost_cpu_pooling(layer, OST_POOL_MAX, err);
}
