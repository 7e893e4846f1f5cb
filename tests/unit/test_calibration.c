/* tests/unit/test_calibration.c - scores as probabilities
 *
 * The numbers are scikit-learn's; tests/parity/test_scores.c has many more.
 */
/* links: stats base */
#include "kernels/stats/calibration.h"
#include "tests/support/check.h"

#include "base/banned.h"

static const uint8_t truth[8] = { 0, 1, 0, 1, 1, 0, 1, 1 };
static const double score[8] = { 0, 0.1, 0.2, 0.3, 0.6, 0.6, 0.9, 1 };
static const ost_scores cases = { truth, score, 8 };

static const uint32_t classes[4] = { 0, 1, 1, 0 };
static const double rows[12] = { 0.7, 0.2, 0.1, 0.2, 0.5, 0.3,
                                 0.4, 0.4, 0.2, 0,   0.1, 0.9 };

static void near(double want, double got)
{
    if (!(fabs(want - got) <= 1e-14))
        fail_msg("wanted %.17g, got %.17g", want, got);
}

static void losses_equal_the_reference(void **state)
{
    (void)state;
    near(0.23374999999999999, ost_brier(&cases));
    near(0.6577722899915205, ost_log_loss(&cases));
    near(9.502441561372496, ost_class_log_loss(classes, rows, 4, 3));
    /* 0.14 + 0.38 + 0.56 + 1.82, over 4. */
    near(0.725, ost_class_brier(classes, rows, 4, 3));
}

static void one_sure_mistake_costs_a_finite_loss(void **state)
{
    static const uint8_t y[1] = { 1 };
    static const double v[1] = { 0 };

    (void)state;
    near(36.04365338911715, ost_log_loss(&(ost_scores){ y, v, 1 }));
}

static void uniform_bins_hold_their_upper_edge(void **state)
{
    ost_arena arena = { 0 };
    ost_calibration c = ost_calibration_of(&cases, 5, OST_BINS_UNIFORM, &arena);

    (void)state;
    assert_int_equal(c.n[0], 3);
    near(1.0 / 3, c.observed[0]);
    near(0.1, c.score[0]);
    assert_int_equal(c.n[1], 1);
    /* 3 x 0.2 is just above 0.6. */
    assert_int_equal(c.n[2], 2);
    near(0.5, c.observed[2]);
    assert_int_equal(c.n[3], 0);
    assert_true(isnan(c.score[3]) && isnan(c.observed[3]));
    assert_int_equal(c.n[4], 2);
    near(0.95, c.score[4]);
    assert_true(c.lower[0] == 0 && c.upper[4] == 1);
    near((3 * (1.0 / 3 - 0.1) + 0.7 + 2 * 0.1 + 2 * 0.05) / 8, c.ece);
    near(0.7, c.mce);
    ost_arena_release(&arena);
}

static void quantile_bins_share_the_cases(void **state)
{
    static const double want[4] = { 0.05, 0.25, 0.6, 0.95 };
    ost_arena arena = { 0 };
    ost_calibration c =
        ost_calibration_of(&cases, 4, OST_BINS_QUANTILE, &arena);

    (void)state;
    for (size_t b = 0; b < 4; b++) {
        assert_int_equal(c.n[b], 2);
        near(want[b], c.score[b]);
        near(b == 3 ? 1 : 0.5, c.observed[b]);
    }
    ost_arena_release(&arena);
}

static void several_classes_are_judged_by_the_one_called(void **state)
{
    ost_arena arena = { 0 };
    ost_calibration c = ost_class_calibration(classes, rows, 4, 3, 10,
                                              OST_BINS_UNIFORM, &arena);

    (void)state;
    /* Called: 0 right, 1 right, 0 (first of two equals) and 2 wrong. */
    assert_int_equal(c.n[3] + c.n[4] + c.n[6] + c.n[8], 4);
    assert_true(c.observed[3] == 0 && c.observed[4] == 1);
    assert_true(c.observed[6] == 1 && c.observed[8] == 0);
    near((0.4 + 0.5 + 0.3 + 0.9) / 4, c.ece);
    near(0.9, c.mce);
    ost_arena_release(&arena);
}

static void no_cases_have_no_numbers(void **state)
{
    const ost_scores none = { truth, score, 0 };
    ost_arena arena = { 0 };
    ost_calibration c;

    (void)state;
    assert_true(isnan(ost_brier(&none)) && isnan(ost_log_loss(&none)));
    assert_true(isnan(ost_class_brier(classes, rows, 0, 3)));
    assert_true(isnan(ost_class_log_loss(classes, rows, 0, 3)));
    c = ost_calibration_of(&none, 3, OST_BINS_QUANTILE, &arena);
    assert_true(isnan(c.ece) && isnan(c.mce) && isnan(c.score[0]));
    ost_arena_release(&arena);
}

static void what_is_no_probability_is_found(void **state)
{
    static const double good[3] = { 0, 0.5, 1 };
    static const double bad[3] = { 0.5, -0.001, 2 };
    const double nan[1] = { OST_UNDEFINED };

    (void)state;
    assert_int_equal(ost_probabilities_check(good, 3), 3);
    assert_int_equal(ost_probabilities_check(bad, 3), 1);
    assert_int_equal(ost_probabilities_check(bad + 2, 1), 0);
    assert_int_equal(ost_probabilities_check(nan, 1), 0);
    assert_int_equal(ost_rows_check(rows, 4, 3), 4);
    assert_int_equal(ost_rows_check(good, 1, 3), 0);
    assert_int_equal(ost_rows_check(nan, 1, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_equal_the_reference),
        cmocka_unit_test(one_sure_mistake_costs_a_finite_loss),
        cmocka_unit_test(uniform_bins_hold_their_upper_edge),
        cmocka_unit_test(quantile_bins_share_the_cases),
        cmocka_unit_test(several_classes_are_judged_by_the_one_called),
        cmocka_unit_test(no_cases_have_no_numbers),
        cmocka_unit_test(what_is_no_probability_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
