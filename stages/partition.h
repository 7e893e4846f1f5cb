/* stages/partition.h - divides items into bins, by group and by class
 *
 * The order in which units (groups, or single items) are dealt is drawn from
 * their names and a key, so that a new unit leaves the order of the others as
 * it was, and the order of the items does not matter.
 */
#ifndef OST_STAGES_PARTITION_H
#define OST_STAGES_PARTITION_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_partition {
    size_t n;
    const char *const *units; /* per item: what may not be divided */
    const uint32_t *classes;  /* per item: 0 .. n_classes - 1 */
    uint32_t n_classes;
    bool stratify; /* bins get equal shares of each class */
    uint32_t n_bins;
    const double *weights; /* share of each bin; they add up to 1 */
    uint64_t key;
} ost_partition;

/* Writes the bin of each item.  With units of one item the sizes are exact:
 * ceil(weight * n) for bin 0 of two, within one of each other for equal
 * weights, and so per class when stratified.  Larger units are dealt as
 * scikit-learn's StratifiedGroupKFold and GroupKFold do: those that differ
 * most in their classes, or the largest, first, each to the bin that stays
 * closest to its share.  OST_EINPUT when there are fewer units than bins, or
 * when a bin stays empty. */
ost_rc ost_partition_make(const ost_partition *p, uint32_t *bin, ost_err *err);

#endif
