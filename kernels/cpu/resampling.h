/* kernels/cpu/resampling.h - outputs that are one input or a mix of neighbors
 *
 * Private to kernels/cpu/.  Which inputs, hangs on each side alone.
 */
#ifndef OST_KERNELS_CPU_RESAMPLING_H
#define OST_KERNELS_CPU_RESAMPLING_H

#include "kernels/cpu/cpu.h"

enum { OST_RESAMPLED_SIDES = 3 };

/* One side: output i is (1 - part[i]) input[near[i]] + part[i] input[far[i]].
 */
typedef struct ost_samples {
    int64_t in;
    int64_t out;
    int32_t *near;
    int32_t *far;
    float *part;
} ost_samples;

/* Fills the samples of a spatial side, counted from the first one. */
typedef void (*ost_sample_maker)(const ost_layer *layer, int side,
                                 ost_samples *s);

/* Prepares a layer of one to three spatial sides.  Unless `mixed`, outputs are
 * just the near ones; mixing is for two sides. */
void ost_cpu_resampling(ost_layer *layer, ost_sample_maker make, bool mixed);

#endif
