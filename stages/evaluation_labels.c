/* stages/evaluation_labels.c - blocks of several labels for each item
 *
 * Each label is judged apart, as there or not.  The headline numbers are plain
 * means over the labels (macro); `weighted` weighs them by how many items have
 * the label, `micro` takes every pair of an item and a label as a case of its
 * own.  A number that is undefined for a label is left out of a mean.
 */
#include "kernels/stats/folds.h"
#include "stages/evaluation_bootstrap.h"

#include <string.h>

#include "base/banned.h"

static const char *const averaged[] = {
    "accuracy",    "balanced_accuracy",
    "precision",   "recall",
    "specificity", "npv",
    "f1",          "mcc",
    "kappa",       "auc",
    "brier",       "average_precision",
    "log_loss",
};
enum { AVERAGED = sizeof(averaged) / sizeof(averaged[0]) };

static json_t *judge_label(const ost_block *b, size_t k, double *keep)
{
    const ost_cases *c = b->e->cases;
    ost_evaluation e = *b->e;
    uint32_t *all = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);
    ost_cases of =
        ost_cases_of_label(c, k, b->index, b->n, &e.positive, b->arena);
    const char *place =
        ost_arena_printf(b->arena, "%s, label '%s'", b->where, c->classes[k]);
    json_t *out = json_pack("{s:s}", "label", c->classes[k]), *numbers;

    for (size_t i = 0; i < b->n; i++)
        all[i] = (uint32_t)i;
    e.kind = OST_PREDICTS_CLASS;
    e.cases = &of;
    e.arena = b->arena;
    e.keep = keep;
    numbers = ost_evaluate_cases(
        &e, place, all, b->n, b->points == OST_CURVE_LONG ? OST_CURVE_SHORT : 0,
        NULL);
    json_object_update(out, numbers);
    json_decref(numbers);
    return out;
}

/* A mean over the labels, weighted by how many items have each or not. */
static json_t *mean_json(const ost_block *b, const json_t *labels,
                         const char *name, bool weighted)
{
    size_t n = json_array_size(labels);
    double *v = OST_ARENA_ARRAY(b->arena, double, n);
    uint64_t *weight = OST_ARENA_ARRAY(b->arena, uint64_t, n);

    for (size_t k = 0; k < n; k++) {
        const json_t *label = json_array_get(labels, k);

        v[k] = ost_member_number(label, name);
        weight[k] =
            (uint64_t)json_integer_value(json_object_get(label, "n_positive"));
    }
    return ost_number_or(weighted ? ost_weighted_mean(v, weight, n)
                                  : ost_mean_of(v, n).mean,
                         b->n ? "undefined for every label" : OST_NO_ITEMS);
}

static json_t *means_json(const ost_block *b, const json_t *labels,
                          bool weighted)
{
    json_t *out = json_object();

    for (size_t i = 0; i < AVERAGED; i++)
        json_object_set_new(out, averaged[i],
                            mean_json(b, labels, averaged[i], weighted));
    return out;
}

/* Every pair of an item and a label as one case. */
static json_t *micro_json(const ost_block *b)
{
    const ost_cases *c = b->e->cases;
    size_t pairs = b->n * c->n_classes, at = 0;
    uint8_t *positive = OST_ARENA_ARRAY(b->arena, uint8_t, pairs);
    double *score = OST_ARENA_ARRAY(b->arena, double, pairs);
    ost_scores s = { positive, score, pairs };
    ost_class_counts counts = { 0 };
    json_t *out = json_object();
    ost_roc roc;

    for (size_t k = 0; k < c->n_classes; k++) {
        for (size_t i = 0; i < b->n; i++, at++) {
            bool has = c->has[k][b->index[i]], says = c->says[k][b->index[i]];

            positive[at] = has;
            score[at] = c->score[k][b->index[i]];
            counts.tp += has && says;
            counts.fp += !has && says;
            counts.fn += has && !says;
            counts.tn += !has && !says;
        }
    }
    ost_block_rates(b, ost_arena_printf(b->arena, "%s, all labels", b->where),
                    &counts, out);
    ost_block_areas(b, b->where, &s, OST_CURVE_NONE, out, &roc);
    return out;
}

/* --- intervals -------------------------------------------------------------
 */

/* How many labels of each case are wrong. */
typedef struct {
    const uint32_t *wrong;
    size_t n;
    double labels;
} exactness;

static void exact_numbers(void *user, const uint32_t *weight, double *out)
{
    const exactness *x = user;
    double exact = 0, wrong = 0, total = 0;

    for (size_t i = 0; i < x->n; i++) {
        total += weight[i];
        exact += x->wrong[i] == 0 ? weight[i] : 0;
        wrong += (double)x->wrong[i] * weight[i];
    }
    out[0] = exact / total;
    out[1] = wrong / (total * x->labels);
}

static void add_exact(ost_block *b)
{
    const ost_cases *c = b->e->cases;
    uint32_t *wrong = OST_ARENA_ARRAY(b->arena, uint32_t, b->n), *ones;
    exactness x = { wrong, b->n, (double)c->n_classes };
    double numbers[2] = { OST_UNDEFINED, OST_UNDEFINED };
    uint64_t exact = 0;
    ost_replicates r;

    ones = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);
    for (size_t i = 0; i < b->n; i++) {
        for (size_t k = 0; k < c->n_classes; k++)
            wrong[i] += c->has[k][b->index[i]] != c->says[k][b->index[i]];
        exact += wrong[i] == 0;
        ones[i] = 1;
    }
    if (b->n > 0)
        exact_numbers(&x, ones, numbers);
    json_object_set_new(b->out, "subset_accuracy",
                        ost_number_or(numbers[0], OST_NO_ITEMS));
    json_object_set_new(b->out, "hamming_loss",
                        ost_number_or(numbers[1], OST_NO_ITEMS));
    if (ost_formulas_hold(b->e))
        json_object_set_new(b->intervals, "subset_accuracy",
                            ost_proportion_interval(b, exact, b->n));
    r = ost_replicates_of(b, exact_numbers, &x, 2, NULL, NULL);
    if (r.b && !ost_formulas_hold(b->e))
        json_object_set_new(b->intervals, "subset_accuracy",
                            ost_replicates_interval(b, &r, 0));
    if (r.b)
        json_object_set_new(b->intervals, "hamming_loss",
                            ost_replicates_interval(b, &r, 1));
    ost_replicates_release(&r);
}

/* Whether number `j` of a label is undefined in all of its n replicates. */
static bool never_defined(const double *kept, size_t n, size_t j)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(kept[i * OST_KEPT + j]))
            return false;
    return true;
}

/* All labels were drawn alike, so that a replicate's mean over the labels is a
 * replicate of the mean.  What a label does not have at all stands in both as
 * it is taken. */
static void add_mean_intervals(ost_block *b, const json_t *each,
                               double *const *kept, size_t n)
{
    size_t labels = b->e->cases->n_classes;
    double *across = OST_ARENA_ARRAY(b->arena, double, labels);
    double *taken = OST_ARENA_ARRAY(b->arena, double, labels);
    double *mean = OST_ARENA_ARRAY(b->arena, double, n);
    const json_t *groups = json_object_get(b->out, "n_groups");
    ost_drawing d = ost_drawing_of(b->e);
    const ost_replicates r = {
        .k = 1,
        .n = n,
        .value = mean,
        .method = "bootstrap_percentile",
        .few = ost_few_units(b, d.clusters ? (size_t)json_integer_value(groups)
                                           : b->n),
    };

    if (d.bca)
        ost_block_warn(b, b->where,
                       "intervals of means over labels are percentiles, "
                       "without the correction of BCa");

    for (size_t j = 0; j < OST_KEPT; j++) {
        if (!json_is_number(json_object_get(b->out, ost_kept_names[j])))
            continue;
        for (size_t k = 0; k < labels; k++)
            taken[k] = never_defined(kept[k], n, j)
                           ? ost_member_number(json_array_get(each, k),
                                               ost_kept_names[j])
                           : OST_UNDEFINED;
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < labels; k++) {
                double v = kept[k][i * OST_KEPT + j];

                across[k] = isnan(v) ? taken[k] : v;
            }
            mean[i] = ost_strided_mean(across, labels, 1);
        }
        json_object_set_new(b->intervals, ost_kept_names[j],
                            ost_replicates_interval(b, &r, 0));
    }
}

void ost_block_labels(ost_block *b)
{
    size_t labels = b->e->cases->n_classes;
    size_t n = ost_drawing_of(b->e).replicates;
    double **kept = OST_ARENA_ARRAY(b->arena, double *, labels);
    json_t *all = json_array(), *macro;

    for (size_t k = 0; k < labels; k++) {
        kept[k] = OST_ARENA_ARRAY(b->arena, double, n *OST_KEPT);
        json_array_append_new(all, judge_label(b, k, kept[k]));
    }
    add_exact(b);
    macro = means_json(b, all, false);
    json_object_update(b->out, macro);
    json_object_set_new(b->out, "macro", macro);
    json_object_set_new(b->out, "weighted", means_json(b, all, true));
    json_object_set_new(b->out, "micro", micro_json(b));
    json_object_set_new(b->out, "labels", all);
    if (n > 0 && b->n > 0)
        add_mean_intervals(b, all, kept, n);
    json_object_set(b->out, "intervals", b->intervals);
}
