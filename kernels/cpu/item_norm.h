/* kernels/cpu/item_norm.h - normalization of each item by itself
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_ITEM_NORM_H
#define OST_KERNELS_CPU_ITEM_NORM_H

#include "kernels/cpu/cpu.h"

/* Prepares a layer with the attribute epsilon and, unless it has no weights, a
 * weight and a bias for each channel.  `together`: all channels of an item have
 * one mean and variance, instead of one each. */
ost_rc ost_cpu_item_norm(ost_layer *layer, bool together, ost_err *err);

#endif
