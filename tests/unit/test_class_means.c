/* tests/unit/test_class_means.c - means of precision, recall and F1
 *
 * The numbers are scikit-learn's, of precision_recall_fscore_support().
 */
/* links: stats base */
#include "kernels/stats/confusion.h"
#include "tests/support/check.h"

#include "base/banned.h"

static void is_mean(const ost_class_mean *m, double precision, double recall,
                    double f1)
{
    const double want[3] = { precision, recall, f1 };
    const double got[3] = { m->precision, m->recall, m->f1 };

    for (size_t i = 0; i < 3; i++) {
        if (!(fabs(want[i] - got[i]) <= 1e-15))
            fail_msg("number %zu: wanted %.17g, got %.17g", i, want[i], got[i]);
    }
}

static void some_of_the_labels_may_be_asked_for(void **state)
{
    static const uint32_t truth[8] = { 0, 1, 2, 2, 1, 0, 2, 0 };
    static const uint32_t called[8] = { 0, 2, 2, 1, 1, 0, 0, 1 };
    static const uint32_t some[2] = { 1, 2 };
    ost_arena arena = { 0 };
    ost_confusion c = ost_confusion_of(truth, called, 8, 3, &arena);
    ost_class_means m = ost_class_means_of(&c, some, 2, OST_ZERO_IS_0);

    (void)state;
    is_mean(&m.macro, 5.0 / 12, 5.0 / 12, 0.4);
    is_mean(&m.weighted, 13.0 / 30, 0.4, 0.4);
    is_mean(&m.micro, 0.4, 0.4, 0.4);
    m = ost_class_means_of(&c, NULL, 0, OST_ZERO_IS_0);
    is_mean(&m.micro, 0.5, 0.5, 0.5);
    assert_true(m.micro.f1 == ost_accuracy(&c));
    ost_arena_release(&arena);
}

static void classes_without_cases_follow_the_zero_rule(void **state)
{
    static const uint32_t truth[3] = { 0, 0, 0 }, called[3] = { 0, 1, 0 };
    static const uint32_t absent[2] = { 1, 2 }, never[1] = { 2 };
    ost_arena arena = { 0 };
    ost_confusion c = ost_confusion_of(truth, called, 3, 3, &arena);
    ost_class_means m = ost_class_means_of(&c, absent, 2, OST_ZERO_IS_1);

    (void)state;
    is_mean(&m.macro, 0.5, 1, 0.5);
    is_mean(&m.weighted, 0, 1, 0);
    is_mean(&m.micro, 0, 1, 0);
    m = ost_class_means_of(&c, never, 1, OST_ZERO_IS_1);
    is_mean(&m.weighted, 1, 1, 1);
    m = ost_class_means_of(&c, absent, 2, OST_ZERO_IS_UNDEFINED);
    /* Only class 1 has a precision. */
    assert_true(m.macro.precision == 0 && isnan(m.macro.recall));
    assert_true(isnan(m.weighted.recall));
    ost_arena_release(&arena);
}

static void negatives_have_a_predictive_value(void **state)
{
    const ost_class_counts c = { .tp = 3, .fp = 1, .fn = 2, .tn = 6 };
    const ost_class_counts none = { .tp = 3, .fp = 1 };

    (void)state;
    assert_true(ost_npv(&c, OST_ZERO_IS_0) == 0.75);
    assert_true(ost_npv(&none, OST_ZERO_IS_0) == 0);
    assert_true(isnan(ost_npv(&none, OST_ZERO_IS_UNDEFINED)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_of_the_labels_may_be_asked_for),
        cmocka_unit_test(classes_without_cases_follow_the_zero_rule),
        cmocka_unit_test(negatives_have_a_predictive_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
