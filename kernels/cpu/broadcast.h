/* kernels/cpu/broadcast.h - layers of several values, number by number
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_BROADCAST_H
#define OST_KERNELS_CPU_BROADCAST_H

#include "kernels/cpu/fit.h"

/* Prepares a layer whose shape is ost_broadcast_shape()'s to add or to multiply
 * its inputs, in their order. */
ost_rc ost_cpu_broadcast(ost_layer *layer, ost_fit_operation operation);

#endif
