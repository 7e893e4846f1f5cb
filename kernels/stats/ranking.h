/* kernels/stats/ranking.h - scored cases, sorted once for all that is asked
 *
 * Everything that depends on scores by their order alone (the ROC curve and
 * its area, precision and recall, DeLong's variance, operating points) needs
 * of each distinct score only how many positives and negatives are at or above
 * it.  A ranking is that table; what follows takes one walk over it.
 */
#ifndef OST_KERNELS_STATS_RANKING_H
#define OST_KERNELS_STATS_RANKING_H

#include <stddef.h>
#include <stdint.h>

/* Scored cases of two classes: positive[i] is 0 or 1, a higher score means more
 * positive.  Borrowed. */
typedef struct ost_scores {
    const uint8_t *positive;
    const double *score;
    size_t n;
} ost_scores;

/* Index of the first NaN or infinite score, or n: everything else in this
 * library takes scores that passed. */
size_t ost_scores_check(const ost_scores *s);
size_t ost_scores_positives(const ost_scores *s);

/* The distinct scores, falling, with the counts of what is at or above each.
 * Equal means equal as numbers, without tolerance; -0 equals 0 and is told as
 * 0. */
typedef struct ost_ranking {
    uint64_t positives; /* cases of each class */
    uint64_t negatives;
    size_t levels; /* distinct scores */
    double *score; /* of each level, falling */
    uint32_t *tps; /* positives at or above the level */
    uint32_t *fps; /* negatives at or above the level */
} ost_ranking;

/* Of fewer than 2^32 finite scores.  Takes 24 bytes a case while it works and
 * until it is released; caller releases. */
ost_ranking ost_ranking_of(const ost_scores *s);
/* A zeroed ranking is fine. */
void ost_ranking_release(ost_ranking *r);

#endif
