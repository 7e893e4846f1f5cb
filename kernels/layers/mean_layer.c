/* kernels/layers/mean_layer.c - the mean over some axes */
#include "kernels/layers/axes.h"

#include "base/banned.h"

const ost_layer_kind ost_layer_mean = {
    .name = "mean",
    .summary = "the mean over some axes",
    .min_inputs = 1,
    .max_inputs = 1,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = ost_reduction_attrs,
    .shape = ost_reduction_shape,
};
