/* kernels/cpu/pointwise.h - layers that work number by number
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_POINTWISE_H
#define OST_KERNELS_CPU_POINTWISE_H

#include "kernels/cpu/cpu.h"

/* A function of each number and what its gradient is, told by the result. */
typedef struct ost_pointwise {
    void (*forward)(const float *x, float *y, int64_t n, float number);
    void (*backward)(const float *y, const float *dy, float *dx, int64_t n,
                     float number);
    bool zero_moves;    /* f(0) is not 0, so that lanes must be cleared */
    const char *number; /* the attribute that is passed; NULL: 0 */
} ost_pointwise;

/* Prepares a layer for it, in any layout; `f` stays where it is. */
ost_rc ost_cpu_pointwise(ost_layer *layer, const ost_pointwise *f);

#endif
