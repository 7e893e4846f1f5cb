/* kernels/stats/folds.h - means over folds, of numbers and of curves
 */
#ifndef OST_KERNELS_STATS_FOLDS_H
#define OST_KERNELS_STATS_FOLDS_H

#include "kernels/stats/scores.h"

/* Mean of the values that are not NaN, optionally weighted; standard deviation
 * with ddof 0; how many were NaN. */
typedef struct ost_mean {
    double mean;
    double std;
    size_t n;
    size_t skipped;
} ost_mean;

ost_mean ost_mean_of(const double *v, size_t n);
double ost_weighted_mean(const double *v, const uint64_t *weight, size_t n);

enum { OST_MEAN_ROC_POINTS = 100 };

/* Mean of curves on an even grid of false positive rates, and mean -+ std
 * clipped to 0..1.  `auc` is the area under the mean curve, which is not the
 * mean of the areas. */
typedef struct ost_mean_roc {
    double fpr[OST_MEAN_ROC_POINTS];
    double tpr[OST_MEAN_ROC_POINTS];
    double lower[OST_MEAN_ROC_POINTS];
    double upper[OST_MEAN_ROC_POINTS];
    double std[OST_MEAN_ROC_POINTS];
    double auc;
    size_t used;
    size_t skipped; /* curves with an undefined axis */
} ost_mean_roc;

/* False (and *m zero but for the counts) when no curve is defined. */
bool ost_mean_roc_of(const ost_roc *curves, size_t n, ost_mean_roc *m);

#endif
