/* kernels/cpu/convolution.h - convolutions with any number of spatial sides
 *
 * Private to kernels/cpu/.  The layer has the weights (out, in, kernel...) and
 * perhaps a bias, and the attributes stride, padding and dilation.
 */
#ifndef OST_KERNELS_CPU_CONVOLUTION_H
#define OST_KERNELS_CPU_CONVOLUTION_H

#include "kernels/cpu/onednn.h"

/* Prepares the layer: this is what the slots of conv2d and its kin do. */
ost_rc ost_cpu_convolution(ost_layer *layer, ost_err *err);

typedef struct ost_conv_sides {
    dnnl_dims_t stride;
    dnnl_dims_t dilation; /* oneDNN counts from 0 */
    dnnl_dims_t padding;
} ost_conv_sides;

ost_conv_sides ost_conv_sides_of(const ost_layer *layer);

/* The gradient of the weights: pieces of the batch, one thread each, whose
 * partial gradients are added in a fixed tree. */
typedef struct ost_conv_weights ost_conv_weights;

ost_rc ost_conv_weights_new(ost_layer *layer, ost_conv_weights **made,
                            ost_err *err);
void ost_conv_weights_free(ost_conv_weights *c);
/* Writes layer->weight_grad. */
ost_rc ost_conv_weights_run(ost_conv_weights *c, ost_layer *layer,
                            ost_err *err);

#endif
