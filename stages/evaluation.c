/* stages/evaluation.c - counts, rates, areas and intervals of a set */
#include "stages/evaluation.h"

#include "base/map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const char one_class[] = "one class";
static const char no_scores[] = "no scores";
static const char no_items[] = "no items";

json_t *ost_number_or(double v, const char *reason)
{
    if (isfinite(v))
        return json_real(v);
    return json_pack("{s:n, s:s}", "value", "reason", reason);
}

json_t *ost_number_array(const double *v, size_t n)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, isinf(v[i])   ? json_string("inf")
                                 : isnan(v[i]) ? json_null()
                                               : json_real(v[i]));
    return a;
}

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *interval_json(ost_interval i, const char *method,
                             const char *reason)
{
    if (!isfinite(i.lo))
        return ost_number_or(OST_UNDEFINED, reason);
    return json_pack("{s:f, s:f, s:f, s:s}", "lo", i.lo, "hi", i.hi, "level",
                     0.95, "method", method);
}

static json_t *proportion_interval(uint64_t k, uint64_t n)
{
    return interval_json(ost_wilson_interval(k, n), "wilson",
                         "zero denominator");
}

static json_t *roc_json(const ost_roc *roc)
{
    if (roc->n == 0 || isnan(roc->fpr[0]) || isnan(roc->tpr[0]))
        return ost_number_or(OST_UNDEFINED, roc->n ? one_class : no_items);
    return json_pack("{s:o, s:o, s:o}", "fpr",
                     ost_number_array(roc->fpr, roc->n), "tpr",
                     ost_number_array(roc->tpr, roc->n), "threshold",
                     ost_number_array(roc->threshold, roc->n));
}

static void warn(const ost_evaluation *e, const char *where, const char *what)
{
    json_array_append_new(e->warnings, json_sprintf("%s: %s", where, what));
}

/* --- one class against the others -------------------------------------- */

static void warn_zero(const ost_evaluation *e, const char *where,
                      const char *what, uint64_t denominator)
{
    char text[128];

    if (denominator > 0 || e->zero == OST_ZERO_IS_UNDEFINED)
        return;
    snprintf(text, sizeof(text), "%s has a zero denominator, taken as %d", what,
             e->zero == OST_ZERO_IS_1);
    warn(e, where, text);
}

static void add_rates(const ost_evaluation *e, const char *where,
                      const ost_class_counts *c, json_t *out)
{
    static const char reason[] = "zero denominator";

    warn_zero(e, where, "precision", c->tp + c->fp);
    warn_zero(e, where, "recall", c->tp + c->fn);
    warn_zero(e, where, "specificity", c->tn + c->fp);
    json_object_set_new(out, "precision",
                        ost_number_or(ost_precision(c, e->zero), reason));
    json_object_set_new(out, "recall",
                        ost_number_or(ost_recall(c, e->zero), reason));
    json_object_set_new(out, "specificity",
                        ost_number_or(ost_specificity(c, e->zero), reason));
    json_object_set_new(out, "f1", ost_number_or(ost_f1(c, e->zero), reason));
}

static json_t *rate_intervals(const ost_class_counts *c)
{
    return json_pack("{s:o, s:o, s:o}", "precision",
                     proportion_interval(c->tp, c->tp + c->fp), "recall",
                     proportion_interval(c->tp, c->tp + c->fn), "specificity",
                     proportion_interval(c->tn, c->tn + c->fp));
}

/* Scores of class `k` over the rows, positive where it is the truth. */
static ost_scores scores_of(const ost_evaluation *e, const uint32_t *index,
                            size_t n, uint32_t k)
{
    uint8_t *positive = OST_ARENA_ARRAY(e->arena, uint8_t, n);
    double *score = OST_ARENA_ARRAY(e->arena, double, n);

    for (size_t i = 0; i < n; i++) {
        const ost_prediction *p = &e->table->rows[index[i]];

        positive[i] = p->truth == k;
        score[i] = p->score[k];
    }
    return (ost_scores){ positive, score, n };
}

static bool two_values(const ost_scores *s)
{
    double other = 0;
    bool found = false;

    for (size_t i = 1; i < s->n; i++) {
        if (s->score[i] == s->score[0] || (found && s->score[i] == other))
            continue;
        if (found)
            return false;
        found = true;
        other = s->score[i];
    }
    return true;
}

static void add_area(const ost_evaluation *e, const char *where,
                     const ost_scores *s, json_t *out, json_t *intervals,
                     ost_roc *roc)
{
    const char *reason = s->n ? one_class : no_items;
    double auc = ost_auc(s);
    bool few =
        ost_scores_positives(s) < 2 || s->n - ost_scores_positives(s) < 2;

    *roc = ost_roc_curve(s, 0, e->arena);
    json_object_set_new(out, "auc", ost_number_or(auc, reason));
    json_object_set_new(out, "average_precision",
                        ost_number_or(ost_average_precision(s),
                                      s->n ? "no positives" : no_items));
    if (e->max_fpr > 0)
        json_object_set_new(
            out, "partial_auc",
            ost_number_or(ost_auc_partial(roc, e->max_fpr), reason));
    json_object_set_new(out, "roc", roc_json(roc));
    json_object_set_new(
        intervals, "auc",
        interval_json(ost_normal_interval(auc, ost_delong_variance(s)),
                      "delong",
                      few ? "fewer than two items of a class" : reason));
    if (!isnan(auc) && s->n > 3 && two_values(s))
        warn(e, where,
             "scores take at most two values, so the area under the curve is "
             "that of one threshold");
}

/* --- a whole set ------------------------------------------------------- */

static uint64_t distinct_groups(const ost_evaluation *e, const uint32_t *index,
                                size_t n)
{
    ost_map seen = { 0 };
    uint64_t groups = 0;

    for (size_t i = 0; i < n; i++) {
        const char *group = e->table->rows[index[i]].item->group;

        groups += ost_map_put(&seen, group, strlen(group), 0);
    }
    ost_map_release(&seen);
    return groups;
}

static ost_confusion confusion_of(const ost_evaluation *e,
                                  const uint32_t *index, size_t n)
{
    uint32_t *truth = OST_ARENA_ARRAY(e->arena, uint32_t, n);
    uint32_t *predicted = OST_ARENA_ARRAY(e->arena, uint32_t, n);

    for (size_t i = 0; i < n; i++) {
        truth[i] = e->table->rows[index[i]].truth;
        predicted[i] = e->table->rows[index[i]].predicted;
    }
    return ost_confusion_of(truth, predicted, n, e->table->n_classes, e->arena);
}

static void add_overall(const ost_confusion *c, size_t n, json_t *out,
                        json_t *intervals)
{
    json_t *rows = json_array();
    uint64_t right = 0;

    for (size_t a = 0; a < c->classes; a++) {
        json_t *row = json_array();

        for (size_t b = 0; b < c->classes; b++)
            json_array_append_new(row,
                                  count_json(c->count[a * c->classes + b]));
        json_array_append_new(rows, row);
        right += c->count[a * c->classes + a];
    }
    json_object_set_new(out, "confusion", rows);
    json_object_set_new(out, "accuracy",
                        ost_number_or(ost_accuracy(c), no_items));
    json_object_set_new(out, "balanced_accuracy",
                        ost_number_or(ost_balanced_accuracy(c), no_items));
    json_object_set_new(out, "mcc", ost_number_or(ost_mcc(c), no_items));
    json_object_set_new(
        out, "kappa",
        ost_number_or(ost_kappa(c), n ? "chance agrees everywhere" : no_items));
    json_object_set_new(intervals, "accuracy", proportion_interval(right, n));
}

static void add_two_classes(const ost_evaluation *e, const char *where,
                            const uint32_t *index, size_t n,
                            const ost_confusion *c, json_t *out,
                            json_t *intervals, ost_roc *roc)
{
    ost_class_counts counts = ost_confusion_class(c, e->positive);
    json_t *rates = rate_intervals(&counts);
    ost_scores s;

    json_object_set_new(out, "n_positive", count_json(counts.tp + counts.fn));
    json_object_set_new(out, "n_negative", count_json(counts.tn + counts.fp));
    add_rates(e, where, &counts, out);
    json_object_update(intervals, rates);
    json_decref(rates);
    if (e->table->scored) {
        s = scores_of(e, index, n, e->positive);
        add_area(e, where, &s, out, intervals, roc);
    } else {
        json_object_set_new(out, "auc",
                            ost_number_or(OST_UNDEFINED, no_scores));
        json_object_set_new(out, "roc",
                            ost_number_or(OST_UNDEFINED, no_scores));
    }
}

/* Plain and support-weighted means of a rate over the classes. */
static void
add_means(const ost_evaluation *e, const ost_confusion *c, const char *name,
          double (*rate)(const ost_class_counts *, ost_zero_division),
          json_t *out, json_t *weighted)
{
    double *v = OST_ARENA_ARRAY(e->arena, double, c->classes);
    uint64_t *support = OST_ARENA_ARRAY(e->arena, uint64_t, c->classes);

    for (size_t k = 0; k < c->classes; k++) {
        ost_class_counts counts = ost_confusion_class(c, k);

        v[k] = rate(&counts, e->zero);
        support[k] = counts.tp + counts.fn;
    }
    json_object_set_new(
        out, name, ost_number_or(ost_mean_of(v, c->classes).mean, no_items));
    json_object_set_new(
        weighted, name,
        ost_number_or(ost_weighted_mean(v, support, c->classes), no_items));
}

static json_t *class_json(const ost_evaluation *e, const char *where,
                          const uint32_t *index, size_t n,
                          const ost_confusion *c, uint32_t k)
{
    const char *name = e->table->classes[k];
    ost_class_counts counts = ost_confusion_class(c, k);
    json_t *intervals = rate_intervals(&counts);
    json_t *out = json_pack("{s:s, s:o}", "class", name, "n",
                            count_json(counts.tp + counts.fn));
    const char *place =
        ost_arena_printf(e->arena, "%s, class '%s'", where, name);
    ost_scores s;
    ost_roc roc;

    add_rates(e, place, &counts, out);
    if (e->table->scored) {
        s = scores_of(e, index, n, k);
        add_area(e, place, &s, out, intervals, &roc);
    }
    json_object_set_new(out, "intervals", intervals);
    return out;
}

static void add_class_areas(const ost_evaluation *e, const uint32_t *index,
                            size_t n, json_t *out)
{
    size_t classes = e->table->n_classes;
    const char *reason = n ? one_class : no_items;
    uint32_t *truth = OST_ARENA_ARRAY(e->arena, uint32_t, n);
    double *score = OST_ARENA_ARRAY(e->arena, double, n *classes);
    ost_multiclass_auc m;

    if (!e->table->scored) {
        json_object_set_new(out, "auc",
                            ost_number_or(OST_UNDEFINED, no_scores));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        truth[i] = e->table->rows[index[i]].truth;
        memcpy(score + i * classes, e->table->rows[index[i]].score,
               classes * sizeof(double));
    }
    m = ost_multiclass_auc_of(truth, score, n, classes, e->arena);
    json_object_set_new(out, "auc", ost_number_or(m.ovr_macro, reason));
    json_object_set_new(out, "auc_weighted",
                        ost_number_or(m.ovr_weighted, reason));
    json_object_set_new(out, "auc_micro", ost_number_or(m.ovr_micro, reason));
    json_object_set_new(out, "auc_ovo", ost_number_or(m.ovo_macro, reason));
    json_object_set_new(out, "auc_ovo_weighted",
                        ost_number_or(m.ovo_weighted, reason));
}

static void add_many_classes(const ost_evaluation *e, const char *where,
                             const uint32_t *index, size_t n,
                             const ost_confusion *c, json_t *out)
{
    json_t *each = json_array(), *weighted = json_object();

    for (uint32_t k = 0; k < c->classes; k++)
        json_array_append_new(each, class_json(e, where, index, n, c, k));
    add_means(e, c, "precision", ost_precision, out, weighted);
    add_means(e, c, "recall", ost_recall, out, weighted);
    add_means(e, c, "specificity", ost_specificity, out, weighted);
    add_means(e, c, "f1", ost_f1, out, weighted);
    add_class_areas(e, index, n, out);
    json_object_set_new(out, "weighted", weighted);
    json_object_set_new(out, "per_class", each);
}

json_t *ost_evaluate_rows(const ost_evaluation *e, const char *where,
                          const uint32_t *index, size_t n, ost_roc *roc)
{
    ost_confusion c = confusion_of(e, index, n);
    json_t *out = json_object(), *intervals = json_object();

    *roc = (ost_roc){ 0 };
    json_object_set_new(out, "n_items", count_json(n));
    json_object_set_new(out, "n_groups",
                        count_json(distinct_groups(e, index, n)));
    add_overall(&c, n, out, intervals);
    if (e->positive != OST_NO_CLASS)
        add_two_classes(e, where, index, n, &c, out, intervals, roc);
    else
        add_many_classes(e, where, index, n, &c, out);
    json_object_set_new(out, "intervals", intervals);
    return out;
}
