/* tests/unit/test_published.c - printed figures, and tests for printed p */
/* links: stats base */
#include "kernels/stats/published.h"
#include "kernels/stats/share_tests.h"
#include "tests/support/check.h"

#include <math.h>

#include "base/banned.h"

static void figures_are_ranges(void **state)
{
    static const struct {
        const char *text;
        ost_rounding rounding;
        int64_t lower;
        int64_t upper;
        int64_t den;
        bool upper_open;
    } cases[] = {
        { "0.916", OST_ROUNDING_NEAREST, 1831, 1833, 2000, false },
        { "0.916", OST_ROUNDING_CUT, 1832, 1834, 2000, true },
        { "0.916", OST_ROUNDING_EITHER, 1831, 1834, 2000, true },
        { "92.59 %", OST_ROUNDING_NEAREST, 18517, 18519, 20000, false },
        { "92.59%", OST_ROUNDING_NEAREST, 18517, 18519, 20000, false },
        { "92.59\xc2\xa0%", OST_ROUNDING_NEAREST, 18517, 18519, 20000, false },
        { "100 %", OST_ROUNDING_NEAREST, 199, 201, 200, false },
        { ".5", OST_ROUNDING_NEAREST, 9, 11, 20, false },
        { "1", OST_ROUNDING_NEAREST, 1, 3, 2, false },
        { "<0.001", OST_ROUNDING_NEAREST, 0, 2, 2000, true },
        { "< 0.001", OST_ROUNDING_CUT, 0, 2, 2000, true },
        { "\xe2\x89\xa4 0.05", OST_ROUNDING_NEAREST, 0, 10, 200, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ost_printed p;

        if (!ost_printed_parse(cases[i].text, cases[i].rounding, &p))
            fail_msg("'%s' is no figure", cases[i].text);
        assert_int_equal(p.lower, cases[i].lower);
        assert_int_equal(p.upper, cases[i].upper);
        assert_int_equal(p.den, cases[i].den);
        assert_int_equal(p.upper_open, cases[i].upper_open);
    }
}

static void what_is_no_figure_is_refused(void **state)
{
    static const char *const texts[] = {
        "",       "-0.5",   "0,5",     "0.5.1", "1e-3",         "0.5 %%",
        "0.5 mm", "= 0.05", "< 0.05x", ".",     "0.1234567890", "<<0.1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ost_printed p;

        if (ost_printed_parse(texts[i], OST_ROUNDING_NEAREST, &p))
            fail_msg("'%s' is a figure", texts[i]);
    }
}

static void halves_are_accepted_up_down_and_even(void **state)
{
    ost_printed up, down, cut;

    (void)state;
    /* 1/8 = 0.125 */
    assert_true(ost_printed_parse("0.13", OST_ROUNDING_NEAREST, &up));
    assert_true(ost_printed_parse("0.12", OST_ROUNDING_NEAREST, &down));
    assert_true(ost_printed_parse("0.13", OST_ROUNDING_CUT, &cut));
    assert_true(ost_printed_ratio(&up, 1, 8));
    assert_true(ost_printed_ratio(&down, 1, 8));
    assert_false(ost_printed_ratio(&cut, 1, 8));
    assert_true(ost_printed_double(&up, 0.125));
    assert_false(ost_printed_double(&up, 0.1249));
}

static void bounds_hold_what_is_beyond(void **state)
{
    ost_printed less, more;

    (void)state;
    assert_true(ost_printed_parse("<0.001", OST_ROUNDING_NEAREST, &less));
    assert_true(ost_printed_parse(">0.05", OST_ROUNDING_NEAREST, &more));
    assert_true(ost_printed_double(&less, 1e-12));
    assert_false(ost_printed_double(&less, 0.001));
    assert_true(ost_printed_double(&more, 1));
    assert_false(ost_printed_double(&more, 0.05));
}

/* Made with SciPy 1.10 (chi2_contingency, with and without correction and with
 * lambda_ = "log-likelihood"; fisher_exact) and statsmodels 0.13
 * (test_proportions_2indep, method "wald"); N - 1 from Pearson's statistic. */
static void share_tests_agree_with_references(void **state)
{
    static const struct {
        ost_two_by_two table;
        double p[OST_SHARE_TESTS];
    } cases[] = {
        { { { 60, 9, 69, 0 } },
          { 0.0019164287863129446, 0.005813455560890794, 0.0029576364715209204,
            0.001990647584, 0.0002944982037400222, 0.0012947468521726417 } },
        { { { 107, 16, 116, 7 } },
          { 0.04872019583512427, 0.07976889042191589, 0.07790035038801188,
            0.04918068246, 0.04601774069253528, 0.0469464723299227 } },
        { { { 30, 24, 44, 25 } },
          { 0.3558555160301047, 0.4606799323473222, 0.458122157762741,
            0.3578182954, 0.3561962658156703, 0.3561305588611864 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int k = 0; k < OST_SHARE_TESTS; k++) {
            double p = ost_share_tests[k].p(&cases[i].table);

            if (!(fabs(p / cases[i].p[k] - 1) < 1e-8))
                fail_msg("%s: %.17g instead of %.17g", ost_share_tests[k].name,
                         p, cases[i].p[k]);
        }
}

static void shares_without_variance_are_equal_or_not(void **state)
{
    ost_two_by_two same = { { 5, 0, 7, 0 } }, apart = { { 5, 0, 0, 7 } };
    const ost_share_test *z = &ost_share_tests[OST_SHARE_TESTS - 1];

    (void)state;
    assert_true(fabs(z->p(&same) - 1) < 1e-15);
    assert_true(fabs(z->p(&apart)) < 1e-15);
}

static void margins_bound_mcnemar(void **state)
{
    ost_margins m = { 123, 107, 116 };
    double p[OST_MCNEMAR_FORMS];
    int64_t low, high;

    (void)state;
    ost_margins_both(&m, &low, &high);
    assert_int_equal(low, 100);
    assert_int_equal(high, 107);
    ost_margins_mcnemar(&m, high, p); /* 0 and 9 discordant */
    assert_true(fabs(p[0] - 2.0 / 512) < 1e-15);
    assert_true(fabs(p[1] - 0.002699796063) < 1e-11);
    ost_margins_mcnemar(&m, low, p); /* 7 and 16 */
    assert_true(fabs(p[0] - 0.09313964844) < 1e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_ranges),
        cmocka_unit_test(what_is_no_figure_is_refused),
        cmocka_unit_test(halves_are_accepted_up_down_and_even),
        cmocka_unit_test(bounds_hold_what_is_beyond),
        cmocka_unit_test(share_tests_agree_with_references),
        cmocka_unit_test(shares_without_variance_are_equal_or_not),
        cmocka_unit_test(margins_bound_mcnemar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
