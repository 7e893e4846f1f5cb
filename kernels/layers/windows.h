/* kernels/layers/windows.h - shapes that several kinds of layers compute alike
 *
 * Private to kernels/layers/.
 */
#ifndef OST_KERNELS_LAYERS_WINDOWS_H
#define OST_KERNELS_LAYERS_WINDOWS_H

#include "kernels/layer.h"

enum {
    OST_WINDOW_MAX = 4096,
    OST_CHANNELS_MAX = 1 << 24,
};

/* Words of the attribute `init`, in the order of ost_init. */
extern const char *const ost_init_words[];

/* The output looks like the first input. */
void ost_same_shape(ost_layer *layer);

/* For `sides` spatial sides; the attributes kernel, stride, padding and, for
 * convolutions, dilation, out, bias and init. */
ost_rc ost_convolution_shape(ost_layer *layer, int sides, ost_err *err);
double ost_convolution_flops(const ost_layer *layer);
ost_rc ost_pooling_shape(ost_layer *layer, int sides, ost_err *err);

#endif
