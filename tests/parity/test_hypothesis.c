/* tests/parity/test_hypothesis.c - tests against SciPy, statsmodels, and exact
 * fractions
 *
 * hypothesis_references.json holds what make_hypothesis_references.py wrote;
 * golden/stat_tests.json a reference set.
 */
/* links: stats base */
#include "base/json.h"
#include "kernels/stats/hypothesis.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST = 64 };

static ost_json_doc *drawn;

static ost_json_doc *open_references(const char *name)
{
    const char *source = getenv("OSTEON_SOURCE");
    ost_json_doc *doc = NULL;
    ost_err err = { 0 };
    char path[1024];

    assert_non_null(source);
    snprintf(path, sizeof(path), "%s/tests/parity/%s", source, name);
    assert_ok(ost_json_load(path, 1 << 20, &doc, &err), &err);
    return doc;
}

static json_t *cases(const char *name, size_t least)
{
    json_t *all = json_object_get(ost_json_root(drawn), name);

    assert_true(json_array_size(all) >= least);
    return all;
}

static double number(const json_t *row, size_t i)
{
    const json_t *v = json_array_get(row, i);

    assert_non_null(v);
    return json_is_null(v) ? OST_UNDEFINED : json_number_value(v);
}

static uint64_t whole(const json_t *row, size_t i)
{
    return (uint64_t)json_integer_value(json_array_get(row, i));
}

/* `v` is `want` to `slack`, of it where that is more than 1; both undefined or
 * none. */
static void near(double v, double want, double slack, const json_t *row)
{
    char *text;

    if (isnan(v) && isnan(want))
        return;
    if (fabs(v - want) <= slack * fmax(fabs(want), 1e-12))
        return;
    text = json_dumps(row, JSON_COMPACT);
    fail_msg("wanted %.17g, got %.17g: %s", want, v, text);
}

static ost_two_by_two table_of(const json_t *v)
{
    ost_two_by_two t;

    assert_int_equal(json_array_size(v), 4);
    for (size_t i = 0; i < 4; i++)
        t.count[i] = whole(v, i);
    return t;
}

static void test_tables(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(cases("tables", 500), i, row)
    {
        ost_two_by_two t = table_of(json_array_get(row, 0));
        ost_test pearson = ost_pearson_chi_square(&t);
        ost_test yates = ost_yates_chi_square(&t);
        ost_test fisher = ost_fisher_exact(&t);

        near(pearson.statistic, number(row, 1), 1e-12, row);
        near(pearson.p, number(row, 2), 1e-12, row);
        near(yates.statistic, number(row, 3), 1e-12, row);
        near(yates.p, number(row, 4), 1e-12, row);
        near(fisher.p, number(row, 5), 1e-12, row);
        near(ost_least_expected(&t), number(row, 6), 1e-12, row);
        /* Where the bounds are near 0, what they are made of is not. */
        assert_true(fabs(pearson.interval.lo - number(row, 7)) < 1e-12);
        assert_true(fabs(pearson.interval.hi - number(row, 8)) < 1e-12);
    }
}

static void test_large_tables(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(cases("large_tables", 100), i, row)
    {
        const json_t *rows = json_array_get(row, 0);
        size_t n = json_array_size(rows);
        size_t m = json_array_size(json_array_get(rows, 0));
        uint64_t count[MOST];
        double least;
        ost_test got;

        for (size_t k = 0; k < n * m; k++)
            count[k] = whole(json_array_get(rows, k / m), k % m);
        got = ost_table_chi_square(count, n, m, &least);
        near(got.statistic, number(row, 1), 1e-12, row);
        near(got.df, number(row, 2), 0, row);
        near(got.p, number(row, 3), 1e-12, row);
        near(least, number(row, 4), 1e-12, row);
    }
}

static void test_mcnemar(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(cases("mcnemar", 300), i, row)
    {
        const json_t *of = json_array_get(row, 0);
        uint64_t b = whole(of, 0), c = whole(of, 1), n = whole(of, 2);
        ost_test exact = ost_mcnemar_exact(b, c, n);
        ost_test square = ost_mcnemar_chi_square(b, c, n, false);
        ost_test right = ost_mcnemar_chi_square(b, c, n, true);
        ost_test automatic = ost_mcnemar(b, c, n);

        near(exact.p, number(row, 1), 1e-12, row);
        near(square.statistic, number(row, 2), 1e-12, row);
        near(square.p, number(row, 3), 1e-12, row);
        near(right.statistic, number(row, 4), 1e-12, row);
        near(right.p, number(row, 5), 1e-12, row);
        assert_true(automatic.p == (b + c < 25 ? exact.p : right.p));
    }
}

static ost_scores scores_of(const json_t *row, size_t at, uint8_t *y,
                            double *score)
{
    const char *truth = json_string_value(json_array_get(row, 0));
    const char *word = json_string_value(json_array_get(row, at));
    size_t n = strlen(truth);

    assert_true(n <= MOST && strlen(word) == n);
    for (size_t i = 0; i < n; i++) {
        y[i] = truth[i] == '1';
        score[i] = word[i] - '0';
    }
    return (ost_scores){ y, score, n };
}

static void test_areas(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(cases("areas", 150), i, row)
    {
        uint8_t y[2][MOST];
        double v[2][MOST];
        ost_scores a = scores_of(row, 1, y[0], v[0]);
        ost_scores b = scores_of(row, 2, y[1], v[1]);
        ost_test paired = ost_delong_paired(&a, &b);
        ost_test apart = ost_delong_unpaired(&a, &b);

        assert_true(fabs(paired.estimate - number(row, 3)) < 1e-15);
        near(paired.statistic, number(row, 4), 1e-11, row);
        near(paired.p, number(row, 5), 1e-11, row);
        near(apart.p, number(row, 7), 1e-11, row);
    }
}

static size_t numbers_of(const json_t *list, double v[MOST])
{
    assert_true(json_array_size(list) <= MOST);
    for (size_t i = 0; i < json_array_size(list); i++)
        v[i] = number(list, i);
    return json_array_size(list);
}

static void test_means(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(cases("means", 100), i, row)
    {
        double v[MOST];
        size_t n = numbers_of(json_array_get(row, 0), v);
        ost_test plain = ost_paired_t(v, n, 0);
        ost_test folds = ost_paired_t(v, n, number(row, 1));

        near(plain.estimate, number(row, 2), 1e-14, row);
        near(plain.statistic, number(row, 3), 1e-12, row);
        near(plain.p, number(row, 4), 1e-12, row);
        near(folds.statistic, number(row, 5), 1e-12, row);
        near(folds.p, number(row, 6), 1e-12, row);
    }
}

/* What is near 1 has fewer digits left in 1 - r^2. */
static void same_correlation(const ost_test *t, const json_t *row, size_t at)
{
    double r = number(row, at), slack = 1e-12 / (1 - r * r);

    near(t->estimate, r, 1e-13, row);
    near(t->p, number(row, at + 1), slack, row);
    assert_true(fabs(t->interval.lo - number(row, at + 2)) < 1e-13);
    assert_true(fabs(t->interval.hi - number(row, at + 3)) < 1e-13);
}

static void test_correlations(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(cases("correlations", 150), i, row)
    {
        double x[MOST], y[MOST];
        size_t n = numbers_of(json_array_get(row, 0), x);
        ost_test t;

        assert_int_equal(numbers_of(json_array_get(row, 1), y), n);
        t = ost_pearson_correlation(x, y, n);
        same_correlation(&t, row, 2);
        t = ost_spearman_correlation(x, y, n);
        same_correlation(&t, row, 6);
    }
}

static void test_holm(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(cases("holm", 50), i, row)
    {
        double p[MOST], want[MOST], got[MOST];
        size_t n = numbers_of(json_array_get(row, 0), p);

        assert_int_equal(numbers_of(json_array_get(row, 1), want), n);
        ost_holm(p, n, got);
        for (size_t k = 0; k < n; k++)
            near(got[k], want[k], 1e-14, row);
    }
}

/* --- the reference set ---------------------------------------------------- */

static double member(const json_t *of, const char *name)
{
    const json_t *v = json_object_get(of, name);

    assert_non_null(v);
    return json_number_value(v);
}

static void golden_tables(const json_t *all)
{
    const json_t *of;
    size_t i;

    assert_true(json_array_size(all) > 5);
    json_array_foreach(all, i, of)
    {
        const json_t *rows = json_object_get(of, "table");
        ost_two_by_two t = { {
            whole(json_array_get(rows, 0), 0),
            whole(json_array_get(rows, 0), 1),
            whole(json_array_get(rows, 1), 0),
            whole(json_array_get(rows, 1), 1),
        } };
        ost_test pearson = ost_pearson_chi_square(&t);
        ost_test yates = ost_yates_chi_square(&t);

        near(pearson.statistic, member(of, "pearson_chi2"), 1e-12, of);
        near(pearson.p, member(of, "pearson_p"), 1e-12, of);
        near(ost_least_expected(&t), member(of, "min_expected"), 1e-12, of);
        near(yates.statistic, member(of, "yates_chi2"), 1e-12, of);
        near(yates.p, member(of, "yates_p"), 1e-12, of);
        near(ost_fisher_exact(&t).p, member(of, "fisher_p"), 1e-12, of);
    }
}

static void golden_mcnemar(const json_t *all)
{
    const json_t *of;
    size_t i;

    assert_true(json_array_size(all) > 5);
    json_array_foreach(all, i, of)
    {
        uint64_t b = (uint64_t)member(of, "b"), c = (uint64_t)member(of, "c");
        ost_test plain = ost_mcnemar_chi_square(b, c, b + c, false);
        ost_test right = ost_mcnemar_chi_square(b, c, b + c, true);

        near(ost_mcnemar_exact(b, c, b + c).p, member(of, "exact_p"), 1e-12,
             of);
        if (!json_object_get(of, "chi2"))
            continue;
        near(plain.statistic, member(of, "chi2"), 1e-12, of);
        near(plain.p, member(of, "chi2_p"), 1e-12, of);
        /* The set was made with a correction away from 0 at b = c. */
        if (b == c) {
            assert_true(right.statistic == 0 && right.p == 1);
            continue;
        }
        near(right.statistic, member(of, "chi2_cc"), 1e-12, of);
        near(right.p, member(of, "chi2_cc_p"), 1e-12, of);
    }
}

static void test_golden(void **state)
{
    ost_json_doc *doc = open_references("golden/stat_tests.json");

    (void)state;
    golden_tables(json_object_get(ost_json_root(doc), "two_by_two"));
    golden_mcnemar(json_object_get(ost_json_root(doc), "mcnemar"));
    ost_json_free(doc);
}

/* --- a published table ---------------------------------------------------- */

/* Right and wrong of 123, 54 and 69 cases, by three readers and a network on
 * bone scans: Pearson's test without correction gives all 18 printed p. */
static void test_published(void **state)
{
    enum { JUNIOR, SENIOR, EXPERT, NETWORK };
    static const uint64_t right[4][3] = {
        { 74, 30, 44 }, { 107, 47, 60 }, { 116, 47, 69 }, { 109, 50, 59 }
    };
    static const uint64_t of[3] = { 123, 54, 69 };
    static const struct {
        int a;
        int b;
        const char *p[3];
    } printed[] = {
        { JUNIOR, SENIOR, { "<0.001", "<0.001", "0.002" } },
        { JUNIOR, EXPERT, { "<0.001", "<0.001", "<0.001" } },
        { SENIOR, EXPERT, { "0.049", "1.000", "0.002" } },
        { JUNIOR, NETWORK, { "<0.001", "<0.001", "0.003" } },
        { SENIOR, NETWORK, { "0.697", "0.340", "0.805" } },
        { EXPERT, NETWORK, { "0.110", "0.340", "0.001" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
        for (size_t k = 0; k < 3; k++) {
            uint64_t a = right[printed[i].a][k], b = right[printed[i].b][k];
            ost_two_by_two t = { { a, of[k] - a, b, of[k] - b } };
            double p = ost_pearson_chi_square(&t).p;
            char text[32];

            snprintf(text, sizeof(text), p < 0.001 ? "<0.001" : "%.3f", p);
            assert_string_equal(text, printed[i].p[k]);
        }
    }
}

static int open_drawn(void **state)
{
    (void)state;
    drawn = open_references("hypothesis_references.json");
    return 0;
}

static int close_drawn(void **state)
{
    (void)state;
    ost_json_free(drawn);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),    cmocka_unit_test(test_large_tables),
        cmocka_unit_test(test_mcnemar),   cmocka_unit_test(test_areas),
        cmocka_unit_test(test_means),     cmocka_unit_test(test_correlations),
        cmocka_unit_test(test_holm),      cmocka_unit_test(test_golden),
        cmocka_unit_test(test_published),
    };

    return cmocka_run_group_tests(tests, open_drawn, close_drawn);
}
