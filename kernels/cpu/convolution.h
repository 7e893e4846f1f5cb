/* kernels/cpu/convolution.h - convolutions with any number of spatial sides
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_CONVOLUTION_H
#define OST_KERNELS_CPU_CONVOLUTION_H

#include "kernels/cpu/onednn.h"

/* Prepares a layer with the weights (out, in / groups, kernel...) and perhaps a
 * bias, and the attributes stride, padding, dilation and groups: this is what
 * the slots of conv2d and its kin do. */
ost_rc ost_cpu_convolution(ost_layer *layer, ost_err *err);

/* Parts of the channels that do not see each other. */
int64_t ost_conv_groups(const ost_layer *layer);
/* Whether the channels can be in blocks: each block in one group, or every
 * channel a group. */
bool ost_conv_blocks_fit(const ost_layer *layer, int block);

/* The three primitives of a convolution in the layouts that the layer has, for
 * `items` items of the batch (see ost_piece_maker). */
ost_rc ost_conv_forward(const ost_layer *layer, int64_t items, int threads,
                        ost_prim *prim, ost_err *err);
ost_rc ost_conv_backward_data(const ost_layer *layer, int64_t items,
                              int threads, ost_prim *prim, ost_err *err);
ost_rc ost_conv_backward_weights(const ost_layer *layer, int64_t items,
                                 int threads, ost_prim *prim, ost_err *err);
/* The last for some of the output channels, by whole channel blocks, and the
 * whole batch. */
ost_rc ost_conv_backward_weights_some(const ost_layer *layer, int64_t channels,
                                      int threads, ost_prim *prim,
                                      ost_err *err);

/* A primitive's layout of weights over the channels that there are. */
dnnl_memory_desc_t ost_conv_weight_desc(const ost_layer *layer,
                                        const dnnl_memory_desc_t *of);
/* Keeps the weight (0) in the layout that this primitive wants, unless a
 * network before has chosen, and the bias as it is. */
ost_rc ost_conv_place_weights(ost_layer *layer, const ost_prim *prim,
                              ost_err *err);
/* How the weight is kept. */
dnnl_memory_desc_t ost_conv_weight_kept(const ost_layer *layer);

/* A conversion between two layouts of weights; nothing when they agree. */
typedef struct ost_conversion {
    ost_prim prim;
    ost_args args;
    void *scratch;
    float *data; /* converted weights */
} ost_conversion;

/* Prepares it; its memory is needed during `life`. */
ost_rc ost_conversion_init(ost_conversion *c, ost_layer *layer,
                           const dnnl_memory_desc_t *from,
                           const dnnl_memory_desc_t *to, ost_life life,
                           ost_err *err);
/* From the layout in which the layer's weight is kept, with memory for the
 * result. */
ost_rc ost_conversion_init_weights(ost_conversion *c, ost_layer *layer,
                                   const dnnl_memory_desc_t *to, ost_life life,
                                   ost_err *err);
void ost_conversion_release(ost_conversion *c);
/* Whether there is anything to convert. */
bool ost_conversion_needed(const ost_conversion *c);
ost_rc ost_conversion_run(ost_conversion *c, const ost_layer *layer,
                          float *from, float *to, ost_err *err);
/* The layer's weights in the other layout: converted, or as they are. */
ost_rc ost_conversion_weights(ost_conversion *c, const ost_layer *layer,
                              float **data, ost_err *err);

/* 3x3 or 5x5, one step at a time, enough channels and tiles; 4x4, also two
 * steps at a time and transposed, enough channels: by tiles
 * (kernels/cpu/winograd.h).
 */
bool ost_conv_is_winograd(const ost_layer *layer);
ost_rc ost_conv_winograd(ost_layer *layer, ost_err *err);

/* Of one or two channels that no gradient goes back to, such as the network's
 * input: our own loops. */
bool ost_conv_is_few(const ost_layer *layer);
ost_rc ost_conv_few(ost_layer *layer, ost_err *err);

#endif
