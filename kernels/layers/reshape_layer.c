/* kernels/layers/reshape_layer.c - the same numbers in another shape
 *
 * Row-major order stays; one side of -1 is what remains.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "shape",
      .type = OST_NET_ATTR_INTS,
      .required = true,
      .min = -1,
      .max = INT32_MAX,
      .help = "sides of an item, channels first; one may be -1" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    ost_value *out = layer->out;
    int sides = ost_layer_attr_count(layer, "shape");
    int64_t count = 1; /* of the numbers of an item */
    int64_t made = 1;
    int open = 0;
    bool fits;
    char from[96];
    char to[96];

    for (int i = 1; i < in->ndim; i++)
        count *= in->shape[i];
    if (sides >= OST_MAX_DIMS)
        return ost_fail(err, OST_EINPUT,
                        "attribute 'shape' has %d sides, must have 1 to %d",
                        sides, OST_MAX_DIMS - 1);
    out->ndim = sides + 1;
    out->shape[0] = in->shape[0];
    for (int i = 1; i <= sides; i++) {
        int64_t side = ost_layer_attr_int(layer, "shape", i - 1);

        out->shape[i] = side;
        if (side == -1 && !open)
            open = i;
        else if (side < 1 || __builtin_mul_overflow(made, side, &made))
            return ost_fail(err, OST_EINPUT,
                            "attribute 'shape' must have sides from 1 on, one "
                            "of which may be -1");
    }
    fits = open ? count % made == 0 : count == made;
    if (fits && open)
        out->shape[open] = count / made;
    if (!fits)
        return ost_fail(err, OST_EINPUT, "input %s cannot be shaped to %s",
                        ost_shape_text(from, in->ndim, in->shape),
                        ost_shape_text(to, out->ndim, out->shape));
    return OST_OK;
}

const ost_layer_kind ost_layer_reshape = {
    .name = "reshape",
    .summary = "the same numbers in another shape",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_IN_PLACE,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = attrs,
    .shape = shape,
};
