/* kernels/stats/operating_points.c - where to cut a score */
#include "kernels/stats/operating_points.h"

#include <assert.h>
#include <stdbool.h>

#include "base/banned.h"

/* Cut `k` of levels + 1: above all scores, or at level k - 1. */
static uint64_t tps_of(const ost_ranking *r, size_t k)
{
    return k == 0 ? 0 : r->tps[k - 1];
}

static uint64_t fps_of(const ost_ranking *r, size_t k)
{
    return k == 0 ? 0 : r->fps[k - 1];
}

static bool both_classes(const ost_ranking *r)
{
    return r->positives > 0 && r->negatives > 0;
}

static ost_operating_point no_point(void)
{
    const double nan = OST_UNDEFINED;

    return (ost_operating_point){ nan, nan, nan, nan, 0, 0, 0, 0 };
}

static double sensitivity_of(const ost_ranking *r, size_t k)
{
    return (double)tps_of(r, k) / (double)r->positives;
}

static double specificity_of(const ost_ranking *r, size_t k)
{
    return (double)(r->negatives - fps_of(r, k)) / (double)r->negatives;
}

static ost_operating_point point_of(const ost_ranking *r, size_t k)
{
    ost_operating_point p = {
        .threshold = k == 0 ? (double)INFINITY : r->score[k - 1],
        .sensitivity = sensitivity_of(r, k),
        .specificity = specificity_of(r, k),
        .value = OST_UNDEFINED,
        .tp = tps_of(r, k),
        .fp = fps_of(r, k),
    };

    p.fn = r->positives - p.tp;
    p.tn = r->negatives - p.fp;
    return p;
}

ost_operating_point ost_operating_point_at(const ost_ranking *r,
                                           double threshold)
{
    ost_operating_point p;
    size_t low = 0, high = r->levels;

    if (!both_classes(r))
        return no_point();
    /* How many levels are at or above. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (r->score[middle] >= threshold)
            low = middle + 1;
        else
            high = middle;
    }
    p = point_of(r, low);
    p.threshold = threshold;
    return p;
}

ost_operating_point ost_sensitivity_at_specificity(const ost_ranking *r,
                                                   double specificity)
{
    ost_operating_point p;
    size_t best = 0;

    assert(specificity >= 0 && specificity <= 1);
    if (!both_classes(r))
        return no_point();
    for (size_t k = 1; k <= r->levels; k++) {
        if (specificity_of(r, k) < specificity)
            break;
        if (tps_of(r, k) > tps_of(r, best))
            best = k;
    }
    p = point_of(r, best);
    p.value = p.sensitivity;
    return p;
}

ost_operating_point ost_specificity_at_sensitivity(const ost_ranking *r,
                                                   double sensitivity)
{
    ost_operating_point p;
    size_t k = 0;

    assert(sensitivity >= 0 && sensitivity <= 1);
    if (!both_classes(r))
        return no_point();
    while (sensitivity_of(r, k) < sensitivity)
        k++;
    p = point_of(r, k);
    p.value = p.specificity;
    return p;
}

ost_operating_point ost_youden(const ost_ranking *r)
{
    ost_operating_point p;
    int64_t most = 0;
    size_t best = 0;

    if (!both_classes(r))
        return no_point();
    for (size_t k = 1; k <= r->levels; k++) {
        int64_t gain = (int64_t)(tps_of(r, k) * r->negatives) -
                       (int64_t)(fps_of(r, k) * r->positives);

        if (gain > most) {
            most = gain;
            best = k;
        }
    }
    p = point_of(r, best);
    p.value = (double)most / ((double)r->positives * (double)r->negatives);
    return p;
}

ost_operating_point ost_cost_point(const ost_ranking *r, const ost_costs *costs)
{
    ost_operating_point p;
    double least = 0, share = costs->prevalence, up, down;
    size_t best = 0;

    assert(costs->false_positive >= 0 && costs->false_negative >= 0);
    if (!both_classes(r))
        return no_point();
    if (isnan(share))
        share = (double)r->positives / (double)(r->positives + r->negatives);
    assert(share >= 0 && share <= 1);
    down = share * costs->false_negative;
    up = (1 - share) * costs->false_positive;
    for (size_t k = 0; k <= r->levels; k++) {
        double missed = (double)(r->positives - tps_of(r, k));
        double cost = down * (missed / (double)r->positives) +
                      up * ((double)fps_of(r, k) / (double)r->negatives);

        if (k == 0 || cost < least) {
            least = cost;
            best = k;
        }
    }
    p = point_of(r, best);
    p.value = least;
    return p;
}
