/* kernels/layers/sum_layer.c - the sum over some axes */
#include "kernels/layers/axes.h"

#include "base/banned.h"

const ost_layer_kind ost_layer_sum = {
    .name = "sum",
    .summary = "the sum over some axes",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_reduction_attrs,
    .shape = ost_reduction_shape,
};
