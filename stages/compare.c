/* stages/compare.c - arms held against a baseline, with paired tests
 *
 * An arm is a reader or a model: a named row at the port, with all folds that
 * were gathered in it, or a value of the axis `by`.  Arms are joined by the ids
 * of their items.  Each is judged as `evaluate` would, and each but the
 * baseline (or each two, with `pairs` all) is tested against it: a difference
 * is that of arm `a` less that of arm `b`, and b is the baseline.
 *
 * With the axis `repeat` patients were divided again and again: an item counts
 * once for each repeat, and a fold is one of its repeat.  Groups keep together
 * whatever was said of them, so that repeats make no interval shorter.
 *
 * Items that some arm has not judged are an error, unless `unmatched` says to
 * leave them out or to compare without pairs.  Items without label are left
 * out.  An axis may have one value: that arm is judged, and a warning says that
 * there is nothing to test.  Groups are what `permutation` swaps; most other
 * tests take items as independent, and a warning says so when a group has
 * several.
 *
 * Holm's correction is over all p-values of a test: every pair of arms and
 * every metric.  docs/comparisons.md has the members of the document.
 */
#include "base/map.h"
#include "base/text.h"
#include "stages/comparison.h"
#include "stages/leaks.h"

#include <string.h>

#include "base/banned.h"

static const ost_param params[] = {
    OST_PARAM(ost_compare_params, baseline, STR,
              "arm that the others are held against; null: the first",
              .dflt = "null"),
    OST_PARAM(ost_compare_params, pairs, CHOICE,
              "which arms are tested: each against the baseline, or each two",
              .dflt = "\"baseline\"", .choices = "baseline|all"),
    OST_PARAM(ost_compare_params, by, STR,
              "axis whose values are the arms; null: the names of the rows",
              .dflt = "null"),
    OST_PARAM(ost_compare_params, arms, STR_LIST,
              "names of the arms that are compared; []: all there are",
              .dflt = "[]"),
    OST_PARAM(ost_compare_params, fold, STR,
              "axis of the folds, for the tests corrected_t and paired_t",
              .dflt = "\"fold\""),
    OST_PARAM(ost_compare_params, repeat, STR,
              "axis of repeated divisions, in each of which an arm judges an "
              "item once",
              .dflt = "\"repeat\""),
    OST_PARAM(ost_compare_params, tests, STR_LIST,
              "delong, delong_unpaired, mcnemar, mcnemar_exact, permutation, "
              "corrected_t, paired_t, pearson_chi2, yates_chi2, fisher; each "
              "of those metrics that it is for",
              .dflt = "[\"delong\", \"mcnemar\"]", .min_len = 1, .max_len = 10),
    OST_PARAM(ost_compare_params, metrics, STR_LIST,
              "what is tested: auc, accuracy, recall, specificity, precision, "
              "npv, f1, balanced_accuracy, mcc; [] is the first four, or those "
              "of them that there are",
              .dflt = "[]"),
    OST_PARAM(ost_compare_params, correction, CHOICE,
              "correction of p for all that a test was used for",
              .dflt = "\"holm\"", .choices = "none|holm"),
    OST_PARAM(ost_compare_params, unmatched, CHOICE,
              "what to do when an arm has not judged every item: refuse, leave "
              "out what not all have judged, or compare without pairs",
              .dflt = "\"error\"", .choices = "error|common|unpaired"),
    OST_PARAM(ost_compare_params, label, STR,
              "of predictions of several labels the one that is compared",
              .dflt = "null"),
    OST_PARAM(ost_compare_params, positive, STR,
              "class that counts as positive when there are two; null: the "
              "last by name, unless that is 'normal' or the like",
              .dflt = "null"),
    OST_PARAM(ost_compare_params, threshold, JSON,
              "score from which on an item is positive, a number; null: the "
              "class with the highest score is predicted",
              .dflt = "null"),
    OST_PARAM(ost_compare_params, draws, I64,
              "random swaps of a permutation test; all swaps are tried when "
              "they are no more",
              .dflt = "9999", .min = 99, .max = 10000000),
    OST_PARAM(ost_compare_params, bootstrap, I64,
              "how often groups are drawn again for the interval of a paired "
              "difference, where a test has none or groups have several items; "
              "0: never",
              .dflt = "2000", .min = 0, .max = 1000000),
    OST_PARAM(ost_compare_params, test_to_train, F64,
              "items in a test set over items in its training set, for "
              "corrected_t; 0: as k folds have it, 1 / (k - 1)",
              .dflt = "0", .min = 0, .max = 1000),
    OST_PARAM(ost_compare_params, leakage, CHOICE, OST_LEAKAGE_HELP,
              .dflt = "\"error\"", .choices = OST_LEAKAGE_CHOICES),
    OST_END,
};

/* --- params --------------------------------------------------------------- */

static ost_rc check_names(const ost_str_list *list, const char *param,
                          const char *const *names, size_t n, ost_err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *near = ost_nearest(list->v[i], names, n);
        bool known = false;

        for (size_t k = 0; k < n && !known; k++)
            known = strcmp(names[k], list->v[i]) == 0;
        if (!known)
            return ost_fail(err, OST_EWORKFLOW,
                            "param '%s': there is no '%s'%s%s%s", param,
                            list->v[i], near ? " (did you mean '" : "",
                            near ? near : "", near ? "'?)" : "");
        for (size_t k = 0; k < i; k++) {
            if (strcmp(list->v[k], list->v[i]) == 0)
                return ost_fail(err, OST_EWORKFLOW,
                                "param '%s': '%s' is there twice", param,
                                list->v[i]);
        }
    }
    return OST_OK;
}

static ost_rc check(const void *of, ost_err *err)
{
    const ost_compare_params *p = of;
    const char *const *names;
    size_t n;
    ost_rc rc;

    if (p->threshold && !json_is_null(p->threshold) &&
        !json_is_number(p->threshold))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'threshold': expected a number or null");
    names = ost_comparison_test_names(&n);
    rc = check_names(&p->tests, "tests", names, n, err);
    names = ost_comparison_metric_names(&n);
    if (!rc)
        rc = check_names(&p->metrics, "metrics", names, n, err);
    return rc;
}

/* --- which metrics -------------------------------------------------------- */

typedef struct {
    size_t n;
    const ost_comparison_metric *v[16];
} metric_list;

static bool has_metric(const ost_comparison *c, const ost_comparison_metric *m)
{
    return (!m->two_classes || c->positive != OST_NO_CLASS) &&
           (!m->scored || c->scored);
}

static ost_rc choose_metrics(const ost_comparison *c, metric_list *list,
                             ost_err *err)
{
    static const char *const usual[] = { "auc", "accuracy", "recall",
                                         "specificity" };
    const ost_str_list *asked = &c->params->metrics;

    list->n = 0;
    for (size_t i = 0; i < (asked->n ? asked->n : 4); i++) {
        const ost_comparison_metric *m =
            ost_comparison_metric_named(asked->n ? asked->v[i] : usual[i]);

        if (has_metric(c, m))
            list->v[list->n++] = m;
        else if (asked->n)
            return ost_fail(err, OST_EINPUT, "param 'metrics': '%s' needs %s",
                            m->name,
                            m->two_classes && c->positive == OST_NO_CLASS
                                ? "two classes"
                                : "predictions with scores");
    }
    return OST_OK;
}

/* --- contests ------------------------------------------------------------- */

static void number_groups(ost_contest *t)
{
    ost_map seen = { 0 };

    t->group = OST_ARENA_ARRAY(t->arena, uint32_t, t->n[1]);
    for (size_t i = 0; i < t->n[1]; i++) {
        uint32_t group = t->c->cases.group[t->index[1][i]];
        uint64_t number = seen.len;

        if (!ost_map_get(&seen, &group, sizeof(group), &number))
            ost_map_put(&seen, &group, sizeof(group), number);
        t->group[i] = (uint32_t)number;
    }
    t->n_groups = seen.len;
    ost_map_release(&seen);
}

/* Whether the test has no interval of its own that holds. */
static bool wants_draws(const ost_contest *t)
{
    bool several = t->n_groups < t->n[1];

    return t->paired && t->c->params->bootstrap > 0 &&
           (!t->method ||
            (several && ost_comparison_test_named(t->test)->takes_items));
}

static ost_rc run_contest(void *user, size_t i, ost_err *err)
{
    const ost_comparison *c = user;
    ost_contest *t = &c->contests[i];
    ost_arena arena = { 0 };
    ost_rc rc;

    t->arena = &arena;
    for (size_t k = 0; k < 2; k++) {
        t->index[k] = OST_ARENA_ARRAY(&arena, uint32_t, c->cases.n);
        t->n[k] = ost_comparison_cases(c, t->arm[k], t->index[k]);
        t->judged[k] = ost_comparison_gather(c, t->index[k], t->n[k], &arena);
    }
    number_groups(t);
    for (size_t k = 0; k < 2; k++)
        json_object_set_new(
            t->out, k ? "b_value" : "a_value",
            ost_number_or(ost_comparison_value(t->metric, &t->judged[k]),
                          "undefined"));
    rc = ost_comparison_test_named(t->test)->run(t, err);
    if (!rc && wants_draws(t))
        ost_contest_bootstrap(t);
    ost_arena_release(&arena);
    return rc;
}

/* Lists what is to be tested: by pair, metric, test. */
static ost_rc list_contests(ost_comparison *c, const metric_list *metrics,
                            ost_err *err)
{
    const ost_str_list *tests = &c->params->tests;
    size_t most = c->n_arms * c->n_arms * metrics->n * tests->n;

    c->contests = OST_ARENA_ARRAY(c->arena, ost_contest, most);
    for (size_t b = 0; b < (c->params->pairs ? c->n_arms : 1); b++) {
        for (size_t a = b + 1; a < c->n_arms; a++) {
            for (size_t m = 0; m < metrics->n * tests->n; m++) {
                const char *name = tests->v[m % tests->n];
                const ost_comparison_test *test =
                    ost_comparison_test_named(name);
                const ost_comparison_metric *metric = metrics->v[m / tests->n];

                if (!test->applies(metric))
                    continue;
                if (test->paired && !c->paired)
                    return ost_fail(err, OST_EINPUT,
                                    "test '%s' is for arms that judged the "
                                    "same items; without pairs there are "
                                    "delong, pearson_chi2, yates_chi2, fisher",
                                    name);
                c->contests[c->n_contests] = (ost_contest){
                    .c = c,
                    .arm = { &c->arms[a], &c->arms[b] },
                    .metric = metric,
                    .test = name,
                    .number = c->n_contests,
                    .question = (b * c->n_arms + a) * metrics->n + m / tests->n,
                    .paired = c->paired,
                    .out = json_object()
                };
                c->n_contests++;
            }
        }
    }
    if (c->n_contests == 0 && c->n_arms > 1)
        return ost_fail(err, OST_EINPUT,
                        "none of the tests is for one of the metrics");
    return OST_OK;
}

/* --- all of it ------------------------------------------------------------ */

static ost_rc check_leaks(ost_comparison *c, ost_err *err)
{
    ost_leak_check leaks = { .ctx = c->ctx,
                             .mode = (ost_leakage)c->params->leakage,
                             .axis = "arm" };
    ost_rc rc;

    for (size_t a = 0; a < c->n_arms; a++) {
        for (size_t i = 0; i < c->arms[a].n; i++)
            ost_leaks_add(&leaks, c->cases.item[c->arms[a].index[i]],
                          c->arms[a].name);
    }
    rc = ost_leaks_finish(&leaks, &c->leakage, err);
    ost_leaks_release(&leaks);
    return rc;
}

static void note_warnings(const ost_comparison *c)
{
    enum { MOST = 10 };
    size_t n = json_array_size(c->warnings);

    for (size_t i = 0; i < n && i < MOST; i++)
        ost_note(c->ctx, "%s",
                 json_string_value(json_array_get(c->warnings, i)));
    if (n > MOST)
        ost_note(c->ctx, "%zu further warnings are in the metrics", n - MOST);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    ost_comparison c = { .ctx = ctx,
                         .params = ost_ctx_params(ctx),
                         .arena = ost_ctx_arena(ctx),
                         .missing = json_array(),
                         .warnings = json_array() };
    metric_list metrics;
    json_t *out = NULL;
    ost_rc rc = ost_comparison_read(&c, err);

    if (!rc)
        rc = check_leaks(&c, err);
    if (!rc)
        rc = choose_metrics(&c, &metrics, err);
    if (!rc)
        rc = list_contests(&c, &metrics, err);
    if (!rc)
        rc = ost_parallel(ctx, c.n_contests, run_contest, &c, err);
    if (rc)
        goto out;
    out = ost_comparison_json(&c);
    note_warnings(&c);
    rc = ost_emit_meta(ctx, "metrics", out, err);
out:
    for (size_t i = 0; i < c.n_contests; i++)
        json_decref(c.contests[i].out);
    json_decref(out);
    json_decref(c.leakage);
    json_decref(c.missing);
    json_decref(c.warnings);
    return rc;
}

const ost_stage ost_stage_compare = {
    .name = "compare",
    .version = 6, /* bump when any output byte can change */
    .summary = "Test readers or models against a baseline, pair by pair.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(ost_compare_params),
    .params = params,
    .inputs = OST_PORTS({ .name = "predictions",
                          .type = OST_PREDICTIONS,
                          .help = "what each arm says of the same items: a "
                                  "named row per arm",
                          .many = true }),
    .outputs = OST_PORTS({ .name = "metrics",
                           .type = OST_METRICS,
                           .help = "the arms and the tests" }),
    .judges = "predictions",
    .check = check,
    .run = run,
};
