/* kernels/layers/layer_norm_layer.c - layer normalization
 *
 * Any (N, C, ...), one mean and variance for all numbers of an item, the same
 * in training and inference.  Weights, with `affine`: weight and bias of each
 * channel, as PyTorch's GroupNorm of one group.  With `deviation` unbiased as
 * the code of "Multimodal unsupervised image-to-image translation" has it
 * (Huang, Liu, Belongie and Kautz, ECCV 2018): the standard deviation divides
 * the squares by one less than the count, and epsilon is added to it.
 */
#include "kernels/layers/windows.h"

#include "base/banned.h"

static const char *const deviations[] = { "biased", "unbiased", NULL };

static const ost_net_attr_spec attrs[] = {
    OST_ITEM_NORM_ATTRS(1),
    { .name = "deviation",
      .type = OST_NET_ATTR_WORD,
      .words = deviations,
      .help = "unbiased: squares by one less than the count, and epsilon added "
              "to the deviation" },
    { 0 },
};

static ost_rc shape(ost_layer *layer, ost_err *err)
{
    return ost_item_norm_shape(layer, err);
}

const ost_layer_kind ost_layer_layer_norm = {
    .name = "layer_norm",
    .summary = "mean 0 and variance 1 for each item",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = OST_READS_INPUT,
    .attrs = attrs,
    .shape = shape,
};
