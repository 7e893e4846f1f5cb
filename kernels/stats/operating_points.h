/* kernels/stats/operating_points.h - where to cut a score, and what it gives
 *
 * A case is called positive at or above the threshold.  Every answer is a cut
 * that the cases really have: its threshold is the score of a case, or +inf,
 * which calls nothing positive.  Between two cuts nothing is interpolated: what
 * lies between them on the drawn curve can only be had by tossing a coin for
 * some cases.  So "sensitivity at 95 % specificity" is the best sensitivity
 * among the cuts whose specificity is at least 95 %.
 *
 * Where several cuts are equally good, the highest threshold is taken, the one
 * that calls least.  Without cases of both classes everything is NaN and all
 * counts are 0.  Choose thresholds on other cases than those they are judged
 * on.
 */
#ifndef OST_KERNELS_STATS_OPERATING_POINTS_H
#define OST_KERNELS_STATS_OPERATING_POINTS_H

#include "kernels/stats/ranking.h"
#include "kernels/stats/undefined.h"

typedef struct ost_operating_point {
    double threshold; /* +inf: nothing is called positive */
    double sensitivity;
    double specificity;
    double value; /* what was made best, where that is a number of its own */
    uint64_t tp;
    uint64_t fp;
    uint64_t fn;
    uint64_t tn;
} ost_operating_point;

/* What any threshold gives, one of the scores or not; value is NaN. */
ost_operating_point ost_operating_point_at(const ost_ranking *r,
                                           double threshold);

/* The cut of greatest sensitivity with at least this specificity, 0 .. 1, and
 * among those of that sensitivity the one of greatest specificity; value is
 * the sensitivity.  There always is one (+inf has specificity 1). */
ost_operating_point ost_sensitivity_at_specificity(const ost_ranking *r,
                                                   double specificity);
/* The cut of greatest specificity with at least this sensitivity; value is the
 * specificity.  There always is one (the lowest score has sensitivity 1). */
ost_operating_point ost_specificity_at_sensitivity(const ost_ranking *r,
                                                   double sensitivity);

/* The cut of greatest sensitivity + specificity - 1, which is its value (Youden
 * 1950); compared as whole numbers.  +inf, with value 0, when no cut is better
 * than chance. */
ost_operating_point ost_youden(const ost_ranking *r);

/* What mistakes cost, and how many of the cases that the threshold is meant
 * for are positive: `prevalence` in 0 .. 1, or NaN for that of these cases. */
typedef struct ost_costs {
    double false_positive; /* both >= 0 */
    double false_negative;
    double prevalence;
} ost_costs;

/* The cut of least expected cost a case, which is its value:
 * prevalence x false_negative x (1 - sensitivity) +
 * (1 - prevalence) x false_positive x (1 - specificity). */
ost_operating_point ost_cost_point(const ost_ranking *r,
                                   const ost_costs *costs);

#endif
