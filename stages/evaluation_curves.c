/* stages/evaluation_curves.c - what follows from the scores of one class
 *
 * Numbers are of all cases.  Curves are written as they are while they have no
 * more points than the block says.  Of a longer one what begins a new one of a
 * quarter as many pieces is kept, and the last: pieces of equal length along
 * both axes of a ROC curve (2 in all), along recall of the other one.
 * `thinned_from` says how many points there were.
 */
#include "base/text.h"
#include "kernels/stats/operating_points.h"
#include "kernels/stats/precision_recall.h"
#include "kernels/stats/ranking.h"
#include "stages/evaluation_blocks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* Points of a curve that is too long to be written whole. */
static size_t kept_points(size_t points)
{
    return points / 4;
}

/* --- curves ----------------------------------------------------------------
 */

/* Keeps what begins a new one of `steps` pieces of the way along x and y, which
 * are monotone; `y` may be NULL.  Returns how many indices stand in keep[]. */
static size_t thin(const double *x, const double *y, size_t n, size_t steps,
                   size_t *keep)
{
    double length = y ? 2 : 1, last = -1;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        double way = fabs(x[i] - x[0]) + (y ? fabs(y[i] - y[0]) : 0);
        double piece = floor(way / length * (double)steps);

        if (i > 0 && i + 1 < n && !(piece > last))
            continue;
        last = piece;
        keep[kept++] = i;
    }
    return kept;
}

static json_t *kept_array(const double *v, const size_t *keep, size_t n)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, ost_threshold_json(v[keep[i]]));
    return a;
}

static json_t *roc_json(const ost_block *b, const ost_roc *roc, size_t points)
{
    size_t *keep, n;
    json_t *out;

    if (roc->n == 0 || isnan(roc->fpr[0]) || isnan(roc->tpr[0]))
        return ost_number_or(OST_UNDEFINED,
                             roc->n ? OST_ONE_CLASS : OST_NO_ITEMS);
    if (roc->n <= points)
        return json_pack("{s:o, s:o, s:o}", "fpr",
                         ost_number_array(roc->fpr, roc->n), "tpr",
                         ost_number_array(roc->tpr, roc->n), "threshold",
                         ost_number_array(roc->threshold, roc->n));
    keep = OST_ARENA_ARRAY(b->arena, size_t, roc->n);
    n = thin(roc->fpr, roc->tpr, roc->n, kept_points(points), keep);
    out = json_pack("{s:o, s:o, s:o}", "fpr", kept_array(roc->fpr, keep, n),
                    "tpr", kept_array(roc->tpr, keep, n), "threshold",
                    kept_array(roc->threshold, keep, n));
    json_object_set_new(out, "thinned_from", json_integer((json_int_t)roc->n));
    return out;
}

/* The last point of precision and recall has no threshold: "inf". */
static json_t *pr_json(const ost_block *b, const ost_ranking *r, size_t points)
{
    ost_pr pr = ost_ranking_pr(r, b->arena);
    double *threshold = OST_ARENA_ARRAY(b->arena, double, pr.n);
    size_t *keep, n = pr.n;
    json_t *out;

    if (pr.n == 0 || isnan(pr.recall[0]))
        return ost_number_or(OST_UNDEFINED,
                             pr.n ? "no positives" : OST_NO_ITEMS);
    memcpy(threshold, pr.threshold, (pr.n - 1) * sizeof(*threshold));
    threshold[pr.n - 1] = (double)INFINITY;
    keep = OST_ARENA_ARRAY(b->arena, size_t, pr.n);
    for (size_t i = 0; i < n; i++)
        keep[i] = i;
    if (n > points)
        n = thin(pr.recall, NULL, pr.n, kept_points(points), keep);
    out = json_pack("{s:o, s:o, s:o}", "recall", kept_array(pr.recall, keep, n),
                    "precision", kept_array(pr.precision, keep, n), "threshold",
                    kept_array(threshold, keep, n));
    if (n < pr.n)
        json_object_set_new(out, "thinned_from",
                            json_integer((json_int_t)pr.n));
    return out;
}

/* --- operating points ------------------------------------------------------
 */

static json_t *point_json(const ost_operating_point *p)
{
    if (isnan(p->threshold))
        return ost_number_or(OST_UNDEFINED, OST_ONE_CLASS);
    return json_pack("{s:o, s:f, s:f}", "threshold",
                     ost_threshold_json(p->threshold), "sensitivity",
                     p->sensitivity, "specificity", p->specificity);
}

/* The best of one rate where the other is at least each of `rates`. */
static json_t *points_at(const ost_block *b, const ost_ranking *r,
                         ost_operating_point (*best)(const ost_ranking *,
                                                     double))
{
    const ost_f64_list *rates = &b->e->params->rates;
    json_t *all = json_array();

    for (size_t i = 0; i < rates->n; i++) {
        ost_operating_point p = best(r, rates->v[i]);
        json_t *one = point_json(&p);

        json_object_set_new(one, "at", json_real(rates->v[i]));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *operating_points(const ost_block *b, const ost_ranking *r)
{
    ost_operating_point p = ost_youden(r);
    json_t *out = json_object(), *one = point_json(&p);
    ost_costs costs;

    json_object_set_new(out, "sensitivity_at_specificity",
                        points_at(b, r, ost_sensitivity_at_specificity));
    json_object_set_new(out, "specificity_at_sensitivity",
                        points_at(b, r, ost_specificity_at_sensitivity));
    if (!isnan(p.value))
        json_object_set_new(one, "j", json_real(p.value));
    json_object_set_new(out, "youden", one);
    if (ost_costs_of(b->e->params->costs, &costs)) {
        p = ost_cost_point(r, &costs);
        one = point_json(&p);
        if (!isnan(p.value))
            json_object_set_new(one, "expected_cost", json_real(p.value));
        json_object_set_new(out, "cost", one);
    }
    return out;
}

/* --- probabilities ---------------------------------------------------------
 */

/* A logarithm's last digits are the C library's own. */
json_t *ost_rounded_or(double v, const char *reason)
{
    char text[32];

    if (!isfinite(v))
        return ost_number_or(v, reason);
    snprintf(text, sizeof(text), "%.12g", v);
    (void)ost_parse_f64(text, &v);
    return json_real(v);
}

json_t *ost_calibration_json(const ost_calibration *c)
{
    json_t *bins = json_array();

    for (size_t i = 0; i < c->bins; i++)
        json_array_append_new(
            bins,
            json_pack("{s:f, s:f, s:I, s:o, s:o}", "lower", c->lower[i],
                      "upper", c->upper[i], "n", (json_int_t)c->n[i], "score",
                      ost_number_or(c->score[i], OST_NO_ITEMS), "observed",
                      ost_number_or(c->observed[i], OST_NO_ITEMS)));
    return json_pack("{s:o, s:o, s:o}", "bins", bins, "ece",
                     ost_number_or(c->ece, OST_NO_ITEMS), "mce",
                     ost_number_or(c->mce, OST_NO_ITEMS));
}

static void add_probabilities(const ost_block *b, const ost_scores *s,
                              size_t points, json_t *out)
{
    bool fine = ost_probabilities_check(s->score, s->n) == s->n;
    const char *reason = fine ? OST_NO_ITEMS : OST_NO_PROBABILITIES;
    ost_calibration c;

    json_object_set_new(
        out, "brier",
        ost_number_or(fine ? ost_brier(s) : OST_UNDEFINED, reason));
    json_object_set_new(
        out, "log_loss",
        ost_rounded_or(fine ? ost_log_loss(s) : OST_UNDEFINED, reason));
    if (points == OST_CURVE_NONE)
        return;
    if (!fine || s->n == 0) {
        json_object_set_new(out, "calibration",
                            ost_number_or(OST_UNDEFINED, reason));
        return;
    }
    c = ost_calibration_of(s, (size_t)b->e->params->bins, OST_BINS_UNIFORM,
                           b->arena);
    json_object_set_new(out, "calibration", ost_calibration_json(&c));
}

/* --- all of it -------------------------------------------------------------
 */

void ost_block_areas(const ost_block *b, const char *place, const ost_scores *s,
                     size_t points, json_t *out, ost_roc *roc)
{
    const char *reason = s->n ? OST_ONE_CLASS : OST_NO_ITEMS;
    ost_ranking r = ost_ranking_of(s);
    double auc = ost_ranking_auc(&r), max_fpr = b->e->params->max_fpr;

    *roc = ost_ranking_roc(&r, 0, b->e->arena);
    json_object_set_new(out, "auc", ost_number_or(auc, reason));
    json_object_set_new(out, "average_precision",
                        ost_number_or(ost_ranking_average_precision(&r),
                                      s->n ? "no positives" : OST_NO_ITEMS));
    if (max_fpr > 0)
        json_object_set_new(
            out, "partial_auc",
            ost_number_or(ost_auc_partial(roc, max_fpr), reason));
    add_probabilities(b, s, points, out);
    if (points != OST_CURVE_NONE) {
        json_object_set_new(out, "roc", roc_json(b, roc, points));
        json_object_set_new(out, "pr", pr_json(b, &r, points));
        json_object_set_new(out, "operating_points", operating_points(b, &r));
    }
    if (!isnan(auc) && s->n > 3 && r.levels <= 2)
        ost_block_warn(b, place,
                       "scores take at most two values, so the area under the "
                       "curve is that of one threshold");
    ost_ranking_release(&r);
}
