/* stages/evaluate.c - how good predictions are, over all and by fold
 *
 * Takes the predictions of one or more models and judges those that have a
 * label: all of them together (`pooled`), and apart for each value of the axis
 * `by` (`folds`), with the mean ROC curve over these.  Items without label are
 * left out and counted.
 *
 * With two classes everything is about the positive one: `positive`, or else
 * the last of the two by name, unless that is called "normal" or the like and
 * the other is not (positive.h).  An item is positive when its score for that
 * class reaches `threshold`; without a threshold the class with the highest
 * score is predicted, or what the predictions say themselves.  With any other
 * number of classes, each is held against the rest, and the headline numbers
 * are plain means over the classes.
 *
 * Intervals are 95 % and take items as independent: DeLong's for the area,
 * Wilson's for proportions.  An area with one class only is undefined; means
 * over folds skip and count what is undefined.
 *
 * An item whose group had a part in training what judged it is a leak, and an
 * error unless `leakage` says otherwise (leaks.h).
 */
#include "base/alloc.h"
#include "base/map.h"
#include "base/text.h"
#include "stages/evaluation.h"
#include "stages/leaks.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    const char *positive;
    const json_t *threshold;
    const char *by;
    const char *label;
    int zero_division; /* ost_zero_division */
    double max_fpr;
    int leakage; /* ost_leakage */
} evaluate_params;

static const ost_param params[] = {
    OST_PARAM(evaluate_params, label, STR,
              "of predictions of several labels the one that is judged, as the "
              "classes 'LABEL' and 'not LABEL'",
              .dflt = "null"),
    OST_PARAM(evaluate_params, positive, STR,
              "class that counts as positive when there are two; null: the "
              "last by name, unless that is 'normal' or the like",
              .dflt = "null"),
    OST_PARAM(evaluate_params, threshold, JSON,
              "score from which on an item is positive, a number; null: the "
              "class with the highest score is predicted",
              .dflt = "null"),
    OST_PARAM(evaluate_params, by, STR,
              "axis whose values get numbers of their own", .dflt = "\"fold\""),
    OST_PARAM(evaluate_params, zero_division, CHOICE,
              "what a ratio with a zero denominator is taken for",
              .dflt = "\"zero\"", .choices = "zero|one|undefined"),
    OST_PARAM(evaluate_params, max_fpr, F64,
              "false positive rate up to which a standardized partial area is "
              "given; 0: none",
              .dflt = "0", .min = 0, .max = 1),
    OST_PARAM(evaluate_params, leakage, CHOICE, OST_LEAKAGE_HELP,
              .dflt = "\"error\"", .choices = OST_LEAKAGE_CHOICES),
    OST_END,
};

static ost_rc check(const void *of, ost_err *err)
{
    const evaluate_params *p = of;

    if (!p->threshold || json_is_null(p->threshold) ||
        json_is_number(p->threshold))
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "param 'threshold': expected a number or null");
}

/* Everything that is judged, and what comes of it. */
typedef struct {
    ost_stage_ctx *ctx;
    const evaluate_params *params;
    ost_prediction_table table;
    ost_evaluation how;
    uint32_t *index; /* rows with a label */
    size_t n;
    ost_roc *curves; /* per part */
    json_t *leakage;
} judging;

/* --- before the numbers ------------------------------------------------ */

/* Predicts anew from the scores of the positive class. */
static ost_rc apply_threshold(judging *j, ost_err *err)
{
    const json_t *threshold = j->params->threshold;
    uint32_t positive = j->how.positive;

    if (!json_is_number(threshold))
        return OST_OK;
    if (positive == OST_NO_CLASS)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': there are %zu classes, and a "
                        "threshold is for two",
                        j->table.n_classes);
    if (!j->table.scored)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': the predictions have no scores");
    for (size_t i = 0; i < j->table.n; i++) {
        ost_prediction *p = &j->table.rows[i];
        bool reached = p->score[positive] >= json_number_value(threshold);

        p->predicted = reached ? positive : 1 - positive;
    }
    return OST_OK;
}

/* Areas of several classes are meant for probabilities. */
static ost_rc check_sums(const judging *j, ost_err *err)
{
    size_t classes = j->table.n_classes;

    if (!j->table.scored || classes <= 2)
        return OST_OK;
    for (size_t i = 0; i < j->n; i++) {
        const ost_prediction *p = &j->table.rows[j->index[i]];
        double sum = 0;

        for (size_t k = 0; k < classes; k++)
            sum += p->score[k];
        if (fabs(sum - 1) > 1e-5 + 1e-8)
            return ost_fail(err, OST_EINPUT,
                            "item '%s': the scores of its %zu classes sum to "
                            "%.9g, not to 1",
                            p->item->id, classes, sum);
    }
    return OST_OK;
}

static ost_rc choose_rows(judging *j, ost_err *err)
{
    ost_map seen = { 0 };
    size_t again = 0;
    ost_rc rc = OST_OK;

    j->index = OST_ARENA_ARRAY(ost_ctx_arena(j->ctx), uint32_t, j->table.n);
    for (size_t i = 0; i < j->table.n && !rc; i++) {
        const ost_prediction *p = &j->table.rows[i];

        if (p->truth == OST_NO_CLASS)
            continue;
        if (p->predicted == OST_NO_CLASS)
            rc = ost_fail(err, OST_EINPUT,
                          "item '%s' has neither scores nor a prediction",
                          p->item->id);
        again += !ost_map_put(&seen, p->item->id, strlen(p->item->id), 0);
        j->index[j->n++] = (uint32_t)i;
    }
    ost_map_release(&seen);
    if (again > 0)
        json_array_append_new(
            j->how.warnings,
            json_sprintf("%zu of %zu predictions are of an item that was "
                         "predicted before",
                         again, j->n));
    return rc;
}

/* Whether what judged the items had learned from their groups. */
static ost_rc check_leaks(judging *j, ost_err *err)
{
    ost_leak_check c = { .ctx = j->ctx,
                         .mode = (ost_leakage)j->params->leakage,
                         .axis = j->params->by };
    ost_rc rc;

    for (size_t i = 0; i < j->n; i++) {
        const ost_prediction *p = &j->table.rows[j->index[i]];

        ost_leaks_add(&c, p->item, p->part);
    }
    rc = ost_leaks_finish(&c, &j->leakage, err);
    ost_leaks_release(&c);
    return rc;
}

/* --- the document ------------------------------------------------------ */

static json_t *part_name(const char *part)
{
    int64_t number;

    if (ost_parse_i64(part, &number))
        return json_integer((json_int_t)number);
    return json_string(part);
}

static json_t *judge_parts(judging *j)
{
    ost_arena *arena = ost_ctx_arena(j->ctx);
    uint32_t *index = OST_ARENA_ARRAY(arena, uint32_t, j->n);
    json_t *all = json_array();

    j->curves = OST_ARENA_ARRAY(arena, ost_roc, j->table.n_parts);
    for (size_t p = 0; p < j->table.n_parts; p++) {
        const char *part = j->table.parts[p];
        json_t *one = json_object(), *numbers;
        size_t n = 0;

        for (size_t i = 0; i < j->n; i++) {
            const char *has = j->table.rows[j->index[i]].part;

            if (has && strcmp(has, part) == 0)
                index[n++] = j->index[i];
        }
        json_object_set_new(one, j->params->by, part_name(part));
        numbers = ost_evaluate_rows(
            &j->how, ost_arena_printf(arena, "%s %s", j->params->by, part),
            index, n, &j->curves[p]);
        json_object_update(one, numbers);
        json_decref(numbers);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *mean_json(ost_mean m)
{
    static const char reason[] = "undefined everywhere";

    return json_pack("{s:o, s:o, s:I, s:I}", "mean",
                     ost_number_or(m.mean, reason), "std",
                     ost_number_or(m.std, reason), "n", (json_int_t)m.n,
                     "skipped", (json_int_t)m.skipped);
}

static ost_mean mean_over(const json_t *parts, const char *name)
{
    size_t n = json_array_size(parts);
    double *v = ost_xalloc(sizeof(*v) * (n + 1));
    ost_mean m;

    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_object_get(json_array_get(parts, i), name);

        v[i] = json_is_number(one) ? json_number_value(one) : OST_UNDEFINED;
    }
    m = ost_mean_of(v, n);
    ost_free(v);
    return m;
}

static json_t *summary_json(const json_t *parts)
{
    static const char *const names[] = { "accuracy",   "auc",
                                         "f1",         "balanced_accuracy",
                                         "precision",  "recall",
                                         "specificity" };
    json_t *out = json_object();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        json_object_set_new(out, names[i],
                            mean_json(mean_over(parts, names[i])));
    return out;
}

static json_t *mean_roc_json(const judging *j, const json_t *parts)
{
    enum { N = OST_MEAN_ROC_POINTS };
    ost_mean_roc m;

    if (j->table.n_parts == 0)
        return ost_number_or(OST_UNDEFINED, "nothing to take a mean over");
    if (j->how.positive == OST_NO_CLASS)
        return ost_number_or(OST_UNDEFINED, "not two classes");
    if (!j->table.scored)
        return ost_number_or(OST_UNDEFINED, "no scores");
    if (!ost_mean_roc_of(j->curves, j->table.n_parts, &m))
        return ost_number_or(OST_UNDEFINED, "one class");
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:I, s:I}", "fpr",
        ost_number_array(m.fpr, N), "tpr", ost_number_array(m.tpr, N), "std",
        ost_number_array(m.std, N), "lower", ost_number_array(m.lower, N),
        "upper", ost_number_array(m.upper, N), "auc", m.auc, "auc_std",
        mean_over(parts, "auc").std, "n", (json_int_t)m.used, "skipped",
        (json_int_t)m.skipped);
}

static json_t *document(judging *j)
{
    const ost_prediction_table *t = &j->table;
    json_t *out = json_object(), *classes = json_array(), *parts;
    ost_roc pooled;

    for (size_t k = 0; k < t->n_classes; k++)
        json_array_append_new(classes, json_string(t->classes[k]));
    json_object_set_new(out, "classes", classes);
    json_object_set_new(out, "positive",
                        j->how.positive == OST_NO_CLASS
                            ? json_null()
                            : json_string(t->classes[j->how.positive]));
    json_object_set_new(out, "threshold",
                        json_is_number(j->params->threshold)
                            ? json_real(json_number_value(j->params->threshold))
                            : json_null());
    json_object_set_new(out, "n_unlabeled",
                        json_integer((json_int_t)(t->n - t->n_labeled)));
    json_object_set_new(
        out, "pooled",
        ost_evaluate_rows(&j->how, "pooled", j->index, j->n, &pooled));
    parts = judge_parts(j);
    json_object_set_new(out, "by", json_string(j->params->by));
    json_object_set_new(out, "folds", parts);
    json_object_set_new(out, "summary", summary_json(parts));
    json_object_set_new(out, "mean_roc", mean_roc_json(j, parts));
    json_object_set(out, "leakage", j->leakage);
    json_object_set(out, "warnings", j->how.warnings);
    return out;
}

static void note_warnings(ost_stage_ctx *ctx, const json_t *warnings)
{
    enum { MOST = 10 };
    size_t n = json_array_size(warnings);

    for (size_t i = 0; i < n && i < MOST; i++)
        ost_note(ctx, "%s", json_string_value(json_array_get(warnings, i)));
    if (n > MOST)
        ost_note(ctx, "%zu further warnings are in the metrics", n - MOST);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const evaluate_params *p = ost_ctx_params(ctx);
    judging j = { .ctx = ctx, .params = p };
    json_t *out = NULL;
    ost_rc rc;

    j.how.warnings = json_array();
    rc = ost_prediction_table_read(ctx, "predictions", p->by, p->label,
                                   &j.table, err);
    if (rc)
        goto out;
    j.how.table = &j.table;
    j.how.arena = ost_ctx_arena(ctx);
    j.how.zero = (ost_zero_division)p->zero_division;
    j.how.max_fpr = p->max_fpr;
    rc = ost_prediction_positive(&j.table, p->positive, &j.how.positive, err);
    if (!rc)
        rc = apply_threshold(&j, err);
    if (!rc)
        rc = choose_rows(&j, err);
    if (!rc)
        rc = check_sums(&j, err);
    if (!rc)
        rc = check_leaks(&j, err);
    if (rc)
        goto out;
    if (j.table.n > j.n)
        ost_note(ctx, "%zu of %zu items have no label and are left out",
                 j.table.n - j.n, j.table.n);
    out = document(&j);
    note_warnings(ctx, j.how.warnings);
    rc = ost_emit_meta(ctx, "metrics", out, err);
out:
    json_decref(out);
    json_decref(j.leakage);
    json_decref(j.how.warnings);
    return rc;
}

const ost_stage ost_stage_evaluate = {
    .name = "evaluate",
    .version = 2, /* bump when any output byte can change */
    .summary = "Judge predictions: areas, rates, curves, with intervals.",
    .param_size = sizeof(evaluate_params),
    .params = params,
    .inputs = OST_PORTS({ "predictions", OST_PREDICTIONS,
                          "what was predicted, and the labels", .many = true }),
    .outputs = OST_PORTS(
        { .name = "metrics", .type = OST_METRICS, .help = "the numbers" }),
    .judges = "predictions",
    .check = check,
    .run = run,
};
