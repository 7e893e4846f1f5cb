/* tests/unit/test_hypothesis_edges.c - tests where there is little to test
 */
/* links: stats base */
#include "base/rng.h"
#include "kernels/stats/hypothesis.h"
#include "tests/support/check.h"

#include <string.h>

#include "base/banned.h"

static void undefined(const ost_test *t)
{
    assert_true(isnan(t->statistic) && isnan(t->p));
}

/* --- areas ---------------------------------------------------------------- */

static void test_areas(void **state)
{
    static const uint8_t y[] = { 0, 0, 1, 1, 0, 1 };
    static const uint8_t one[] = { 1, 0, 0, 0, 0, 0 };
    static const double a[] = { 1, 2, 3, 4, 2, 5 };
    static const double b[] = { 10, 20, 30, 40, 20, 50 };
    static const double c[] = { 5, 4, 3, 2, 1, 0 };
    static const double d[] = { 1, 4, 3, 2, 2, 5 };
    ost_scores sa = { y, a, 6 }, sb = { y, b, 6 }, sc = { y, c, 6 };
    ost_scores sd = { y, d, 6 }, few = { one, a, 6 };
    ost_test t = ost_delong_paired(&sa, &sb);

    (void)state;
    /* The same order: nothing is different, whatever the scale. */
    assert_true(t.p == 1 && t.statistic == 0 && t.estimate == 0);
    assert_true(t.interval.lo == 0 && t.interval.hi == 0);
    t = ost_delong_unpaired(&sa, &sa);
    assert_true(t.p == 1);
    t = ost_delong_paired(&sa, &sd);
    assert_true(t.estimate > 0 && t.statistic > 0 && t.p < 1);
    assert_true(t.interval.lo < t.estimate && t.estimate < t.interval.hi);
    /* The other way round it is the same, with the other sign. */
    {
        ost_test back = ost_delong_paired(&sd, &sa);

        assert_true(back.statistic == -t.statistic && back.p == t.p);
        assert_true(back.interval.lo == -t.interval.hi);
    }
    t = ost_delong_unpaired(&sa, &sc);
    assert_true(t.p < 1 && t.interval.hi <= 1);
    t = ost_delong_paired(&few, &few);
    undefined(&t);
    t = ost_delong_unpaired(&few, &sa);
    undefined(&t);
}

/* No variance on either side, and areas of 1 and 0. */
static void test_areas_apart(void **state)
{
    static const uint8_t y[] = { 0, 0, 1, 1 };
    static const double up[] = { 1, 1, 2, 2 }, down[] = { 2, 2, 1, 1 };
    ost_scores a = { y, up, 4 }, b = { y, down, 4 };
    ost_test t = ost_delong_paired(&a, &b);

    (void)state;
    undefined(&t);
    assert_true(t.estimate == 1);
}

/* --- counts --------------------------------------------------------------- */

static void test_margins(void **state)
{
    ost_two_by_two none = { { 0, 0, 0, 0 } }, empty_row = { { 0, 0, 3, 4 } };
    ost_two_by_two all = { { 5, 0, 9, 0 } };
    ost_test t = ost_pearson_chi_square(&all);

    (void)state;
    assert_true(t.statistic == 0 && t.p == 1 && t.estimate == 0);
    assert_true(ost_yates_chi_square(&all).p == 1);
    assert_true(ost_fisher_exact(&all).p == 1);
    t = ost_pearson_chi_square(&empty_row);
    assert_true(t.p == 1 && isnan(t.estimate));
    assert_true(ost_fisher_exact(&empty_row).p == 1);
    t = ost_pearson_chi_square(&none);
    undefined(&t);
    t = ost_fisher_exact(&none);
    undefined(&t);
    assert_true(isnan(ost_least_expected(&none)));
}

static void test_sparse_tables(void **state)
{
    static const uint64_t gap[] = { 10, 0, 20, 20, 0, 10 };
    static const uint64_t dense[] = { 10, 20, 20, 10 };
    static const uint64_t row[] = { 4, 5, 6 };
    double least;
    ost_test a = ost_table_chi_square(gap, 2, 3, &least);
    ost_test b = ost_table_chi_square(dense, 2, 2, NULL);

    (void)state;
    assert_true(a.statistic == b.statistic && a.p == b.p && a.df == 1);
    assert_true(least == 15);
    a = ost_table_chi_square(row, 1, 3, NULL);
    assert_true(a.df == 0 && a.p == 1);
    a = ost_table_chi_square(row, 0, 0, NULL);
    undefined(&a);
}

static void test_mcnemar(void **state)
{
    ost_test t = ost_mcnemar_exact(0, 0, 20);

    (void)state;
    assert_true(t.p == 1 && t.estimate == 0);
    assert_true(t.interval.lo < 0 && t.interval.hi == -t.interval.lo);
    assert_true(ost_mcnemar_chi_square(0, 0, 5, true).p == 1);
    t = ost_mcnemar_chi_square(7, 7, 30, true);
    assert_true(t.statistic == 0 && t.p == 1);
    /* One discordant case says nothing. */
    assert_true(ost_mcnemar(1, 0, 1).p == 1);
    t = ost_mcnemar_exact(0, 0, 0);
    assert_true(isnan(t.estimate) && t.p == 1);
    t = ost_mcnemar(1000, 0, 1000);
    assert_true(t.estimate == 1 && t.interval.hi <= 1 && t.p < 1e-200);
}

/* Bonett and Price (2012): by hand for b = 10, c = 30, n = 100. */
static void test_paired_interval(void **state)
{
    ost_test t = ost_mcnemar(10, 30, 100);
    double p = 11.0 / 102, q = 31.0 / 102;
    double half = 1.959963984540054 * sqrt((p + q - (p - q) * (p - q)) / 102);

    (void)state;
    assert_true(fabs(t.interval.lo - (p - q - half)) < 1e-15);
    assert_true(fabs(t.interval.hi - (p - q + half)) < 1e-15);
}

/* --- means ---------------------------------------------------------------- */

static void test_means(void **state)
{
    static const double zero[] = { 0, 0, 0 }, same[] = { 0.1, 0.1, 0.1 };
    static const double v[] = { 1, 2, 4 };
    ost_test t = ost_paired_t(zero, 3, 0.25), plain;

    (void)state;
    assert_true(t.p == 1 && t.statistic == 0);
    t = ost_paired_t(same, 3, 0);
    undefined(&t);
    assert_true(t.estimate == 0.1);
    t = ost_paired_t(v, 1, 0);
    undefined(&t);
    assert_true(t.estimate == 1);
    t = ost_paired_t(v, 0, 0);
    assert_true(isnan(t.estimate));
    /* The correction of five folds widens by sqrt((1/3 + 1/4) / (1/3)). */
    plain = ost_paired_t(v, 3, 0);
    t = ost_paired_t(v, 3, 0.25);
    assert_true(fabs(plain.statistic / t.statistic - sqrt(1.75)) < 1e-14);
    assert_true(t.p > plain.p);
}

/* --- permutations --------------------------------------------------------- */

typedef struct {
    const double *v;
    size_t n;
} sample;

static double swapped_mean(const uint8_t *swap, void *user)
{
    const sample *s = user;
    double sum = 0;

    for (size_t i = 0; i < s->n; i++)
        sum += swap[i] ? -s->v[i] : s->v[i];
    return sum / (double)s->n;
}

static void test_permutation_exact(void **state)
{
    static const double v[] = { 0.5, 1, 2, 3, 4, 5 };
    static const double none[] = { 0, 0, 0 };
    sample s = { v, 6 }, z = { none, 3 };
    bool exact = false;
    ost_test t = ost_permutation_test(6, swapped_mean, &s, 64, 1, &exact);

    (void)state;
    /* Only all signs alike reach as far: 2 of 64. */
    assert_true(exact && t.p == 2.0 / 64);
    assert_true(t.estimate == 15.5 / 6);
    t = ost_permutation_test(3, swapped_mean, &z, 64, 1, &exact);
    assert_true(t.p == 1);
    t = ost_permutation_test(0, swapped_mean, &z, 64, 1, &exact);
    undefined(&t);
}

/* Differences whose sums round differently are still the same. */
static void test_permutation_ties(void **state)
{
    static const double v[] = { 0.1, 0.2, -0.3 };
    sample s = { v, 3 };
    ost_test t = ost_permutation_test(3, swapped_mean, &s, 8, 1, NULL);

    (void)state;
    assert_true(t.p == 1);
}

static void test_permutation_drawn(void **state)
{
    double v[40];
    sample s = { v, 40 };
    ost_rng rng = ost_rng_of(3, 0);
    bool exact = true;
    ost_test a, b, few;

    (void)state;
    for (size_t i = 0; i < 40; i++)
        v[i] = ost_rng_normal(&rng) + 0.3;
    a = ost_permutation_test(40, swapped_mean, &s, 5000, 7, &exact);
    b = ost_permutation_test(40, swapped_mean, &s, 5000, 7, NULL);
    assert_true(!exact && a.p == b.p);
    /* Near the t test's, and never 0. */
    assert_true(fabs(a.p - ost_paired_t(v, 40, 0).p) < 0.03);
    for (size_t i = 0; i < 40; i++)
        v[i] = 5;
    few = ost_permutation_test(40, swapped_mean, &s, 99, 7, NULL);
    assert_true(few.p == 1.0 / 100);
}

/* --- correlation ---------------------------------------------------------- */

static void test_correlation(void **state)
{
    static const double x[] = { 1, 2, 3, 4 }, y[] = { 2, 4, 6, 8 };
    static const double flat[] = { 7, 7, 7, 7 };
    static const double tiny[] = { 1e-200, 2e-200, 4e-200, 3e-200 };
    ost_test t = ost_pearson_correlation(x, y, 4);

    (void)state;
    assert_true(t.estimate == 1 && t.p == 0);
    t = ost_pearson_correlation(x, flat, 4);
    undefined(&t);
    assert_true(isnan(t.estimate));
    t = ost_spearman_correlation(flat, y, 4);
    assert_true(isnan(t.estimate));
    t = ost_pearson_correlation(x, y, 2);
    undefined(&t);
    t = ost_pearson_correlation(x, tiny, 3);
    assert_true(!isnan(t.p) && isnan(t.interval.lo));
    /* Squares that vanish do not. */
    t = ost_pearson_correlation(x, tiny, 4);
    assert_true(fabs(t.estimate - 0.8) < 1e-15);
    t = ost_pearson_correlation(x, y, 0);
    assert_true(isnan(t.estimate));
}

/* r = 0.72 of 50 patients: t = 7.19, p = 3.8e-9, 0.552 to 0.832. */
static void test_published_correlation(void **state)
{
    double x[50], y[50], r = 0.72;
    ost_test t;

    (void)state;
    /* Two directions at right angles, mixed to the printed correlation. */
    for (size_t i = 0; i < 50; i++) {
        double angle = 2 * acos(-1.0) * (double)i / 50;

        x[i] = cos(angle);
        y[i] = r * cos(angle) + sqrt(1 - r * r) * sin(angle);
    }
    t = ost_pearson_correlation(x, y, 50);
    assert_true(fabs(t.estimate - r) < 1e-14);
    assert_true(fabs(t.statistic - 7.19) < 0.005);
    assert_true(fabs(t.p - 3.8e-9) < 0.05e-9);
    assert_true(fabs(t.interval.lo - 0.552) < 0.0005);
    assert_true(fabs(t.interval.hi - 0.832) < 0.0005);
}

static void test_mid_ranks(void **state)
{
    static const double v[] = { 3, 1, 3, -2, 3, 1 };
    static const double want[] = { 5, 2.5, 5, 1, 5, 2.5 };
    double rank[6];

    (void)state;
    ost_mid_ranks(v, 6, rank);
    assert_memory_equal(rank, want, sizeof(want));
}

static void test_holm(void **state)
{
    const double p[] = { 0.04, OST_UNDEFINED, 0.01, 0.03 };
    double adjusted[4];

    (void)state;
    ost_holm(p, 4, adjusted);
    assert_true(fabs(adjusted[2] - 0.03) < 1e-15);
    assert_true(fabs(adjusted[3] - 0.06) < 1e-15);
    assert_true(adjusted[0] == adjusted[3] && isnan(adjusted[1]));
    ost_holm(p, 0, adjusted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_areas_apart),
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_sparse_tables),
        cmocka_unit_test(test_mcnemar),
        cmocka_unit_test(test_paired_interval),
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_permutation_exact),
        cmocka_unit_test(test_permutation_ties),
        cmocka_unit_test(test_permutation_drawn),
        cmocka_unit_test(test_correlation),
        cmocka_unit_test(test_published_correlation),
        cmocka_unit_test(test_mid_ranks),
        cmocka_unit_test(test_holm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
