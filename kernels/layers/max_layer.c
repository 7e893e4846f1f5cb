/* kernels/layers/max_layer.c - the highest number over some axes */
#include "kernels/layers/axes.h"

#include "base/banned.h"

const ost_layer_kind ost_layer_max = {
    .name = "max",
    .summary = "the highest number over some axes",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs = ost_reduction_attrs,
    .shape = ost_reduction_shape,
};
