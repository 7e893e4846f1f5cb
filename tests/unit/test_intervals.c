/* tests/unit/test_intervals.c - intervals in closed form */
/* links: stats base */
#include "kernels/stats/intervals.h"
#include "tests/support/golden.h"

#include "base/banned.h"

static void is_interval(ost_interval i, double lo, double hi)
{
    if (!(fabs(i.lo - lo) <= 1e-12 && fabs(i.hi - hi) <= 1e-12))
        fail_msg("wanted %.15g to %.15g, got %.15g to %.15g", lo, hi, i.lo,
                 i.hi);
}

static void is_undefined(ost_interval i)
{
    assert_true(isnan(i.lo) && isnan(i.hi));
}

static void proportions_have_the_reference_s_intervals(void **state)
{
    ost_json_doc *doc = golden_load("golden/stat_tests");
    json_t *c;
    size_t i;

    (void)state;
    json_array_foreach(json_object_get(ost_json_root(doc), "binomial_ci"), i, c)
    {
        uint64_t k = (uint64_t)json_integer_value(json_object_get(c, "k"));
        uint64_t n = (uint64_t)json_integer_value(json_object_get(c, "n"));
        ost_interval w = ost_wilson_interval(k, n, 0.95);
        ost_interval e = ost_clopper_pearson_interval(k, n, 0.95);
        const json_t *wilson = json_object_get(c, "wilson");
        const json_t *exact = json_object_get(c, "clopper_pearson");

        golden_near("wilson", json_array_get(wilson, 0), w.lo, 1e-14);
        golden_near("wilson", json_array_get(wilson, 1), w.hi, 1e-14);
        golden_near("exact", json_array_get(exact, 0), e.lo, 1e-12);
        golden_near("exact", json_array_get(exact, 1), e.hi, 1e-12);
    }
    assert_true(i >= 7);
    ost_json_free(doc);
}

static void nothing_and_everything_have_one_end(void **state)
{
    (void)state;
    is_interval(ost_clopper_pearson_interval(0, 10, 0.95), 0,
                1 - pow(0.025, 0.1));
    is_interval(ost_clopper_pearson_interval(10, 10, 0.95), pow(0.025, 0.1), 1);
    assert_true(ost_wilson_interval(0, 10, 0.95).lo == 0);
    assert_true(ost_wilson_interval(10, 10, 0.95).hi == 1);
    is_undefined(ost_wilson_interval(0, 0, 0.95));
    is_undefined(ost_clopper_pearson_interval(0, 0, 0.95));
}

static void levels_have_their_quantiles(void **state)
{
    (void)state;
    assert_true(ost_two_sided_z(0.95) == OST_Z95);
    assert_true(fabs(ost_two_sided_z(0.99) - 2.5758293035489004) < 1e-14);
    assert_true(fabs(ost_two_sided_z(0.9) - 1.6448536269514722) < 1e-14);
    /* statsmodels.stats.proportion.proportion_confint(50, 54, 0.1) */
    is_interval(ost_wilson_interval(50, 54, 0.9), 0.8448964598331057,
                0.9663117077993617);
    is_interval(ost_clopper_pearson_interval(50, 54, 0.9), 0.8384554233647601,
                0.9743032970879609);
}

static void normal_intervals_are_clipped(void **state)
{
    ost_interval i = ost_normal_interval(0.99, 0.01, 0.95);

    (void)state;
    assert_true(i.hi == 1 && i.lo > 0.79 && i.lo < 0.8);
    i = ost_normal_interval(0.5, 0, 0.95);
    assert_true(i.lo == 0.5 && i.hi == 0.5);
    is_undefined(ost_normal_interval(OST_UNDEFINED, 1, 0.95));
    is_interval(ost_difference_interval(-0.9, 0.01, 0.95), -1,
                -0.9 + 0.1 * OST_Z95);
    is_undefined(ost_difference_interval(0, OST_UNDEFINED, 0.95));
}

static void logit_intervals_never_reach_the_ends(void **state)
{
    ost_interval i = ost_logit_interval(0.99, 0.0001, 0.95);
    double center = log(0.99 / 0.01), half = OST_Z95 * 0.01 / (0.99 * 0.01);

    (void)state;
    is_interval(i, 1 / (1 + exp(half - center)), 1 / (1 + exp(-half - center)));
    assert_true(i.lo < 0.95 && i.hi < 1);
    is_undefined(ost_logit_interval(1, 0, 0.95));
    is_undefined(ost_logit_interval(0, 0, 0.95));
    is_undefined(ost_logit_interval(0.7, OST_UNDEFINED, 0.95));
}

static void an_area_and_its_counts_have_a_variance(void **state)
{
    /* At 0.5 it is the variance of Mann and Whitney's U without ties. */
    (void)state;
    for (uint64_t m = 1; m < 40; m += 13) {
        double want = (double)(m + 7 + 1) / (double)(12 * m * 7);

        assert_true(fabs(ost_hanley_mcneil_variance(0.5, m, 7) - want) < 1e-16);
    }
    assert_true(fabs(sqrt(ost_hanley_mcneil_variance(0.893, 51, 58)) -
                     0.03251158176764658) < 1e-15);
    assert_true(ost_hanley_mcneil_variance(1, 3, 3) == 0);
    assert_true(isnan(ost_hanley_mcneil_variance(0.5, 0, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proportions_have_the_reference_s_intervals),
        cmocka_unit_test(nothing_and_everything_have_one_end),
        cmocka_unit_test(levels_have_their_quantiles),
        cmocka_unit_test(normal_intervals_are_clipped),
        cmocka_unit_test(logit_intervals_never_reach_the_ends),
        cmocka_unit_test(an_area_and_its_counts_have_a_variance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
