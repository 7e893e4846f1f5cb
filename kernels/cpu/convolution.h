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

/* The three primitives of a convolution in the layouts that the layer has, for
 * `items` items of the batch (see ost_piece_maker). */
ost_rc ost_conv_forward(const ost_layer *layer, int64_t items, int threads,
                        ost_prim *prim, ost_err *err);
ost_rc ost_conv_backward_data(const ost_layer *layer, int64_t items,
                              int threads, ost_prim *prim, ost_err *err);
ost_rc ost_conv_backward_weights(const ost_layer *layer, int64_t items,
                                 int threads, ost_prim *prim, ost_err *err);

/* A primitive's layout of weights over the channels that there are. */
dnnl_memory_desc_t ost_conv_weight_desc(const ost_layer *layer,
                                        const dnnl_memory_desc_t *of);
/* How the weight is kept. */
dnnl_memory_desc_t ost_conv_weight_kept(const ost_layer *layer);

/* Two-dimensional, of one or two channels of the network's input: our own
 * loops. */
bool ost_conv_is_few(const ost_layer *layer);
ost_rc ost_conv_few(ost_layer *layer, ost_err *err);

#endif
