/* kernels/cpu/item_norm.h - normalization of each item by itself
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_ITEM_NORM_H
#define OST_KERNELS_CPU_ITEM_NORM_H

#include "kernels/cpu/cpu.h"

enum ost_item_flags {
    /* All channels of an item have one mean and deviation, instead of one
     * each. */
    OST_ITEM_TOGETHER = 1u << 0,
    /* The deviation is sqrt(squares / (count - 1)) + epsilon, instead of
     * sqrt(squares / count + epsilon). */
    OST_ITEM_UNBIASED = 1u << 1,
};

/* Prepares a layer with the attribute epsilon and, unless it has no weights, a
 * weight and a bias for each channel. */
ost_rc ost_cpu_item_norm(ost_layer *layer, unsigned flags, ost_err *err);

#endif
