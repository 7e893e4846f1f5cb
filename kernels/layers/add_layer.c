/* kernels/layers/add_layer.c - the sum of values
 *
 * Each side of an input is the output's or 1; (N, C) goes with (N, C, ...).
 */
#include "kernels/layers/axes.h"

#include "base/banned.h"

const ost_layer_kind ost_layer_add = {
    .name = "add",
    .summary = "the sum of values",
    .min_inputs = 2,
    .max_inputs = OST_LAYER_INPUTS,
    .flags = OST_IN_PLACE,
    .tangent = OST_TANGENT_LINEAR,
    .shape = ost_broadcast_shape,
};
