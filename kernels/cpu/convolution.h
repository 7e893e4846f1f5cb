/* kernels/cpu/convolution.h - convolutions with any number of spatial sides
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_CONVOLUTION_H
#define OST_KERNELS_CPU_CONVOLUTION_H

#include "kernels/cpu/onednn.h"

/* Prepares a layer with the weights (out, in, kernel...) and perhaps a bias,
 * and the attributes stride, padding and dilation: this is what the slots of
 * conv2d and its kin do. */
ost_rc ost_cpu_convolution(ost_layer *layer, ost_err *err);

/* The three primitives of a convolution in the layouts that the layer has, for
 * `items` items of the batch (see ost_piece_maker). */
ost_rc ost_conv_forward(const ost_layer *layer, int64_t items, int threads,
                        ost_prim *prim, ost_err *err);
ost_rc ost_conv_backward_data(const ost_layer *layer, int64_t items,
                              int threads, ost_prim *prim, ost_err *err);
ost_rc ost_conv_backward_weights(const ost_layer *layer, int64_t items,
                                 int threads, ost_prim *prim, ost_err *err);

/* How the weight is kept: the layout that the forward primitive likes, over
 * the channels that there are. */
dnnl_memory_desc_t ost_conv_weight_layout(const ost_layer *layer,
                                          const ost_prim *forward);
/* The same memory with the padding counted as channels. */
dnnl_memory_desc_t ost_conv_weight_full(const ost_layer *layer);

#endif
