/* kernels/stats/scores.h - scores against the truth: curves and areas
 *
 * Two classes and one score.  Functions of a ranking share its one sort; those
 * of ost_scores sort for themselves, which is shorter to write where only one
 * number is wanted.  Curves live in the arena given.
 *
 * Ties count one half in areas and are one point of a curve.  What needs a
 * class that is missing is NaN, never 0.
 */
#ifndef OST_KERNELS_STATS_SCORES_H
#define OST_KERNELS_STATS_SCORES_H

#include "base/arena.h"
#include "kernels/stats/ranking.h"
#include "kernels/stats/undefined.h"

#include <stdbool.h>

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
 * of both counts are 0 there, as in scikit-learn. */
ost_roc ost_ranking_roc(const ost_ranking *r, unsigned flags, ost_arena *arena);
ost_roc ost_roc_curve(const ost_scores *s, unsigned flags, ost_arena *arena);

/* Area under the ROC curve, ties counting one half: the share of pairs of a
 * positive and a negative in the right order.  From whole numbers, so exact
 * before its one division.  NaN when there is only one class. */
double ost_ranking_auc(const ost_ranking *r);
double ost_auc(const ost_scores *s);
/* Standardized partial area up to a false positive rate of `max_fpr`, in
 * (0, 1]: 0.5 for chance, 1 at best (McClish 1989). */
double ost_auc_partial(const ost_roc *roc, double max_fpr);
/* Average precision: the sum of precision over the steps of recall, without
 * interpolation (not the trapezoid area under the curve of precision_recall.h,
 * which is too good).  NaN without positives, where scikit-learn warns and
 * says 0. */
double ost_ranking_average_precision(const ost_ranking *r);
double ost_average_precision(const ost_scores *s);

/* DeLong's variance of the area (DeLong, DeLong and Clarke-Pearson 1988, in
 * the fast form of Sun and Xu 2014); NaN with fewer than two positives or two
 * negatives.  Of cases that do not depend on each other: not of several images
 * of one patient (bootstrap.h has what to do with those). */
double ost_ranking_delong_variance(const ost_ranking *r);
double ost_delong_variance(const ost_scores *s);

/* The areas of two scores of the same cases, with the variances of both and
 * their covariance.  The difference of the areas has the variance
 * variance_a + variance_b - 2 covariance, exactly 0 when both put the cases in
 * the same order. */
typedef struct ost_delong {
    double auc_a;
    double auc_b;
    double variance_a;
    double variance_b;
    double covariance;
    double variance_of_difference;
} ost_delong;

/* a->positive and b->positive say the same of each case.  Everything is NaN
 * with fewer than two positives or two negatives. */
ost_delong ost_delong_covariance(const ost_scores *a, const ost_scores *b);

#endif
