/* kernels/cpu/avg_pool3d.c - means over three-dimensional windows */
#include "kernels/cpu/pooling.h"

#include "base/banned.h"

ost_rc ost_cpu_avg_pool3d(ost_layer *layer, ost_err *err)
{
    bool padded = ost_layer_attr(layer, "count_padding") != 0.0;

    return ost_cpu_pooling(layer, padded ? OST_POOL_MEAN_PADDED : OST_POOL_MEAN,
                           err);
}
