/* kernels/layers/axes.h - shapes of layers that work along axes
 *
 * Private to kernels/.
 */
#ifndef OST_KERNELS_LAYERS_AXES_H
#define OST_KERNELS_LAYERS_AXES_H

#include "kernels/layer.h"

/* The attributes axis, from, to and index of a slice of the layer's input:
 * returns the axis; `*side` places from `*from` on. */
int ost_slice_range(const ost_layer *layer, int64_t *from, int64_t *side);

/* The attributes axes and keep of mean, sum and max. */
extern const ost_net_attr_spec ost_reduction_attrs[];
/* The shape that such a layer makes. */
ost_rc ost_reduction_shape(ost_layer *layer, ost_err *err);
/* The input's shape with 1 in place of every side that is summed up. */
void ost_reduction_kept(const ost_layer *layer, int64_t *shape);

/* The output has the sides of its inputs, of which each has that side or 1; an
 * input (N, C) goes with (N, C, ...) as if it were (N, C, 1, ...). */
ost_rc ost_broadcast_shape(ost_layer *layer, ost_err *err);
/* The shape of an input of such a layer, with as many sides as the output. */
void ost_broadcast_sides(const ost_layer *layer, int input, int64_t *shape);

#endif
