/* kernels/layers/avg_pool2d_layer.c - means over two-dimensional windows
 *
 * (N, C, H, W) to (N, C, H', W') (ost_pooling_shape()).
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_pooling_shape(layer, 2, err);
}

const ost_layer_kind ost_layer_avg_pool2d = {
    .name = "avg_pool2d",
    .summary = "means over two-dimensional windows",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_avg_pool_attrs,
    .shape = shape,
};
