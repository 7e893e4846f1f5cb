/* kernels/layers/windows.h - shapes that several kinds of layers compute alike
 *
 * Private to kernels/layers/.
 */
#ifndef OST_KERNELS_LAYERS_WINDOWS_H
#define OST_KERNELS_LAYERS_WINDOWS_H

#include "kernels/layer.h"

enum {
    OST_WINDOW_MAX = 4096,
    OST_SIDE_MAX = 100000,
    OST_CHANNELS_MAX = 1 << 24,
};

/* Words of the attribute `init`, in the order of ost_init. */
extern const char *const ost_init_words[];

/* The attributes that say what first weights are; `usual` is the default. */
#define OST_INIT_ATTRS(usual)                                                 \
    { .name = "init",                                                         \
      .type = OST_NET_ATTR_WORD,                                              \
      .dflt = (usual),                                                        \
      .words = ost_init_words,                                                \
      .help = "first weights" },                                              \
    {                                                                         \
        .name = "sigma", .type = OST_NET_ATTR_REAL, .dflt = 0.01, .max = 1e6, \
        .help = "standard deviation of first weights that are normal"         \
    }

/* The attribute of layers whose weight may be normalized
 * (kernels/spectral.h). */
#define OST_SPECTRAL_ATTR                                                     \
    {                                                                         \
        .name = "spectral_norm", .type = OST_NET_ATTR_BOOL, .max = 1,         \
        .help = "whether the weight is divided by its largest singular value" \
    }

/* The attributes of norms of single items. */
#define OST_ITEM_NORM_ATTRS(affine)                                    \
    { .name = "epsilon",                                               \
      .type = OST_NET_ATTR_REAL,                                       \
      .dflt = 1e-5,                                                    \
      .min = 1e-30,                                                    \
      .max = 1,                                                        \
      .help = "added to the variance" },                               \
    {                                                                  \
        .name = "affine", .type = OST_NET_ATTR_BOOL, .dflt = (affine), \
        .max = 1, .help = "whether each channel is scaled and shifted" \
    }

/* The attributes of a convolution. */
extern const ost_net_attr_spec ost_convolution_attrs[];
extern const ost_net_attr_spec ost_transposed_attrs[];

/* The output looks like the first input. */
void ost_same_shape(ost_layer *layer);

/* Those of pooling. */
extern const ost_net_attr_spec ost_max_pool_attrs[];
extern const ost_net_attr_spec ost_avg_pool_attrs[];
extern const ost_net_attr_spec ost_adaptive_pool_attrs[];

/* Fails unless the input has `sides` spatial sides and each attribute that
 * speaks of them one number, or one for each. */
ost_rc ost_need_sides(const ost_layer *layer, int sides, ost_err *err);

/* Shapes for `sides` spatial sides; the attributes are those above.
 *
 * A convolution makes H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride
 * + 1, rounded down; a transposed one H' = (H - 1) stride - 2 padding +
 * dilation (kernel - 1) + output_padding + 1.
 *
 * Pooling makes H' = (H + 2 padding - kernel) / stride + 1, rounded down, or up
 * with `ceil` where the last window begins inside or in the padding before; a
 * stride of 0 is the kernel. */
ost_rc ost_convolution_shape(ost_layer *layer, int sides, ost_err *err);
double ost_convolution_flops(const ost_layer *layer);
ost_rc ost_transposed_shape(ost_layer *layer, int sides, ost_err *err);
double ost_transposed_flops(const ost_layer *layer);
ost_rc ost_pooling_shape(ost_layer *layer, int sides, ost_err *err);
ost_rc ost_adaptive_pooling_shape(ost_layer *layer, int sides, ost_err *err);

/* The output looks like the input; with `affine`, a weight and a bias for each
 * channel. */
ost_rc ost_item_norm_shape(ost_layer *layer, ost_err *err);

#endif
