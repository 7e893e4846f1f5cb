/* kernels/stats/multiclass.h - areas of several classes
 */
#ifndef OST_KERNELS_STATS_MULTICLASS_H
#define OST_KERNELS_STATS_MULTICLASS_H

#include "kernels/stats/scores.h"

/* Areas of several classes (Hand and Till 2001 for `ovo`).  score[i * classes
 * + k]; a class without cases, or with nothing else, is NaN and left out of
 * the means. */
typedef struct ost_multiclass_auc {
    double *each; /* one against the rest, per class */
    double ovr_macro;
    double ovr_weighted;
    double ovr_micro;
    double ovo_macro;
    double ovo_weighted;
} ost_multiclass_auc;

ost_multiclass_auc ost_multiclass_auc_of(const uint32_t *truth,
                                         const double *score, size_t n,
                                         size_t classes, ost_arena *arena);

#endif
