/* kernels/stats/sklearn_folds.h - the folds that scikit-learn draws
 *
 * For published splits: the same items in the same order, the same seed, the
 * same folds.  A function is named after the class whose rule it follows.  `r`
 * NULL is shuffle=False; otherwise the generator goes on where it stands, so
 * that calling again with the same one is what RepeatedKFold does.
 *
 * Fold functions write, per item, the fold whose test set it is in; the two-
 * part functions write 1 for the test set.
 */
#ifndef OST_KERNELS_STATS_SKLEARN_FOLDS_H
#define OST_KERNELS_STATS_SKLEARN_FOLDS_H

#include "base/err.h"
#include "kernels/stats/legacy_rng.h"

#include <stddef.h>
#include <stdint.h>

/* Classes and groups are numbered in sorted order; each number occurs. */
typedef struct ost_sklearn_items {
    size_t n;
    const uint32_t *classes;
    uint32_t n_classes;
    const uint32_t *groups;
    uint32_t n_groups;
} ost_sklearn_items;

/* OST_EINPUT when there are fewer items (or groups) than folds, or when each
 * class has fewer. */
ost_rc ost_sklearn_kfold(const ost_sklearn_items *s, uint32_t k,
                         ost_legacy_rng *r, uint32_t *fold, ost_err *err);
ost_rc ost_sklearn_stratified_kfold(const ost_sklearn_items *s, uint32_t k,
                                    ost_legacy_rng *r, uint32_t *fold,
                                    ost_err *err);
/* Draws nothing.  Among groups of one size the later goes first; scikit-learn
 * leaves their order to its sort. */
ost_rc ost_sklearn_group_kfold(const ost_sklearn_items *s, uint32_t k,
                               uint32_t *fold, ost_err *err);
/* Shuffled as it is meant, and as releases after 1.7 do: groups are permuted,
 * then sorted stably. */
ost_rc ost_sklearn_stratified_group_kfold(const ost_sklearn_items *s,
                                          uint32_t k, ost_legacy_rng *r,
                                          uint32_t *fold, ost_err *err);

/* train_test_split(test_size=n_test): 0 < n_test < n, `r` not NULL. */
ost_rc ost_sklearn_shuffle_split(const ost_sklearn_items *s, size_t n_test,
                                 ost_legacy_rng *r, uint8_t *test,
                                 ost_err *err);
/* The same with stratify=classes: StratifiedShuffleSplit. */
ost_rc ost_sklearn_stratified_shuffle_split(const ost_sklearn_items *s,
                                            size_t n_test, ost_legacy_rng *r,
                                            uint8_t *test, ost_err *err);
/* GroupShuffleSplit: `n_test` groups. */
ost_rc ost_sklearn_group_shuffle_split(const ost_sklearn_items *s,
                                       size_t n_test, ost_legacy_rng *r,
                                       uint8_t *test, ost_err *err);

#endif
