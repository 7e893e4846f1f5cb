/* kernels/layers/latent_layer.c - numbers drawn for every item
 *
 * From any value, of which only the number of items counts, to (N, out).  The
 * numbers hang on the pass, the layer and the item's place in the batch, and
 * are drawn in inference too.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const char *const distributions[] = { "normal", "uniform", NULL };

static const ost_net_attr_spec attrs[] = {
    { .name = "out",
      .type = OST_NET_ATTR_INT,
      .required = true,
      .min = 1,
      .max = OST_CHANNELS_MAX,
      .help = "numbers of an item" },
    { .name = "distribution",
      .type = OST_NET_ATTR_WORD,
      .words = distributions,
      .help = "normal: mean 0, deviation 1; uniform: from -1 to 1" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->out->ndim = 2;
    layer->out->shape[0] = layer->in[0]->shape[0];
    layer->out->shape[1] = ost_layer_attr_int(layer, "out", 0);
    return OST_OK;
}

const ost_layer_kind ost_layer_latent = {
    .name = "latent",
    .summary = "numbers drawn for every item",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs = attrs,
    .shape = shape,
};
