/* stages/metrics.h - how good predictions are: pure functions on numbers
 *
 * Undefined results are NaN; whoever writes them down says why.  Only sums,
 * products, quotients and square roots are used, so that every machine gets
 * the same bits.  Scores are finite (ask ost_scores_check() first).
 */
#ifndef OST_STAGES_METRICS_H
#define OST_STAGES_METRICS_H

#include "base/arena.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an undefined result is. */
#define OST_UNDEFINED ((double)NAN)

/* --- two classes, one score -------------------------------------------- */

/* Scored cases: positive[i] is 0 or 1, a higher score means more positive.
 * Borrowed. */
typedef struct ost_scores {
    const uint8_t *positive;
    const double *score;
    size_t n;
} ost_scores;

/* Index of the first NaN or infinite score, or n. */
size_t ost_scores_check(const ost_scores *s);
size_t ost_scores_positives(const ost_scores *s);

/* The curve of true against false positive rates when everything at or above
 * a falling threshold is called positive, from (0, 0) with threshold +inf to
 * (1, 1).  Without positives (negatives), tpr (fpr) is NaN throughout.  Without
 * cases there are no points. */
typedef struct ost_roc {
    size_t n;
    double *fpr;
    double *tpr;
    double *threshold;
} ost_roc;

enum ost_roc_flags {
    OST_ROC_ALL = 1u << 0, /* keep points inside straight runs, too */
};

/* Unless ALL is asked for, an interior point goes when the second differences
 * of both counts are 0 there. */
ost_roc ost_roc_curve(const ost_scores *s, unsigned flags, ost_arena *arena);

/* Area under the ROC curve, ties counting one half: the share of pairs of a
 * positive and a negative in the right order.  From integer ranks, so exact
 * before its one division.  NaN when there is only one class. */
double ost_auc(const ost_scores *s);
/* Standardized partial area up to a false positive rate of `max_fpr`, in
 * (0, 1]: 0.5 for chance, 1 at best (McClish 1989). */
double ost_auc_partial(const ost_roc *roc, double max_fpr);
/* Average precision: the sum of precision over the steps of recall, without
 * interpolation.  NaN without positives. */
double ost_average_precision(const ost_scores *s);

/* DeLong's variance of the area (DeLong, DeLong and Clarke-Pearson 1988, in
 * the fast form of Sun and Xu 2014); NaN with fewer than two positives or two
 * negatives. */
double ost_delong_variance(const ost_scores *s);

/* --- intervals --------------------------------------------------------- */

typedef struct ost_interval {
    double lo; /* NaN when undefined */
    double hi;
} ost_interval;

/* 0.975 quantile of the standard normal distribution. */
#define OST_Z95 1.959963984540054

/* center -+ z sqrt(variance), clipped to 0..1. */
ost_interval ost_normal_interval(double center, double variance);
/* Wilson's score interval of the proportion k / n. */
ost_interval ost_wilson_interval(uint64_t k, uint64_t n);

/* --- confusion --------------------------------------------------------- */

/* count[truth * classes + predicted] */
typedef struct ost_confusion {
    size_t classes;
    uint64_t *count;
} ost_confusion;

/* What a quotient with a zero denominator is taken for. */
typedef enum ost_zero_division {
    OST_ZERO_IS_0,
    OST_ZERO_IS_1,
    OST_ZERO_IS_UNDEFINED,
} ost_zero_division;

ost_confusion ost_confusion_of(const uint32_t *truth, const uint32_t *predicted,
                               size_t n, size_t classes, ost_arena *arena);

/* One class against all others, as numerators and denominators. */
typedef struct ost_class_counts {
    uint64_t tp;
    uint64_t fp;
    uint64_t fn;
    uint64_t tn;
} ost_class_counts;

ost_class_counts ost_confusion_class(const ost_confusion *c, size_t k);

double ost_precision(const ost_class_counts *c, ost_zero_division zero);
double ost_recall(const ost_class_counts *c, ost_zero_division zero);
double ost_specificity(const ost_class_counts *c, ost_zero_division zero);
/* 2 tp / (2 tp + fp + fn): the zero rule applies only when all three are 0. */
double ost_f1(const ost_class_counts *c, ost_zero_division zero);

/* NaN without cases. */
double ost_accuracy(const ost_confusion *c);
/* Mean recall over the classes that are there. */
double ost_balanced_accuracy(const ost_confusion *c);
/* Matthews correlation; 0 when truth or prediction is constant. */
double ost_mcc(const ost_confusion *c);
/* Cohen's kappa; NaN when chance alone agrees everywhere. */
double ost_kappa(const ost_confusion *c);

/* --- several sets ------------------------------------------------------ */

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
