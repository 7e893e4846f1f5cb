/* kernels/cpu/reduction.h - layers that take axes together
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_REDUCTION_H
#define OST_KERNELS_CPU_REDUCTION_H

#include "kernels/cpu/fit.h"

/* Chooses the layouts of a layer with ost_reduction_shape() and says how its
 * output stands beside its input. */
void ost_cpu_reduction(ost_layer *layer, ost_fit *f);

/* Prepares a layer that sums over its axes and perhaps divides by how many
 * numbers went into each sum. */
ost_rc ost_cpu_sum_axes(ost_layer *layer, bool mean);

#endif
