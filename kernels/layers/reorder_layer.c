/* kernels/layers/reorder_layer.c - from one layout to another, between layers
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_reorder = {
    .name = "reorder",
    .summary = "from one layout to another",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_INTERNAL,
    .shape = shape,
};
