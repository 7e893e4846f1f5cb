/* stages/comparison_tests.c - the tests of two arms, by name */
#include "stages/comparison.h"

#include <string.h>

#include "base/banned.h"

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static bool any_metric(const ost_comparison_metric *m)
{
    (void)m;
    return true;
}

static bool area_only(const ost_comparison_metric *m)
{
    return m->scored;
}

static bool shares_only(const ost_comparison_metric *m)
{
    return m->share;
}

/* --- areas ---------------------------------------------------------------- */

static ost_scores scores_of(const ost_judged *j)
{
    return (ost_scores){ j->hit, j->score, j->n };
}

static void explain_area(ost_contest *t)
{
    for (size_t k = 0; k < 2; k++) {
        ost_scores s = scores_of(&t->judged[k]);
        size_t positives = ost_scores_positives(&s);

        if (positives < 2 || s.n - positives < 2)
            t->reason = "fewer than two items of a class";
    }
    if (!t->reason)
        t->reason = "no variance";
    t->method = "delong";
}

static ost_rc run_delong(ost_contest *t, ost_err *err)
{
    ost_scores a = scores_of(&t->judged[0]), b = scores_of(&t->judged[1]);

    (void)err;
    t->result =
        t->paired ? ost_delong_paired(&a, &b) : ost_delong_unpaired(&a, &b);
    explain_area(t);
    return OST_OK;
}

static ost_rc run_delong_unpaired(ost_contest *t, ost_err *err)
{
    t->paired = false;
    return run_delong(t, err);
}

/* --- shares of one set, judged twice -------------------------------------- */

typedef struct {
    uint64_t n;
    uint64_t only[2]; /* right in a alone, in b alone */
} discordant;

static discordant discordant_of(const ost_contest *t)
{
    discordant d = { 0 };

    for (size_t i = 0; i < t->n[0]; i++) {
        bool a, b;

        if (!ost_comparison_counts(t->metric, &t->judged[0], i))
            continue;
        a = ost_comparison_right(&t->judged[0], i);
        b = ost_comparison_right(&t->judged[1], i);
        d.n++;
        d.only[0] += a && !b;
        d.only[1] += b && !a;
    }
    return d;
}

static ost_rc run_mcnemar_as(ost_contest *t, bool always_exact)
{
    discordant d = discordant_of(t);
    uint64_t b = d.only[0], c = d.only[1];
    bool exact = always_exact || b + c < 25;

    t->result = exact ? ost_mcnemar_exact(b, c, d.n) : ost_mcnemar(b, c, d.n);
    if (d.n == 0)
        t->result.p = OST_UNDEFINED;
    t->reason = "no items";
    t->method = "bonett_price";
    json_object_set_new(t->out, "n", count_json(d.n));
    json_object_set_new(t->out, "discordant",
                        json_pack("{s:o, s:o}", "a_only", count_json(b),
                                  "b_only", count_json(c)));
    json_object_set_new(t->out, "exact", json_boolean(exact));
    return OST_OK;
}

static ost_rc run_mcnemar(ost_contest *t, ost_err *err)
{
    (void)err;
    return run_mcnemar_as(t, false);
}

static ost_rc run_mcnemar_exact(ost_contest *t, ost_err *err)
{
    (void)err;
    return run_mcnemar_as(t, true);
}

/* --- shares of two sets --------------------------------------------------- */

static ost_rc run_table(ost_contest *t, ost_test (*f)(const ost_two_by_two *))
{
    ost_two_by_two table = { { 0 } };
    double least;

    t->paired = false;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < t->n[k]; i++) {
            if (ost_comparison_counts(t->metric, &t->judged[k], i))
                table.count[2 * k + !ost_comparison_right(&t->judged[k], i)]++;
        }
    }
    t->result = f(&table);
    t->method = "newcombe";
    t->reason = "no items";
    least = ost_least_expected(&table);
    json_object_set_new(
        t->out, "counts",
        json_pack("[[o, o], [o, o]]", count_json(table.count[0]),
                  count_json(table.count[1]), count_json(table.count[2]),
                  count_json(table.count[3])));
    json_object_set_new(t->out, "least_expected",
                        ost_number_or(least, "no items"));
    json_object_set_new(t->out, "n",
                        count_json(table.count[0] + table.count[1] +
                                   table.count[2] + table.count[3]));
    return OST_OK;
}

static ost_rc run_pearson(ost_contest *t, ost_err *err)
{
    (void)err;
    return run_table(t, ost_pearson_chi_square);
}

static ost_rc run_yates(ost_contest *t, ost_err *err)
{
    (void)err;
    return run_table(t, ost_yates_chi_square);
}

static ost_rc run_fisher(ost_contest *t, ost_err *err)
{
    (void)err;
    return run_table(t, ost_fisher_exact);
}

/* --- folds ---------------------------------------------------------------- */

/* The arm's number over the pairs of fold `part`; counts them. */
static double fold_value(const ost_contest *t, size_t k, uint32_t part,
                         size_t *n)
{
    const uint32_t *part_of = t->c->cases.part;
    ost_arena arena = { 0 };
    uint32_t *index = OST_ARENA_ARRAY(&arena, uint32_t, t->n[k]);
    ost_judged j;
    double v;

    *n = 0;
    for (size_t i = 0; i < t->n[k]; i++) {
        if (part_of[t->index[k][i]] == part)
            index[(*n)++] = t->index[k][i];
    }
    j = ost_comparison_gather(t->c, index, *n, &arena);
    v = ost_comparison_value(t->metric, &j);
    ost_arena_release(&arena);
    return v;
}

/* Folds pair what both arms learned from the same items. */
static ost_rc check_folds(const ost_contest *t, ost_err *err)
{
    const ost_cases *cases = &t->c->cases;
    const char *axis = t->c->params->fold;

    for (size_t i = 0; i < t->n[0]; i++) {
        uint32_t a = cases->part[t->index[0][i]];
        uint32_t b = cases->part[t->index[1][i]];
        const char *id = cases->item[t->index[0][i]]->id;

        if (a == OST_NO_PART || b == OST_NO_PART)
            return ost_fail(
                err, OST_EINPUT, "test '%s': item '%s' of arm '%s' has no %s",
                t->test, id, t->arm[a == OST_NO_PART ? 0 : 1]->name, axis);
        if (a != b)
            return ost_fail(err, OST_EINPUT,
                            "test '%s': item '%s' is in %s %s of arm '%s' and "
                            "in %s %s of arm '%s': the arms must have the same "
                            "folds",
                            t->test, id, axis, t->c->table.parts[a],
                            t->arm[0]->name, axis, t->c->table.parts[b],
                            t->arm[1]->name);
    }
    return OST_OK;
}

static ost_rc run_folds(ost_contest *t, bool corrected, ost_err *err)
{
    size_t parts = t->c->table.n_parts, used = 0, tested = 0;
    double *difference = OST_ARENA_ARRAY(t->arena, double, parts);
    double repeats = t->c->n_repeats ? (double)t->c->n_repeats : 1.0;
    double ratio = t->c->params->test_to_train, share;
    json_t *each = json_array();
    ost_rc rc = check_folds(t, err);

    json_object_set_new(t->out, "differences", each);
    if (rc)
        return rc;
    for (uint32_t p = 0; p < parts; p++) {
        size_t n;
        double a = fold_value(t, 0, p, &n), b = fold_value(t, 1, p, &n);

        if (n == 0)
            continue;
        tested++;
        json_array_append_new(
            each, ost_number_or(a - b, "undefined in one of the arms"));
        if (!isnan(a - b))
            difference[used++] = a - b;
    }
    /* Of k folds of n items, n / k are tested and the others learned from, in
     * each repeat. */
    share = tested > 0 ? repeats / (double)tested : OST_UNDEFINED;
    if (ratio == 0)
        ratio = share < 1 ? share / (1 - share) : 0;
    t->result = ost_paired_t(difference, used, corrected ? ratio : 0);
    t->method = corrected ? "nadeau_bengio" : "t";
    t->reason = used < 2 ? "fewer than two folds" : "no variance";
    json_object_set_new(t->out, "n_folds", count_json(used));
    json_object_set_new(t->out, "n_skipped", count_json(tested - used));
    if (corrected)
        json_object_set_new(t->out, "test_to_train", json_real(ratio));
    return OST_OK;
}

static ost_rc run_corrected_t(ost_contest *t, ost_err *err)
{
    return run_folds(t, true, err);
}

static ost_rc run_paired_t(ost_contest *t, ost_err *err)
{
    return run_folds(t, false, err);
}

/* --- the table ------------------------------------------------------------ */

/* name, needs pairs, takes items as independent */
static const ost_comparison_test tests[] = {
    { "delong", false, true, area_only, run_delong },
    { "delong_unpaired", false, true, area_only, run_delong_unpaired },
    { "mcnemar", true, true, shares_only, run_mcnemar },
    { "mcnemar_exact", true, true, shares_only, run_mcnemar_exact },
    { "permutation", true, false, any_metric, ost_contest_permute },
    { "corrected_t", true, false, any_metric, run_corrected_t },
    { "paired_t", true, false, any_metric, run_paired_t },
    { "pearson_chi2", false, true, shares_only, run_pearson },
    { "yates_chi2", false, true, shares_only, run_yates },
    { "fisher", false, true, shares_only, run_fisher },
};
enum { TESTS = sizeof(tests) / sizeof(tests[0]) };

const ost_comparison_test *ost_comparison_test_named(const char *name)
{
    for (size_t i = 0; i < TESTS; i++) {
        if (strcmp(tests[i].name, name) == 0)
            return &tests[i];
    }
    return NULL;
}

const char *const *ost_comparison_test_names(size_t *n)
{
    static const char *names[TESTS];

    for (size_t i = 0; i < TESTS; i++)
        names[i] = tests[i].name;
    *n = TESTS;
    return names;
}
