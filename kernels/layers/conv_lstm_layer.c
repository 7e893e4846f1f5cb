/* kernels/layers/conv_lstm_layer.c - a recurrent cell of convolutions
 *
 * Shi et al., "Convolutional LSTM Network", NIPS 2015, without peepholes:
 *     [i f o g] = W * [x, h] + b
 *     c' = sigmoid(f) c + sigmoid(i) tanh(g)
 *     h' = sigmoid(o) tanh(c')
 * From x (N, C, H, W) and the state [h, c] (N, 2 hidden, H, W), or one that is
 * the same everywhere (N, 2 hidden), or zeros, to the state [h', c'].  Weights:
 * weight (4 hidden, C + hidden, kernel...) and bias (4 hidden), in the order of
 * the gates above.
 *
 * The convolution is a layer of its own, put before this one, which then reads
 * the gates (and the state) and makes the new state.  The gates are twice as
 * large as the state: training keeps states alone, and makes gates again.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "hidden",
      .type = OST_NET_ATTR_INT,
      .required = true,
      .min = 1,
      .max = OST_CHANNELS_MAX / 4,
      .help = "channels of h and of c" },
    { .name = "kernel",
      .type = OST_NET_ATTR_INTS,
      .dflt = 3,
      .min = 1,
      .max = OST_WINDOW_MAX,
      .help = "sides of the kernel, odd" },
    { .name = "bias",
      .type = OST_NET_ATTR_BOOL,
      .dflt = 1,
      .max = 1,
      .help = "whether a number is added to each gate" },
    OST_INIT_ATTRS(OST_INIT_UNIFORM),
    OST_SPECTRAL_ATTR,
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *x = layer->in[0];
    const ost_value *state = layer->in[1];
    int64_t hidden = ost_layer_attr_int(layer, "hidden", 0);
    char got[96];
    char want[96];
    ost_rc rc = ost_need_sides(layer, 2, err);

    if (rc)
        return rc;
    for (int i = 0; i < 2; i++)
        if (ost_layer_attr_int(layer, "kernel", i) % 2 == 0)
            return ost_fail(err, OST_EINPUT,
                            "attribute 'kernel' must be odd, so that the "
                            "state keeps its sides");
    ost_same_shape(layer);
    layer->out->shape[1] = 2 * hidden;
    if (x->shape[1] > OST_CHANNELS_MAX - hidden)
        return ost_fail(err, OST_EINPUT, "too many channels");
    if (layer->n_inputs > 1 && !ost_value_same_shape(state, layer->out) &&
        (state->ndim != 2 || state->shape[0] != x->shape[0] ||
         state->shape[1] != 2 * hidden))
        return ost_fail(
            err, OST_EINPUT, "the state is %s, must be %s",
            ost_shape_text(got, state->ndim, state->shape),
            ost_shape_text(want, layer->out->ndim, layer->out->shape));
    return OST_OK;
}

/* Repeats a state that is the same everywhere. */
static ost_rc spread(ost_layer *layer, ost_err *err)
{
    const ost_value *x = layer->in[0];
    const ost_net_attr flat = {
        .name = "shape",
        .count = 3,
        .v = { (double)layer->in[1]->shape[1], 1.0, 1.0 },
    };
    const ost_net_attr sides = {
        .name = "size",
        .count = 2,
        .v = { (double)x->shape[2], (double)x->shape[3] },
    };
    ost_rc rc = ost_layer_before(layer, "reshape", &flat, 1, &layer->in[1], 1,
                                 &layer->in[1], err);

    if (rc)
        return rc;
    return ost_layer_before(layer, "upsample", &sides, 1, &layer->in[1], 1,
                            &layer->in[1], err);
}

/* [x, h], or [x, 0] without a state. */
static ost_rc join(ost_layer *layer, ost_value **joined, ost_err *err)
{
    double hidden = ost_layer_attr(layer, "hidden");
    double channels = (double)layer->in[0]->shape[1] + hidden;
    ost_value *in[2] = { layer->in[0], NULL };
    ost_rc rc;

    if (layer->n_inputs < 2)
        return ost_layer_before(layer, "widen",
                                &(ost_net_attr){ .name = "channels",
                                                 .count = 1,
                                                 .v = { channels } },
                                1, in, 1, joined, err);
    rc = ost_layer_before(
        layer, "slice",
        &(ost_net_attr){ .name = "to", .count = 1, .v = { hidden } }, 1,
        &layer->in[1], 1, &in[1], err);
    if (rc)
        return rc;
    return ost_layer_before(layer, "concat", NULL, 0, in, 2, joined, err);
}

static ost_rc compose(ost_layer *layer, ost_err *err)
{
    double k[2] = { (double)ost_layer_attr_int(layer, "kernel", 0),
                    (double)ost_layer_attr_int(layer, "kernel", 1) };
    const ost_net_attr convolution[] = {
        { .name = "out",
          .count = 1,
          .v = { 4.0 * ost_layer_attr(layer, "hidden") } },
        { .name = "kernel", .count = 2, .v = { k[0], k[1] } },
        { .name = "padding",
          .count = 2,
          .v = { (k[0] - 1.0) / 2.0, (k[1] - 1.0) / 2.0 } },
        { .name = "bias", .count = 1, .v = { ost_layer_attr(layer, "bias") } },
        { .name = "init",
          .text = ost_init_words[ost_layer_attr_word(layer, "init")] },
        { .name = "sigma",
          .count = 1,
          .v = { ost_layer_attr(layer, "sigma") } },
        { .name = "spectral_norm",
          .count = 1,
          .v = { ost_layer_attr(layer, "spectral_norm") } },
    };
    ost_value *joined;
    ost_rc rc = OST_OK;

    if (layer->n_inputs > 1 && layer->in[1]->ndim == 2)
        rc = spread(layer, err);
    if (!rc)
        rc = join(layer, &joined, err);
    if (rc)
        return rc;
    return ost_layer_before(layer, "conv2d", convolution,
                            sizeof(convolution) / sizeof(convolution[0]),
                            &joined, 1, &layer->in[0], err);
}

const ost_layer_kind ost_layer_conv_lstm = {
    .name = "conv_lstm",
    .summary = "a recurrent cell of convolutions",
    .min_inputs = 1,
    .max_inputs = 2,
    .flags = OST_READS_INPUT | OST_INPUT_AGAIN,
    .attrs = attrs,
    .shape = shape,
    .compose = compose,
};
