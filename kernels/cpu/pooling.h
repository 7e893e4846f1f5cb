/* kernels/cpu/pooling.h - pooling with one to three spatial sides
 *
 * Private to kernels/cpu/.  The layer has the attributes kernel, stride and
 * padding, or size where windows follow from the sides of input and output.
 */
#ifndef OST_KERNELS_CPU_POOLING_H
#define OST_KERNELS_CPU_POOLING_H

#include "kernels/cpu/cpu.h"

typedef enum ost_pooling {
    OST_POOL_MAX,
    OST_POOL_MEAN,        /* of what is there */
    OST_POOL_MEAN_PADDED, /* padding counts as zeros */
    OST_POOL_ADAPTIVE_MAX,
    OST_POOL_ADAPTIVE_MEAN,
} ost_pooling;

ost_rc ost_cpu_pooling(ost_layer *layer, ost_pooling how, ost_err *err);

#endif
