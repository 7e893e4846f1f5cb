/* kernels/cpu/layer_norm.c - all numbers of an item with mean 0 and variance 1
 */
#include "kernels/cpu/item_norm.h"

#include "base/banned.h"

ost_rc ost_cpu_layer_norm(ost_layer *layer, ost_err *err)
{
    unsigned how = OST_ITEM_TOGETHER;

    if (ost_layer_attr_word(layer, "deviation") == 1)
        how |= OST_ITEM_UNBIASED;
    return ost_cpu_item_norm(layer, how, err);
}
