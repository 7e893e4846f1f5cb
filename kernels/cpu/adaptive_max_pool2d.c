/* kernels/cpu/adaptive_max_pool2d.c - maxima over as many windows as are wanted
 */
#include "kernels/cpu/pooling.h"

#include "base/banned.h"

ost_rc ost_cpu_adaptive_max_pool2d(ost_layer *layer, ost_err *err)
{
    return ost_cpu_pooling(layer, OST_POOL_ADAPTIVE_MAX, err);
}
