/* kernels/cpu/layer_norm.c - all numbers of an item with mean 0 and variance 1
 */
#include "kernels/cpu/item_norm.h"

#include "base/banned.h"

ost_rc ost_cpu_layer_norm(ost_layer *layer, ost_err *err)
{
    return ost_cpu_item_norm(layer, true, err);
}
