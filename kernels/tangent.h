/* kernels/tangent.h - a network with its derivative beside it
 *
 * From the description of a network D comes that of a network which reads x and
 * a direction v, as channels side by side, and makes the derivative of D(x)
 * along v: forward-mode differentiation, layer by layer.  Beside every layer
 * stands its twin: of a linear one the same layer on tangents, with the same
 * weights and without bias; of a piecewise linear one a gate that lets tangents
 * pass where the layer's output is positive (ost_tangent_rule says which is
 * which).  The ordinary backward pass of the new network then makes exact
 * gradients of what hangs on derivatives of D, such as gradient penalties.
 */
#ifndef OST_KERNELS_TANGENT_H
#define OST_KERNELS_TANGENT_H

#include "kernels/network.h"

typedef struct ost_tangent ost_tangent;

/* `channels` are those of an input of `spec`, which must outlive it.  Layers
 * without a name get their index for one, as their weights have it.  OST_EINPUT
 * says which layer has no derivative here, and begins as ost_net_new()'s does.
 * Caller frees with ost_tangent_free(). */
ost_rc ost_tangent_new(const ost_net_spec *spec, int64_t channels,
                       ost_tangent **tangent, ost_err *err);
void ost_tangent_free(ost_tangent *tangent);
/* Borrowed until ost_tangent_free(). */
const ost_net_spec *ost_tangent_spec(const ost_tangent *tangent);

#endif
