/* kernels/stats/hypothesis.h - tests of differences, associations and means
 *
 * All p-values are two-sided.  What a test cannot say is NaN: a member that it
 * does not have, or everything when there are too few cases.
 *
 *     area_tests.c      areas under two ROC curves
 *     count_tests.c     tables of counts, paired proportions
 *     mean_tests.c      means of paired differences, over folds too
 *     permutation.c     any statistic, by swapping what was paired
 *     correlation.c     two numbers of each case
 *     holm.c            several tests at once
 */
#ifndef OST_KERNELS_STATS_HYPOTHESIS_H
#define OST_KERNELS_STATS_HYPOTHESIS_H

#include "base/rng.h"
#include "kernels/stats/intervals.h"
#include "kernels/stats/scores.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_test {
    double statistic;
    double df; /* of the statistic's distribution, where it has any */
    double p;
    double estimate; /* what the test is about: a difference, a correlation */
    ost_interval interval; /* 95 %, of the estimate */
} ost_test;

/* --- areas (DeLong, DeLong and Clarke-Pearson 1988) ---------------------- */

/* Estimate: area of a less area of b; the statistic is normal.  Without any
 * variance, p is 1 for equal areas and undefined otherwise; with fewer than two
 * positives or negatives everything is. */

/* Two scores of the same cases. */
ost_test ost_delong_paired(const ost_scores *a, const ost_scores *b);
/* Scores of two sets of cases that have nothing to do with each other. */
ost_test ost_delong_unpaired(const ost_scores *a, const ost_scores *b);

/* --- counts -------------------------------------------------------------- */

/* count[0] and count[1]: cases of the first kind and not, in a; count[2] and
 * count[3]: in b.  Estimate: the share in a less the share in b, with
 * Newcombe's interval (1998, method 10, of Wilson intervals). */
typedef struct ost_two_by_two {
    uint64_t count[4];
} ost_two_by_two;

/* Pearson's chi-square without correction; with Yates' correction.  A margin
 * of 0 gives a statistic of 0 and p = 1. */
ost_test ost_pearson_chi_square(const ost_two_by_two *t);
ost_test ost_yates_chi_square(const ost_two_by_two *t);
/* Fisher's exact test: all tables with these margins that are at most as
 * probable (to one part in 10^7).  The statistic is the odds ratio; NaN for
 * more than 10^8 cases. */
ost_test ost_fisher_exact(const ost_two_by_two *t);
/* The smallest count that the margins let one expect; below 5 the chi-square
 * tests are not to be trusted.  NaN without cases. */
double ost_least_expected(const ost_two_by_two *t);

/* Pearson's chi-square of rows x columns counts, row by row, all rows and
 * columns without cases left out; no estimate.  `least`, if not NULL, gets the
 * least expected count. */
ost_test ost_table_chi_square(const uint64_t *count, size_t rows,
                              size_t columns, double *least);

/* McNemar: of n cases judged twice, b were right in the first alone and c in
 * the second alone.  Estimate: (b - c) / n, with the interval of Bonett and
 * Price (2012).  b + c = 0 gives p = 1, and b = c a statistic of 0 with and
 * without correction. */
ost_test ost_mcnemar_exact(uint64_t b, uint64_t c, uint64_t n);
ost_test ost_mcnemar_chi_square(uint64_t b, uint64_t c, uint64_t n,
                                bool corrected);
/* Exact while b + c < 25, else chi-square with correction. */
ost_test ost_mcnemar(uint64_t b, uint64_t c, uint64_t n);

/* --- means ---------------------------------------------------------------- */

/* Student's t of n paired differences; their mean is the estimate.  `ratio` is
 * the number of cases in a test set over that in its training set when the
 * differences come from folds, whose training sets overlap (Nadeau and Bengio
 * 2003: variance times 1/n + ratio), and 0 for the plain test.  Undefined with
 * fewer than two; when all are equal, p is 1 for 0 and else undefined. */
ost_test ost_paired_t(const double *difference, size_t n, double ratio);

/* --- permutations --------------------------------------------------------- */

/* The statistic when the members of pair i change places wherever swap[i] is
 * not 0. */
typedef double (*ost_swapped)(const uint8_t *swap, void *user);

/* How often swapping the members of n pairs at random makes the statistic at
 * least as far from 0 (to 10^-12).  All 2^n ways are tried when they are at
 * most `draws`, and p is their share; else p = (b + 1) / (draws + 1), draw i
 * from stream i of `key`.  The estimate is the statistic as it is; `exact`, if
 * not NULL, says which it was.  NaN without pairs, or when the statistic is;
 * draws for which it is NaN count as far. */
ost_test ost_permutation_test(size_t n, ost_swapped statistic, void *user,
                              uint64_t draws, uint64_t key, bool *exact);

/* --- correlation ---------------------------------------------------------- */

/* Estimate: r.  t = r sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom,
 * NaN with fewer than 3 cases or a constant; Fisher's interval
 * tanh(artanh r -+ z / sqrt(n - 3)), NaN with fewer than 4. */
ost_test ost_pearson_correlation(const double *x, const double *y, size_t n);
/* The same of mid-ranks; the variance in Fisher's interval is
 * (1 + r^2 / 2) / (n - 3) (Bonett and Wright 2000). */
ost_test ost_spearman_correlation(const double *x, const double *y, size_t n);
/* Ranks from 1, those of equal values their mean.  Finite, n < 2^32. */
void ost_mid_ranks(const double *v, size_t n, double *rank);

/* --- several tests -------------------------------------------------------- */

/* Holm's adjusted p-values; NaN stays, and is not counted. */
void ost_holm(const double *p, size_t n, double *adjusted);

#endif
