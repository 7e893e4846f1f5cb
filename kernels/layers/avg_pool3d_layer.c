/* kernels/layers/avg_pool3d_layer.c - means over three-dimensional windows
 *
 * (N, C, D, H, W) to (N, C, D', H', W') (ost_pooling_shape()).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_pooling_shape(layer, 3, err);
}

const ost_layer_kind ost_layer_avg_pool3d = {
    .name = "avg_pool3d",
    .summary = "means over three-dimensional windows",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_avg_pool_attrs,
    .shape = shape,
};
