/* kernels/stats/precision_recall.h - precision against recall
 *
 * Everything at or above a threshold is called positive.  Precision says how
 * much of what is called positive is, recall how much of what is positive was
 * called.
 */
#ifndef OST_KERNELS_STATS_PRECISION_RECALL_H
#define OST_KERNELS_STATS_PRECISION_RECALL_H

#include "base/arena.h"
#include "kernels/stats/ranking.h"
#include "kernels/stats/undefined.h"

/* n points by rising threshold (falling recall), one a distinct score, and
 * last (recall 0, precision 1), which has no threshold: n - 1 thresholds.  All
 * arrays live in the arena.  Without positives, recall is NaN but for the last
 * point (scikit-learn warns and says 1).  Without cases, n is 0. */
typedef struct ost_pr {
    size_t n;
    double *recall;
    double *precision;
    double *threshold;
} ost_pr;

ost_pr ost_ranking_pr(const ost_ranking *r, ost_arena *arena);
ost_pr ost_pr_curve(const ost_scores *s, ost_arena *arena);

/* Average precisions of several labels, each against the others: of several
 * classes, or of labels that a case may have together. */
typedef struct ost_average_precisions {
    double *each;    /* per label; NaN without positives; in the arena */
    double macro;    /* mean of the defined ones */
    double weighted; /* the same, by the positives of each */
    double micro;    /* of all (case, label) pairs as one table */
    size_t skipped;  /* labels without positives */
} ost_average_precisions;

/* positive[i * labels + k] says (0 or 1) whether case i has label k,
 * score[i * labels + k] how sure that is.  n * labels < 2^32. */
ost_average_precisions ost_average_precisions_of(const uint8_t *positive,
                                                 const double *score, size_t n,
                                                 size_t labels,
                                                 ost_arena *arena);
/* The same where each case has the one label truth[i] < labels. */
ost_average_precisions ost_class_average_precisions(const uint32_t *truth,
                                                    const double *score,
                                                    size_t n, size_t classes,
                                                    ost_arena *arena);

#endif
