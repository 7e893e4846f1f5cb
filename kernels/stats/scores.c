/* kernels/stats/scores.c - scores against the truth: curves, areas */
#include "kernels/stats/scores.h"

#include "base/alloc.h"
#include "kernels/stats/line.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

typedef struct {
    double score;
    size_t index;
} ranked;

static int falling(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Cases by falling score, in their order among equal scores.  Caller frees. */
static ranked *rank_cases(const ost_scores *s)
{
    ranked *r = ost_xalloc(sizeof(*r) * (s->n + 1));

    for (size_t i = 0; i < s->n; i++)
        r[i] = (ranked){ s->score[i], i };
    qsort(r, s->n, sizeof(*r), falling);
    return r;
}

/* End (exclusive) of the run of equal scores that begins at `i`. */
static size_t tie_end(const ranked *r, size_t n, size_t i)
{
    size_t end = i + 1;

    while (end < n && r[end].score == r[i].score)
        end++;
    return end;
}

size_t ost_scores_check(const ost_scores *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->score[i]))
            return i;
    }
    return s->n;
}

size_t ost_scores_positives(const ost_scores *s)
{
    size_t positives = 0;

    for (size_t i = 0; i < s->n; i++)
        positives += s->positive[i];
    return positives;
}

/* --- curve and area ---------------------------------------------------- */

typedef struct {
    uint64_t fps;
    uint64_t tps;
    double threshold;
} count_point;

/* One point a distinct score.  Returns how many. */
static size_t count_points(const ost_scores *s, count_point *points)
{
    ranked *r = rank_cases(s);
    uint64_t tps = 0;
    size_t n = 0;

    for (size_t i = 0, end; i < s->n; i = end) {
        end = tie_end(r, s->n, i);
        for (size_t k = i; k < end; k++)
            tps += s->positive[r[k].index];
        points[n++] = (count_point){ end - tps, tps, r[i].score };
    }
    ost_free(r);
    return n;
}

static bool bends(const count_point *p, size_t k)
{
    return p[k - 1].fps + p[k + 1].fps != 2 * p[k].fps ||
           p[k - 1].tps + p[k + 1].tps != 2 * p[k].tps;
}

ost_roc ost_roc_curve(const ost_scores *s, unsigned flags, ost_arena *arena)
{
    count_point *points = ost_xalloc(sizeof(*points) * (s->n + 1));
    size_t n = count_points(s, points);
    ost_roc roc = { 0 };

    roc.fpr = OST_ARENA_ARRAY(arena, double, n + 1);
    roc.tpr = OST_ARENA_ARRAY(arena, double, n + 1);
    roc.threshold = OST_ARENA_ARRAY(arena, double, n + 1);
    if (n > 0) {
        double negatives = (double)points[n - 1].fps;
        double positives = (double)points[n - 1].tps;

        roc.fpr[0] = negatives > 0 ? 0 : OST_UNDEFINED;
        roc.tpr[0] = positives > 0 ? 0 : OST_UNDEFINED;
        roc.threshold[0] = (double)INFINITY;
        roc.n = 1;
        for (size_t k = 0; k < n; k++) {
            bool end = k == 0 || k == n - 1;

            if (!end && !(flags & OST_ROC_ALL) && !bends(points, k))
                continue;
            roc.fpr[roc.n] = negatives > 0 ? (double)points[k].fps / negatives
                                           : OST_UNDEFINED;
            roc.tpr[roc.n] = positives > 0 ? (double)points[k].tps / positives
                                           : OST_UNDEFINED;
            roc.threshold[roc.n++] = points[k].threshold;
        }
    }
    ost_free(points);
    return roc;
}

double ost_auc(const ost_scores *s)
{
    uint64_t positives = ost_scores_positives(s);
    uint64_t negatives = s->n - positives;
    uint64_t above = 0, doubled = 0;
    ranked *r;

    if (positives == 0 || negatives == 0)
        return OST_UNDEFINED;
    /* Twice the number of pairs in the right order: from the top, a negative
     * has the positives above it, and half of those level with it. */
    r = rank_cases(s);
    for (size_t i = 0, end; i < s->n; i = end) {
        uint64_t level = 0;

        end = tie_end(r, s->n, i);
        for (size_t k = i; k < end; k++)
            level += s->positive[r[k].index];
        doubled += (end - i - level) * (2 * above + level);
        above += level;
    }
    ost_free(r);
    return (double)doubled / (2.0 * (double)positives * (double)negatives);
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

double ost_average_precision(const ost_scores *s)
{
    count_point *points;
    double sum = 0, positives = (double)ost_scores_positives(s);
    uint64_t before = 0;
    size_t n;

    if (!(positives > 0))
        return OST_UNDEFINED;
    points = ost_xalloc(sizeof(*points) * (s->n + 1));
    n = count_points(s, points);
    for (size_t k = 0; k < n; k++) {
        double called = (double)(points[k].tps + points[k].fps);
        double step = (double)(points[k].tps - before) / positives;

        sum += step * ((double)points[k].tps / called);
        before = points[k].tps;
    }
    ost_free(points);
    return sum;
}

/* --- DeLong ------------------------------------------------------------ */

/* Sums of v and v^2 of the whole numbers v, each `times` times. */
typedef struct {
    double sum;
    double squares;
    double n;
} moments;

static void moments_add(moments *m, double v, double times)
{
    m->sum += v * times;
    m->squares += v * v * times;
    m->n += times;
}

/* Sample variance (ddof 1) of v / scale. */
static double moments_variance(const moments *m, double scale)
{
    double centered = m->squares - m->sum * (m->sum / m->n);

    return fmax(centered, 0) / (m->n - 1) / (scale * scale);
}

double ost_delong_variance(const ost_scores *s)
{
    uint64_t positives = ost_scores_positives(s);
    uint64_t negatives = s->n - positives;
    uint64_t above[2] = { 0, 0 };
    /* Placements, doubled and less their middle, which keeps squares small:
     * of each positive among the negatives (1), and the reverse (0). */
    moments placed[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    ranked *r;

    if (positives < 2 || negatives < 2)
        return OST_UNDEFINED;
    r = rank_cases(s);
    for (size_t i = 0, end; i < s->n; i = end) {
        uint64_t level[2] = { 0, 0 };

        end = tie_end(r, s->n, i);
        for (size_t k = i; k < end; k++)
            level[s->positive[r[k].index]]++;
        moments_add(&placed[1],
                    (double)negatives - (double)(2 * above[0] + level[0]),
                    (double)level[1]);
        moments_add(&placed[0],
                    (double)(2 * above[1] + level[1]) - (double)positives,
                    (double)level[0]);
        above[0] += level[0];
        above[1] += level[1];
    }
    ost_free(r);
    return moments_variance(&placed[1], 2.0 * (double)negatives) /
               (double)positives +
           moments_variance(&placed[0], 2.0 * (double)positives) /
               (double)negatives;
}
