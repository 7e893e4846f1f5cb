/* kernels/stats/calibration.h - are 70 of 100 cases with a score of 0.7
 * positive
 *
 * Scores as probabilities: every score is in 0 .. 1 (ask
 * ost_probabilities_check() first).  Several classes have the probabilities
 * probability[i * classes + k] of case i and class k, and the classes truth[i].
 * Without cases every number is NaN.
 */
#ifndef OST_KERNELS_STATS_CALIBRATION_H
#define OST_KERNELS_STATS_CALIBRATION_H

#include "base/arena.h"
#include "kernels/stats/ranking.h"
#include "kernels/stats/undefined.h"

/* Index of the first of n numbers that is outside 0 .. 1 or NaN, or n. */
size_t ost_probabilities_check(const double *v, size_t n);
/* Index of the first of n rows that do not sum to 1 (give or take 1e-5, as
 * scikit-learn has it), or n. */
size_t ost_rows_check(const double *probability, size_t n, size_t classes);

/* Mean squared distance of the score from 1 for positives and from 0 for
 * negatives: 0 is best, 0.25 is a score of 0.5 throughout (Brier 1950, halved
 * as usual for two classes). */
double ost_brier(const ost_scores *s);
/* Mean over the cases of the summed squared distances over all classes, 0 .. 2:
 * of two classes it is twice ost_brier(). */
double ost_class_brier(const uint32_t *truth, const double *probability,
                       size_t n, size_t classes);

/* Mean of minus the natural logarithm of the probability given to the truth.
 * A probability is first clipped to 2^-52 .. 1 - 2^-52, so that one sure
 * mistake costs 36.04 instead of everything; of several classes, each row is
 * then divided by its sum.  (As scikit-learn.)  The logarithm is the C
 * library's, whose last digit may differ between machines. */
double ost_log_loss(const ost_scores *s);
double ost_class_log_loss(const uint32_t *truth, const double *probability,
                          size_t n, size_t classes);

typedef enum ost_bins {
    OST_BINS_UNIFORM,  /* of the same width, over 0 .. 1 */
    OST_BINS_QUANTILE, /* with the same number of cases, ties permitting */
} ost_bins;

/* Per bin the mean score and the share of positives.  A bin holds what is above
 * its lower edge and at or below its upper edge; the first holds what is at its
 * lower edge, too.  These are scikit-learn's bins, which leaves the empty ones
 * out; here they stay, with n = 0 and NaN.
 *   ece: mean distance of the two, weighted by cases (Naeini 2015)
 *   mce: the greatest distance
 * All arrays live in the arena. */
typedef struct ost_calibration {
    size_t bins;
    double *lower;
    double *upper;
    uint64_t *n;
    double *score;
    double *observed;
    double ece;
    double mce;
} ost_calibration;

ost_calibration ost_calibration_of(const ost_scores *s, size_t bins,
                                   ost_bins how, ost_arena *arena);
/* Of several classes by the one called: the score is the greatest probability
 * of a case, positive is that its class (the first of equals) is the truth. */
ost_calibration ost_class_calibration(const uint32_t *truth,
                                      const double *probability, size_t n,
                                      size_t classes, size_t bins, ost_bins how,
                                      ost_arena *arena);

#endif
