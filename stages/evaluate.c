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
 * score is predicted, or what the predictions say themselves.  A threshold that
 * a rule chooses is chosen on the validation predictions of the same fold.
 * With any other number of classes, each is held against the rest, and the
 * headline numbers are plain means over the classes.  Several labels for each
 * item are judged one by one and on average; numbers by their errors.
 *
 * An item whose group had a part in training what judged it is a leak, and an
 * error unless `leakage` says otherwise (leaks.h).  With the pictures at port
 * `images`, so is one that training has under another group (twins.h).
 *
 * docs/evaluation.md has the members of the document and the edge cases.
 */
#include "base/text.h"
#include "stages/evaluation_bootstrap.h"
#include "stages/evaluation_parts.h"
#include "stages/evaluation_subgroups.h"
#include "stages/evaluation_summary.h"
#include "stages/evaluation_thresholds.h"
#include "stages/leaks.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const ost_param params[] = {
    OST_PARAM(ost_evaluate_params, label, STR,
              "of predictions of several labels the only one that is judged, "
              "as the classes 'LABEL' and 'not LABEL'",
              .dflt = "null"),
    OST_PARAM(ost_evaluate_params, positive, STR,
              "class that counts as positive when there are two; null: the "
              "last by name, unless that is 'normal' or the like",
              .dflt = "null"),
    OST_PARAM(ost_evaluate_params, threshold, JSON,
              "score from which on an item is positive: a number, or a rule "
              "that chooses one on the predictions at port 'validation': "
              "\"youden\", \"cost\", {\"sensitivity\": 0.9}, "
              "{\"specificity\": 0.9}; null: the class with the highest score "
              "is predicted",
              .dflt = "null"),
    OST_PARAM(ost_evaluate_params, costs, JSON,
              "what a mistake costs, {\"fp\": 1, \"fn\": 10}, and the "
              "\"prevalence\" where it is not that of the items; for the "
              "threshold \"cost\" and the operating point of that name",
              .dflt = "null"),
    OST_PARAM(ost_evaluate_params, by, JSON,
              "axis whose values get numbers of their own, or a list of axes "
              "(\"repeat\", \"fold\")",
              .dflt = "\"fold\""),
    OST_PARAM(ost_evaluate_params, subgroups, JSON,
              "attributes of the items whose values get numbers of their own: "
              "a list of names and {\"attribute\": \"age\", \"cuts\": [40, "
              "60]}",
              .dflt = "null"),
    OST_PARAM(ost_evaluate_params, rates, F64_LIST,
              "specificities at which the sensitivity is told, and the reverse",
              .dflt = "[0.8, 0.9, 0.95]", .min = 0, .max = 1),
    OST_PARAM(ost_evaluate_params, max_fpr, F64,
              "false positive rate up to which a standardized partial area is "
              "given; 0: none",
              .dflt = "0", .min = 0, .max = 1),
    OST_PARAM(ost_evaluate_params, bins, I64, "bins of the calibration curve",
              .dflt = "10", .min = 1, .max = 1000),
    OST_PARAM(ost_evaluate_params, zero_division, CHOICE,
              "what a ratio with a zero denominator is taken for",
              .dflt = "\"zero\"", .choices = "zero|one|undefined"),
    OST_PARAM(ost_evaluate_params, level, F64,
              "how often an interval is meant to hold the truth",
              .dflt = "0.95", .min = 0.5, .max = 0.9999),
    OST_PARAM(ost_evaluate_params, interval, CHOICE,
              "where the intervals of areas and proportions come from; auto: "
              "formulas when every group has one item, else drawing again, "
              "from which all other numbers have theirs; formula: nothing is "
              "drawn",
              .dflt = "\"auto\"", .choices = "auto|formula|bootstrap"),
    OST_PARAM(ost_evaluate_params, proportion, CHOICE,
              "formula for proportions", .dflt = "\"wilson\"",
              .choices = "wilson|clopper_pearson"),
    OST_PARAM(ost_evaluate_params, area, CHOICE,
              "formula for areas: DeLong's interval, or the same on the logit "
              "scale, which never leaves 0..1 and holds better near 1",
              .dflt = "\"delong\"", .choices = "delong|delong_logit"),
    OST_PARAM(ost_evaluate_params, bootstrap, I64,
              "how often the items are drawn again; 0: never", .dflt = "2000",
              .min = 0, .max = 1000000),
    OST_PARAM(ost_evaluate_params, resample, CHOICE,
              "what is drawn: items, whole groups, or either so that each "
              "class keeps its number; auto: groups where some have several "
              "items",
              .dflt = "\"auto\"", .choices = "auto|item|group|stratified"),
    OST_PARAM(ost_evaluate_params, bootstrap_interval, CHOICE,
              "quantiles of the replicates, or those corrected for bias and "
              "acceleration",
              .dflt = "\"percentile\"", .choices = "percentile|bca"),
    OST_PARAM(ost_evaluate_params, like, CHOICE,
              "numpy: items are drawn as numpy.random.RandomState(random_state)"
              ".randint(0, n, n) draws them",
              .dflt = "\"osteon\"", .choices = "osteon|numpy"),
    OST_PARAM(ost_evaluate_params, random_state, I64, "numpy: its seed",
              .dflt = "0", .min = 0, .max = 4294967295.0),
    OST_PARAM(ost_evaluate_params, leakage, CHOICE, OST_LEAKAGE_HELP,
              .dflt = "\"error\"", .choices = OST_LEAKAGE_CHOICES),
    OST_PARAM(ost_evaluate_params, duplicates, CHOICE, OST_DUPLICATES_HELP,
              .dflt = "\"warn\"", .choices = OST_LEAKAGE_CHOICES),
    OST_PARAM(ost_evaluate_params, duplicate_distance, I64,
              "bits of 256 in which the hashes of pictures that are nearly "
              "the same may differ",
              .dflt = "12", .min = 0, .max = OST_WIDE_MOST),
    OST_PARAM(ost_evaluate_params, duplicate_field, STR,
              "field of the pictures at port 'images'", .dflt = "\"image\""),
    OST_END,
};

static ost_rc check_by(const json_t *by, ost_err *err)
{
    const json_t *axis;
    size_t i;

    json_array_foreach(by, i, axis)
    {
        if (!json_is_string(axis))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'by': expected the name of an axis, or a "
                            "list of names");
    }
    if (json_is_string(by) || json_array_size(by) > 0)
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "param 'by': expected the name of an axis, or a list of "
                    "names");
}

static ost_rc check(const void *of, ost_err *err)
{
    const ost_evaluate_params *p = of;
    ost_threshold_rule rule;
    ost_rc rc = ost_threshold_rule_of(p->threshold, p->costs, &rule, err);

    if (!rc)
        rc = check_by(p->by, err);
    if (!rc)
        rc = ost_subgroups_check(p->subgroups, err);
    if (!rc && p->interval == OST_INTERVAL_BOOTSTRAP && p->bootstrap == 0)
        rc = ost_fail(err, OST_EWORKFLOW,
                      "interval 'bootstrap' needs replicates: param "
                      "'bootstrap' is 0");
    return rc;
}

/* Everything that is judged, and what comes of it. */
typedef struct {
    ost_stage_ctx *ctx;
    const ost_evaluate_params *params;
    ost_prediction_request asked;
    const char *by; /* what parts are called */
    ost_prediction_table table;
    ost_prediction_table chosen_from; /* at port `validation` */
    ost_cases cases;
    ost_cases validation;
    ost_evaluation how;
    json_t *threshold;
    json_t *threshold_from;
    json_t *leakage;
} judging;

/* --- before the numbers ------------------------------------------------ */

/* What is wanted of the predictions. */
static void ask(judging *j)
{
    const json_t *by = j->params->by, *axis;
    size_t n = json_is_array(by) ? json_array_size(by) : 1, i;
    const char **axes = OST_ARENA_ARRAY(j->how.arena, const char *, n);

    axes[0] = json_string_value(by);
    json_array_foreach(by, i, axis) axes[i] = json_string_value(axis);
    j->by = axes[0];
    for (i = 1; i < n; i++)
        j->by = ost_arena_printf(j->how.arena, "%s/%s", j->by, axes[i]);
    j->asked = (ost_prediction_request){
        .axes = axes,
        .n_axes = n,
        .label = j->params->label,
        .kinds = 1u << OST_PREDICTS_CLASS | 1u << OST_PREDICTS_LABELS |
                 1u << OST_PREDICTS_NUMBER,
    };
}

static ost_rc read_tables(judging *j, ost_err *err)
{
    ost_arena *arena = j->how.arena;
    ost_rc rc = ost_prediction_table_of(j->ctx, "predictions", &j->asked,
                                        &j->table, err);

    if (!rc)
        rc = ost_cases_of(&j->table, arena, &j->cases, err);
    if (rc)
        return rc;
    j->how.cases = &j->cases;
    j->how.kind = j->table.kind;
    j->how.positive = OST_NO_CLASS;
    if (j->table.kind == OST_PREDICTS_CLASS)
        rc = ost_prediction_positive(&j->table, j->params->positive,
                                     &j->how.positive, err);
    else if (j->params->positive)
        rc = ost_fail(err, OST_EINPUT,
                      "param 'positive' is for predictions of classes");
    if (!rc && j->table.kind != OST_PREDICTS_CLASS &&
        j->params->resample == OST_RESAMPLE_STRATIFIED)
        rc = ost_fail(err, OST_EINPUT,
                      "resample 'stratified' is for predictions of classes");
    if (rc || ost_ctx_input_count(j->ctx, "validation") == 0)
        return rc;
    j->asked.kinds = 1u << j->table.kind;
    rc = ost_prediction_table_of(j->ctx, "validation", &j->asked,
                                 &j->chosen_from, err);
    if (!rc)
        rc = ost_cases_of(&j->chosen_from, arena, &j->validation, err);
    if (rc)
        ost_err_at(err, "port 'validation'");
    return rc;
}

static ost_rc apply_threshold(judging *j, ost_err *err)
{
    bool given = ost_ctx_input_count(j->ctx, "validation") > 0;
    const ost_threshold_work work = {
        .e = &j->how,
        .cases = &j->cases,
        .test = &j->table,
        .validation = given ? &j->validation : NULL,
        .chosen_from = &j->chosen_from,
        .by = j->by,
    };
    ost_threshold_rule rule;
    ost_rc rc = ost_threshold_rule_of(j->params->threshold, j->params->costs,
                                      &rule, err);

    if (!rc && given && !ost_threshold_is_chosen(&rule))
        rc = ost_fail(err, OST_EINPUT,
                      "port 'validation' is for choosing a threshold: param "
                      "'threshold' says by which rule (\"youden\")");
    if (!rc)
        rc = ost_thresholds_apply(&work, &rule, &j->threshold,
                                  &j->threshold_from, err);
    return rc;
}

/* Areas of several classes are meant for probabilities. */
static ost_rc check_sums(const judging *j, ost_err *err)
{
    const ost_cases *c = &j->cases;

    if (j->table.kind != OST_PREDICTS_CLASS || !c->score || c->n_classes <= 2)
        return OST_OK;
    for (size_t i = 0; i < c->n; i++) {
        double sum = 0;

        for (size_t k = 0; k < c->n_classes; k++)
            sum += c->score[k][i];
        if (fabs(sum - 1) > 1e-5 + 1e-8)
            return ost_fail(err, OST_EINPUT,
                            "item '%s': the scores of its %zu classes sum to "
                            "%.9g, not to 1",
                            c->item[i]->id, c->n_classes, sum);
    }
    return OST_OK;
}

static const char *part_of(const judging *j, size_t i)
{
    uint32_t part = j->cases.part[i];

    return part == OST_NO_PART ? NULL : j->table.parts[part];
}

/* Whether what judged the items had learned from their groups. */
static ost_rc check_leaks(judging *j, ost_err *err)
{
    const ost_evaluate_params *p = j->params;
    ost_leak_check c = { .ctx = j->ctx,
                         .mode = (ost_leakage)p->leakage,
                         .axis = j->by,
                         .near = (ost_leakage)p->duplicates };
    ost_twins twins = { 0 };
    ost_rc rc = OST_OK;

    if (ost_ctx_input_count(j->ctx, "images") && c.mode != OST_LEAKAGE_OFF) {
        rc = ost_twins_open(&twins, j->ctx, "images", p->duplicate_field,
                            (int)p->duplicate_distance, err);
        c.twins = &twins;
    }
    for (size_t i = 0; i < j->cases.n; i++)
        ost_leaks_add(&c, j->cases.item[i], part_of(j, i));
    if (!rc)
        rc = ost_leaks_finish(&c, &j->leakage, err);
    ost_leaks_release(&c);
    ost_twins_close(&twins);
    return rc;
}

/* Remarks on the whole. */
static void look_at_cases(judging *j)
{
    const ost_cases *c = &j->cases;

    ost_rng draws = ost_ctx_rng(j->ctx, NULL, 0);

    j->how.seed = ost_rng_u64(&draws);
    j->how.clustered = c->n_groups < c->n;
    if (c->n_items < c->n)
        json_array_append_new(
            j->how.warnings,
            json_sprintf("%zu of %zu predictions are of an item that was "
                         "predicted before",
                         c->n - c->n_items, c->n));
    if (j->table.n > c->n)
        ost_note(j->ctx, "%zu of %zu items have no label and are left out",
                 j->table.n - c->n, j->table.n);
}

/* --- the document ------------------------------------------------------ */

static void add_head(const judging *j, json_t *out)
{
    static const char *const words[] = { "classes", "labels", "numbers" };
    const ost_prediction_table *t = &j->table;
    json_t *classes = json_array();

    for (size_t k = 0; k < t->n_classes; k++)
        json_array_append_new(classes, json_string(t->classes[k]));
    json_object_set_new(out, "kind", json_string("predictions"));
    json_object_set_new(out, "predicts", json_string(words[t->kind]));
    json_object_set_new(out, "classes", classes);
    json_object_set_new(out, "positive",
                        j->how.positive == OST_NO_CLASS
                            ? json_null()
                            : json_string(t->classes[j->how.positive]));
    json_object_set(out, "threshold", j->threshold);
    json_object_set(out, "threshold_from", j->threshold_from);
    json_object_set_new(out, "n_items_in", json_integer((json_int_t)t->n));
    json_object_set_new(out, "n_unlabeled",
                        json_integer((json_int_t)(t->n - t->n_labeled)));
    json_object_set_new(out, "interval_method",
                        ost_interval_method_json(&j->how));
    json_object_set_new(
        out, "n_repeated",
        json_integer((json_int_t)(j->cases.n - j->cases.n_items)));
}

/* What several labels have in common stands where people look first, too. */
static void lift_labels(json_t *out)
{
    static const char *const names[] = { "labels", "macro", "micro",
                                         "weighted" };
    json_t *pooled = json_object_get(out, "pooled");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        json_object_set(out, names[i], json_object_get(pooled, names[i]));
    json_object_del(pooled, "labels");
}

static ost_rc document(judging *j, json_t *out, ost_err *err)
{
    ost_parts parts = {
        .e = &j->how, .table = &j->table, .axes = j->asked.axes, .by = j->by
    };
    ost_prediction_kind kind = j->table.kind;
    json_t *folds, *repeats, *subgroups;
    ost_rc rc;

    parts.index = OST_ARENA_ARRAY(j->how.arena, uint32_t, j->cases.n);
    add_head(j, out);
    json_object_set_new(out, "pooled", ost_parts_all(&parts));
    if (kind == OST_PREDICTS_LABELS)
        lift_labels(out);
    folds = ost_parts_each(&parts);
    json_object_set(out, "by", (json_t *)j->params->by);
    json_object_set_new(out, "folds", folds);
    json_object_set_new(out, "summary", ost_summary_json(folds, kind));
    json_object_set_new(
        out, "mean_roc",
        ost_mean_roc_json(&j->how, parts.curves, j->table.n_parts, folds));
    if (j->asked.n_axes > 1) {
        repeats = ost_parts_repeats(&parts);
        json_object_set_new(out, "repeats", repeats);
        json_object_set_new(out, "repeat_summary",
                            ost_summary_json(repeats, kind));
    }
    rc = ost_subgroups_json(&j->how, &subgroups, err);
    if (subgroups)
        json_object_set_new(out, "subgroups", subgroups);
    json_object_set(out, "leakage", j->leakage);
    json_object_set(out, "warnings", j->how.warnings);
    return rc;
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
    const ost_evaluate_params *p = ost_ctx_params(ctx);
    judging j = { .ctx = ctx, .params = p };
    json_t *out = json_object();
    ost_rc rc;

    j.how = (ost_evaluation){ .ctx = ctx,
                              .params = p,
                              .arena = ost_ctx_arena(ctx),
                              .warnings = json_array() };
    ask(&j);
    rc = read_tables(&j, err);
    if (!rc)
        rc = apply_threshold(&j, err);
    if (!rc)
        rc = check_sums(&j, err);
    if (!rc)
        rc = check_leaks(&j, err);
    if (rc)
        goto out;
    look_at_cases(&j);
    rc = document(&j, out, err);
    if (!rc && ost_ctx_stop(ctx))
        rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
    if (rc)
        goto out;
    note_warnings(ctx, j.how.warnings);
    rc = ost_emit_meta(ctx, "metrics", out, err);
out:
    json_decref(out);
    json_decref(j.threshold);
    json_decref(j.threshold_from);
    json_decref(j.leakage);
    json_decref(j.how.warnings);
    return rc;
}

const ost_stage ost_stage_evaluate = {
    .name = "evaluate",
    .version = 12, /* bump when any output byte can change */
    .summary = "Judge predictions: areas, rates, curves, with intervals.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(ost_evaluate_params),
    .params = params,
    .inputs = OST_PORTS({ .name = "predictions",
                          .type = OST_PREDICTIONS,
                          .help = "what was predicted, and the labels",
                          .many = true },
                        { .name = "validation",
                          .type = OST_PREDICTIONS,
                          .help = "other items' predictions by the same "
                                  "models, on which a threshold is chosen",
                          .many = true,
                          .optional = true },
                        { .name = "images",
                          .type = OST_DATASET,
                          .help = "pictures of the test and training sets, "
                                  "among which the same ones are looked for",
                          .many = true,
                          .optional = true }),
    .outputs = OST_PORTS(
        { .name = "metrics", .type = OST_METRICS, .help = "the numbers" }),
    .judges = "predictions",
    .check = check,
    .run = run,
};
