/* kernels/layers/adaptive_avg_pool3d_layer.c - means over as many windows as
 * are wanted
 *
 * (N, C, D, H, W) to (N, C, D', H', W') as `size` says.  Window i of a side of
 * H begins at i H / H', rounded down, and ends at (i + 1) H / H', rounded up.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_adaptive_pooling_shape(layer, 3, err);
}

const ost_layer_kind ost_layer_adaptive_avg_pool3d = {
    .name = "adaptive_avg_pool3d",
    .summary = "means over as many windows as are wanted",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_adaptive_pool_attrs,
    .shape = shape,
};
