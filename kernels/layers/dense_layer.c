/* kernels/layers/dense_layer.c - every output hangs on every input
 *
 * (N, K) to (N, out).  Weights: weight (out, K), bias (out).
 */
#include "kernels/layers/windows.h"
#include "kernels/spectral.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "out",
      .type = OST_NET_ATTR_INT,
      .required = true,
      .min = 1,
      .max = OST_CHANNELS_MAX,
      .help = "outputs" },
    { .name = "bias",
      .type = OST_NET_ATTR_BOOL,
      .dflt = 1,
      .max = 1,
      .help = "whether a number is added to each output" },
    OST_INIT_ATTRS(OST_INIT_UNIFORM),
    OST_SPECTRAL_ATTR,
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int64_t out = ost_layer_attr_int(layer, "out", 0);
    char text[96];
    int64_t k = in->shape[1];
    ost_rc rc;

    if (in->ndim != 2)
        return ost_fail(err, OST_EINPUT,
                        "input %s is not rows of numbers; put 'flatten' or "
                        "'global_avg_pool' before it",
                        ost_shape_text(text, in->ndim, in->shape));
    layer->out->ndim = 2;
    layer->out->shape[0] = in->shape[0];
    layer->out->shape[1] = out;
    rc = ost_layer_weight(layer, "weight", 2, (int64_t[]){ out, k },
                          (ost_init)ost_layer_attr_word(layer, "init"), k, out,
                          true, err);
    if (!rc)
        rc = ost_layer_spectral(layer, 0, err);
    if (!rc && ost_layer_attr(layer, "bias") != 0.0)
        rc = ost_layer_weight(layer, "bias", 1, &out, OST_INIT_ZEROS, k, out,
                              true, err);
    return rc;
}

static double flops(const ost_layer *layer)
{
    return 2.0 * (double)layer->in[0]->shape[0] *
           (double)layer->in[0]->shape[1] * (double)layer->out->shape[1];
}

const ost_layer_kind ost_layer_dense = {
    .name = "dense",
    .summary = "every output hangs on every input",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_INPUT,
    .tangent = OST_TANGENT_LINEAR,
    .attrs = attrs,
    .shape = shape,
    .flops = flops,
};
