/* stages/comparison_document.c - arms, tests and remarks as JSON */
#include "stages/comparison.h"
#include "stages/evaluation_blocks.h"

#include <string.h>

#include "base/banned.h"

/* --- remarks -------------------------------------------------------------- */

static void warn_dependence(ost_comparison *c)
{
    ost_buf named = { 0 };

    if (c->cases.n_groups == c->cases.n_items)
        return;
    for (size_t i = 0; i < c->params->tests.n; i++) {
        const char *name = c->params->tests.v[i];

        if (ost_comparison_test_named(name)->takes_items)
            ost_buf_addf(&named, "%s%s", named.len ? ", " : "", name);
    }
    if (named.len > 0)
        json_array_append_new(
            c->warnings,
            json_sprintf("%zu items are of %zu groups, and these tests take "
                         "items as independent: %s (permutation swaps whole "
                         "groups)",
                         c->cases.n_items, c->cases.n_groups,
                         ost_buf_str(&named)));
    ost_buf_release(&named);
}

static void warn_tests(ost_comparison *c)
{
    bool told = false;

    for (size_t i = 0; i < c->n_contests; i++) {
        const ost_contest *t = &c->contests[i];
        const json_t *least = json_object_get(t->out, "least_expected");

        if (c->paired && !t->paired && !told) {
            told = true;
            json_array_append_new(
                c->warnings,
                json_sprintf("the arms judged the same items, and %s takes "
                             "them for different ones; delong, mcnemar and "
                             "permutation do not",
                             t->test));
        }
        if (strcmp(t->test, "fisher") != 0 && json_is_number(least) &&
            json_number_value(least) < 5)
            json_array_append_new(
                c->warnings,
                json_sprintf("%s of %s and %s, %s: a count of %.3g is "
                             "expected, and below 5 only fisher holds",
                             t->metric->name, t->arm[0]->name, t->arm[1]->name,
                             t->test, json_number_value(least)));
    }
}

/* --- the document --------------------------------------------------------- */

/* p of all contests with the same test as contest `i`, corrected. */
static double adjusted_p(const ost_comparison *c, size_t i)
{
    double *p = OST_ARENA_ARRAY(c->arena, double, c->n_contests);
    double *adjusted = OST_ARENA_ARRAY(c->arena, double, c->n_contests);
    size_t n = 0, own = 0;

    for (size_t k = 0; k < c->n_contests; k++) {
        if (strcmp(c->contests[k].test, c->contests[i].test) != 0)
            continue;
        if (k == i)
            own = n;
        p[n++] = c->contests[k].result.p;
    }
    if (c->params->correction)
        ost_holm(p, n, adjusted);
    return c->params->correction ? adjusted[own] : p[own];
}

static json_t *contest_json(const ost_comparison *c, size_t i)
{
    const ost_contest *t = &c->contests[i];
    const ost_test *r = &t->result;
    const char *no_interval =
        t->method ? "too few items" : "the test has no interval";
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:b}", "a", t->arm[0]->name,
                            "b", t->arm[1]->name, "metric", t->metric->name,
                            "test", t->test, "paired", t->paired);

    json_object_set_new(out, "difference",
                        ost_rounded_or(r->estimate, "undefined in an arm"));
    json_object_set_new(out, "lower",
                        ost_rounded_or(r->interval.lo, no_interval));
    json_object_set_new(out, "upper",
                        ost_rounded_or(r->interval.hi, no_interval));
    json_object_set_new(out, "interval",
                        t->method ? json_string(t->method) : json_null());
    json_object_set_new(out, "statistic",
                        ost_rounded_or(r->statistic, t->reason));
    if (!isnan(r->df))
        json_object_set_new(out, "df", json_real(r->df));
    json_object_set_new(out, "p", ost_rounded_or(r->p, t->reason));
    json_object_set_new(out, "p_adjusted",
                        ost_rounded_or(adjusted_p(c, i), t->reason));
    json_object_set_new(
        out, "n",
        json_integer((json_int_t)(t->paired ? t->n[0] : t->n[0] + t->n[1])));
    json_object_update(out, t->out);
    return out;
}

/* As `evaluate` judges, without what is asked for there by params. */
static json_t *judge_arms(ost_comparison *c)
{
    static const double rates[] = { 0.8, 0.9, 0.95 };
    static const ost_evaluate_params as_usual = {
        .rates = { 3, rates },
        .bins = 10,
        .zero_division = OST_ZERO_IS_UNDEFINED,
        .level = 0.95,
    };
    ost_rng rng = ost_ctx_rng(c->ctx, NULL, UINT64_MAX);
    ost_evaluate_params how = as_usual;
    ost_cases unscored = c->cases;
    ost_evaluation e = {
        .ctx = c->ctx,
        .params = &how,
        .kind = OST_PREDICTS_CLASS,
        .cases = &c->cases,
        .positive = c->positive,
        .clustered = c->cases.n_groups < c->cases.n_items,
        .seed = ost_rng_u64(&rng),
        .arena = c->arena,
        .warnings = c->warnings,
    };
    uint32_t *index = OST_ARENA_ARRAY(c->arena, uint32_t, c->cases.n);
    json_t *arms = json_array();

    how.bootstrap = c->params->bootstrap;
    unscored.score = NULL;
    for (size_t a = 0; a < c->n_arms; a++) {
        json_t *one = json_pack("{s:s}", "name", c->arms[a].name), *block;
        size_t n = ost_comparison_cases(c, &c->arms[a], index);

        e.cases = c->arms[a].scored ? &c->cases : &unscored;
        block = ost_evaluate_cases(&e, c->arms[a].name, index, n,
                                   OST_CURVE_SHORT, NULL);
        json_object_update(one, block);
        json_decref(block);
        json_array_append_new(arms, one);
    }
    return arms;
}

json_t *ost_comparison_json(ost_comparison *c)
{
    json_t *out = json_pack("{s:s, s:s}", "kind", "comparison", "baseline",
                            c->arms[0].name);
    json_t *classes = json_array(), *tests = json_array();

    for (size_t k = 0; k < c->table.n_classes; k++)
        json_array_append_new(classes, json_string(c->table.classes[k]));
    for (size_t i = 0; i < c->n_contests; i++)
        json_array_append_new(tests, contest_json(c, i));
    json_object_set_new(out, "classes", classes);
    json_object_set_new(out, "positive",
                        c->positive == OST_NO_CLASS
                            ? json_null()
                            : json_string(c->table.classes[c->positive]));
    json_object_set_new(out, "threshold",
                        json_is_number(c->params->threshold)
                            ? json_real(json_number_value(c->params->threshold))
                            : json_null());
    json_object_set_new(out, "n_items",
                        json_integer((json_int_t)c->cases.n_items));
    json_object_set_new(out, "n_common", json_integer((json_int_t)c->n_common));
    json_object_set_new(out, "n_groups",
                        json_integer((json_int_t)c->cases.n_groups));
    json_object_set_new(
        out, "n_unlabeled",
        json_integer((json_int_t)(c->table.n - c->table.n_labeled)));
    json_object_set(out, "missing", c->missing);
    json_object_set_new(out, "correction",
                        json_string(c->params->correction ? "holm" : "none"));
    json_object_set_new(out, "arms", judge_arms(c));
    json_object_set_new(out, "tests", tests);
    warn_dependence(c);
    warn_tests(c);
    json_object_set(out, "leakage", c->leakage);
    json_object_set(out, "warnings", c->warnings);
    return out;
}
