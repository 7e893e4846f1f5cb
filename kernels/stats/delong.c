/* kernels/stats/delong.c - DeLong's variances and covariances of areas
 *
 * The placement of a positive is the share of negatives below it (half of those
 * level with it); of a negative, the share of positives above.  Placements are
 * kept doubled, as whole numbers, and less their middle, which keeps squares
 * small.
 */
#include "base/alloc.h"
#include "kernels/stats/scores.h"
#include "kernels/stats/sorting.h"
#include "kernels/stats/sums.h"

#include <assert.h>

#include "base/banned.h"

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

double ost_ranking_delong_variance(const ost_ranking *r)
{
    double positives = (double)r->positives, negatives = (double)r->negatives;
    moments placed[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    uint64_t tps = 0, fps = 0;

    if (r->positives < 2 || r->negatives < 2)
        return OST_UNDEFINED;
    for (size_t k = 0; k < r->levels; k++) {
        moments_add(&placed[1], negatives - (double)(fps + r->fps[k]),
                    (double)(r->tps[k] - tps));
        moments_add(&placed[0], (double)(tps + r->tps[k]) - positives,
                    (double)(r->fps[k] - fps));
        tps = r->tps[k];
        fps = r->fps[k];
    }
    return moments_variance(&placed[1], 2 * negatives) / positives +
           moments_variance(&placed[0], 2 * positives) / negatives;
}

double ost_delong_variance(const ost_scores *s)
{
    ost_ranking r = ost_ranking_of(s);
    double variance = ost_ranking_delong_variance(&r);

    ost_ranking_release(&r);
    return variance;
}

/* --- two scores of the same cases -------------------------------------- */

/* Fills placed[i], doubled and less its middle. */
static void place(const ost_scores *s, uint64_t positives, uint32_t *index,
                  double *placed)
{
    double middle[2] = { (double)positives, (double)(s->n - positives) };
    uint64_t above[2] = { 0, 0 };

    ost_sort_falling(s->score, s->n, index);
    for (size_t i = 0, end; i < s->n; i = end) {
        uint64_t level[2] = { 0, 0 };
        double down, up;

        for (end = i; end < s->n && s->score[index[end]] == s->score[index[i]];
             end++)
            level[s->positive[index[end]]]++;
        down = (double)(2 * above[1] + level[1]) - middle[0];
        up = middle[1] - (double)(2 * above[0] + level[0]);
        for (size_t k = i; k < end; k++)
            placed[index[k]] = s->positive[index[k]] ? up : down;
        above[0] += level[0];
        above[1] += level[1];
    }
}

/* Sample covariance (ddof 1) of x and y over the n cases of one class. */
static double covariance_of(const double *x, const double *y,
                            const uint8_t *positive, size_t all, uint8_t which,
                            double n)
{
    ost_sum sum = { 0, 0 };
    double mean_x = 0, mean_y = 0;

    /* Whole numbers: their sums are exact. */
    for (size_t i = 0; i < all; i++) {
        mean_x += positive[i] == which ? x[i] : 0;
        mean_y += positive[i] == which ? y[i] : 0;
    }
    mean_x /= n;
    mean_y /= n;
    for (size_t i = 0; i < all; i++) {
        if (positive[i] == which)
            ost_sum_add(&sum, (x[i] - mean_x) * (y[i] - mean_y));
    }
    return ost_sum_total(&sum) / (n - 1);
}

/* Covariance of the areas that have these placements. */
static double joint(const double *x, const double *y, const ost_scores *s,
                    double positives)
{
    double negatives = (double)s->n - positives;
    double up = covariance_of(x, y, s->positive, s->n, 1, positives);
    double down = covariance_of(x, y, s->positive, s->n, 0, negatives);

    return up / (4 * negatives * negatives) / positives +
           down / (4 * positives * positives) / negatives;
}

ost_delong ost_delong_covariance(const ost_scores *a, const ost_scores *b)
{
    const double nan = OST_UNDEFINED;
    ost_delong d = { nan, nan, nan, nan, nan, nan };
    uint64_t positives = ost_scores_positives(a);
    double *x, *y, p = (double)positives;
    uint32_t *index;

    assert(a->n == b->n);
    if (positives < 2 || a->n - positives < 2)
        return d;
    x = ost_xalloc(2 * a->n * sizeof(*x));
    y = x + a->n;
    index = ost_xalloc(a->n * sizeof(*index));
    place(a, positives, index, x);
    place(b, positives, index, y);
    d.auc_a = ost_auc(a);
    d.auc_b = ost_auc(b);
    d.variance_a = joint(x, x, a, p);
    d.variance_b = joint(y, y, a, p);
    d.covariance = joint(x, y, a, p);
    for (size_t i = 0; i < a->n; i++)
        x[i] -= y[i];
    d.variance_of_difference = joint(x, x, a, p);
    ost_free(x);
    ost_free(index);
    return d;
}
