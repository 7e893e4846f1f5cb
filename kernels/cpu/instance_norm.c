/* kernels/cpu/instance_norm.c - each channel of an item with mean 0 and
 * variance 1 */
#include "kernels/cpu/item_norm.h"

#include "base/banned.h"

ost_rc ost_cpu_instance_norm(ost_layer *layer, ost_err *err)
{
    return ost_cpu_item_norm(layer, 0, err);
}
