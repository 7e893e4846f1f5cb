/* kernels/cpu/pooling.h - pooling with any number of spatial sides
 *
 * Private to kernels/cpu/.  The layer has the attributes kernel, stride and
 * padding.
 */
#ifndef OST_KERNELS_CPU_POOLING_H
#define OST_KERNELS_CPU_POOLING_H

#include "kernels/cpu/onednn.h"

ost_rc ost_cpu_pooling(ost_layer *layer, dnnl_alg_kind_t how, ost_err *err);

#endif
