/* kernels/layers/gaussian_noise_layer.c - noise that is added while training
 *
 * Only passes that have a backward draw it: what networks make for people is
 * without, also when other layers are to behave as in training.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const ost_net_attr_spec attrs[] = {
    { .name = "sigma",
      .type = OST_NET_ATTR_REAL,
      .dflt = 1,
      .max = 1e6,
      .help = "standard deviation of the noise" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_same_shape(layer);
    return OST_OK;
}

const ost_layer_kind ost_layer_gaussian_noise = {
    .name = "gaussian_noise",
    .summary = "adds normal noise while training",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_IN_PLACE,
    .attrs = attrs,
    .shape = shape,
};
