/* kernels/cpu/convolution_end.h - what follows a convolution, done to its
 * outputs while they are in the cache
 *
 * A batch norm with running statistics, and an addition and a ReLU behind it:
 *     y = (x a + b) + z, and of that the positive part
 * rounded as batch norm by itself rounds it, so that the numbers are the same
 * bits.  Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_CONVOLUTION_END_H
#define OST_KERNELS_CPU_CONVOLUTION_END_H

#include "kernels/cpu/moments.h"

typedef struct ost_finish {
    const ost_layer *norm;   /* NULL: nothing follows */
    const ost_value *addend; /* NULL: no addition */
    bool relu;
    /* Of this pass: a and b of each channel, those of missing ones 0. */
    ost_line line;
} ost_finish;

/* As `fuse` of a layer (see kernels/layer.h) whose forward does `f`: takes
 * `next` into it if it can.  Only for inference. */
bool ost_finish_take(ost_finish *f, const ost_layer *layer,
                     const ost_layer *next);
/* Before a forward: computes the factors from the weights as they are now. */
void ost_finish_begin(ost_finish *f);

/* Batch norm's factors for inference; valid within the pass (batch_norm.c). */
ost_line ost_batch_norm_line(const ost_layer *layer);

#endif
