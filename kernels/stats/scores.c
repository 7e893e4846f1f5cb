/* kernels/stats/scores.c - the ROC curve, its area, average precision */
#include "kernels/stats/scores.h"

#include "kernels/stats/line.h"

#include <assert.h>
#include <math.h>

#include "base/banned.h"

/* --- curve ------------------------------------------------------------- */

static bool bends(const ost_ranking *r, size_t k)
{
    uint64_t fps = (uint64_t)r->fps[k - 1] + r->fps[k + 1];
    uint64_t tps = (uint64_t)r->tps[k - 1] + r->tps[k + 1];

    return (fps != 2 * (uint64_t)r->fps[k]) | (tps != 2 * (uint64_t)r->tps[k]);
}

static bool is_point(const ost_ranking *r, unsigned flags, size_t k)
{
    return k == 0 || k == r->levels - 1 || (flags & OST_ROC_ALL) || bends(r, k);
}

ost_roc ost_ranking_roc(const ost_ranking *r, unsigned flags, ost_arena *arena)
{
    double negatives = r->negatives > 0 ? (double)r->negatives : OST_UNDEFINED;
    double positives = r->positives > 0 ? (double)r->positives : OST_UNDEFINED;
    ost_roc roc = { 0 };
    size_t n = 1;

    for (size_t k = 0; k < r->levels; k++)
        n += is_point(r, flags, k);
    roc.fpr = OST_ARENA_ARRAY(arena, double, n);
    roc.tpr = OST_ARENA_ARRAY(arena, double, n);
    roc.threshold = OST_ARENA_ARRAY(arena, double, n);
    if (r->levels == 0)
        return roc;
    roc.fpr[0] = 0 / negatives;
    roc.tpr[0] = 0 / positives;
    roc.threshold[0] = (double)INFINITY;
    roc.n = 1;
    for (size_t k = 0; k < r->levels; k++) {
        if (!is_point(r, flags, k))
            continue;
        roc.fpr[roc.n] = r->fps[k] / negatives;
        roc.tpr[roc.n] = r->tps[k] / positives;
        roc.threshold[roc.n++] = r->score[k];
    }
    return roc;
}

ost_roc ost_roc_curve(const ost_scores *s, unsigned flags, ost_arena *arena)
{
    ost_ranking r = ost_ranking_of(s);
    ost_roc roc = ost_ranking_roc(&r, flags, arena);

    ost_ranking_release(&r);
    return roc;
}

/* --- areas ------------------------------------------------------------- */

double ost_ranking_auc(const ost_ranking *r)
{
    uint64_t doubled = 0, above = 0, passed = 0;

    if (r->positives == 0 || r->negatives == 0)
        return OST_UNDEFINED;
    /* Twice the number of pairs in the right order: from the top, a negative
     * has the positives above it, and half of those level with it. */
    for (size_t k = 0; k < r->levels; k++) {
        doubled += (r->fps[k] - passed) * (above + r->tps[k]);
        above = r->tps[k];
        passed = r->fps[k];
    }
    return (double)doubled /
           (2.0 * (double)r->positives * (double)r->negatives);
}

double ost_auc(const ost_scores *s)
{
    ost_ranking r = ost_ranking_of(s);
    double area = ost_ranking_auc(&r);

    ost_ranking_release(&r);
    return area;
}

double ost_auc_partial(const ost_roc *roc, double max_fpr)
{
    double least = max_fpr * max_fpr / 2, area, cut;
    size_t n = 0;

    assert(max_fpr > 0 && max_fpr <= 1);
    if (roc->n == 0 || isnan(roc->fpr[0]) || isnan(roc->tpr[0]))
        return OST_UNDEFINED;
    while (n < roc->n && roc->fpr[n] <= max_fpr)
        n++;
    area = ost_trapezoid(roc->fpr, roc->tpr, n);
    if (n < roc->n) {
        cut = ost_interpolate(roc->fpr, roc->tpr, roc->n, max_fpr);
        area += (max_fpr - roc->fpr[n - 1]) * (cut + roc->tpr[n - 1]) / 2;
    }
    return 0.5 * (1 + (area - least) / (max_fpr - least));
}

double ost_ranking_average_precision(const ost_ranking *r)
{
    double sum = 0, positives = (double)r->positives;
    uint64_t before = 0;

    if (r->positives == 0)
        return OST_UNDEFINED;
    for (size_t k = 0; k < r->levels; k++) {
        double called = (double)((uint64_t)r->tps[k] + r->fps[k]);
        double step = (double)(r->tps[k] - before) / positives;

        sum += step * ((double)r->tps[k] / called);
        before = r->tps[k];
    }
    return sum;
}

double ost_average_precision(const ost_scores *s)
{
    ost_ranking r = ost_ranking_of(s);
    double sum = ost_ranking_average_precision(&r);

    ost_ranking_release(&r);
    return sum;
}
