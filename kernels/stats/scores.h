/* kernels/stats/scores.h - scores against the truth: curves and areas
 *
 * Two classes and one score.  Scores are finite (ask ost_scores_check() first).
 */
#ifndef OST_KERNELS_STATS_SCORES_H
#define OST_KERNELS_STATS_SCORES_H

#include "base/arena.h"
#include "kernels/stats/undefined.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
