/* kernels/layers/add_layer.c - the sum of values of one shape */
#include "kernels/layers/windows.h"

#include <string.h>

#include "base/banned.h"

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *a = layer->in[0];

    for (int i = 1; i < layer->n_inputs; i++) {
        const ost_value *b = layer->in[i];
        char left[96];
        char right[96];

        if (a->ndim != b->ndim ||
            memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof(*a->shape)))
            return ost_fail(err, OST_EINPUT, "inputs %s and %s differ in shape",
                            ost_shape_text(left, a->ndim, a->shape),
                            ost_shape_text(right, b->ndim, b->shape));
    }
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_add = {
    .name = "add",
    .summary = "the sum of values of one shape",
    .min_inputs = 2,
    .max_inputs = OST_LAYER_INPUTS,
    .flags = OST_IN_PLACE,
    .shape = shape,
};
