/* kernels/layers/batch_norm_layer.c - batch normalization
 *
 * Any (N, C, ...), one mean and variance for each channel.  Weights: weight and
 * bias, learned, and running_mean and running_var, which inference uses.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "epsilon",
      .type = OST_NET_ATTR_REAL,
      .dflt = 1e-5,
      .min = 1e-30,
      .max = 1,
      .help = "added to the variance" },
    { .name = "momentum",
      .type = OST_NET_ATTR_REAL,
      .dflt = 0.1,
      .max = 1,
      .help = "share of a batch in the running statistics" },
    { .name = "sigma",
      .type = OST_NET_ATTR_REAL,
      .max = 1e6,
      .help =
          "standard deviation of the first scales, which are 1 on average" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    int64_t c = ost_value_channels(layer->in[0]);
    ost_rc rc;

    ost_same_shape(layer);
    rc = ost_layer_weight(layer, "weight", 1, &c, OST_INIT_SCALES, c, c, true,
                          err);
    if (!rc)
        rc = ost_layer_weight(layer, "bias", 1, &c, OST_INIT_ZEROS, c, c, true,
                              err);
    if (!rc)
        rc = ost_layer_weight(layer, "running_mean", 1, &c, OST_INIT_ZEROS, c,
                              c, false, err);
    if (!rc)
        rc = ost_layer_weight(layer, "running_var", 1, &c, OST_INIT_ONES, c, c,
                              false, err);
    return rc;
}

const ost_layer_kind ost_layer_batch_norm = {
    .name = "batch_norm",
    .summary = "mean 0 and variance 1 for each channel, then scale and shift",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_INPUT | OST_IN_PLACE,
    .attrs = attrs,
    .shape = shape,
};
