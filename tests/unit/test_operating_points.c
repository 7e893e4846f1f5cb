/* tests/unit/test_operating_points.c - cuts of a score, precision and recall */
/* links: stats base */
#include "kernels/stats/operating_points.h"
#include "kernels/stats/precision_recall.h"
#include "kernels/stats/scores.h"
#include "tests/support/golden.h"
#include "tests/support/seed.h"

#include "base/banned.h"

enum { MOST = 128 };

/* From the top: + - + (+ -) - +, with a tie in brackets. */
static const uint8_t truth[8] = { 1, 0, 1, 1, 0, 0, 1, 0 };
static const double score[8] = { 9, 8, 7, 5, 5, 3, 2, 1 };
static const ost_scores cases = { truth, score, 8 };

static void is_point(ost_operating_point p, double threshold, uint64_t tp,
                     uint64_t fp)
{
    assert_true(p.threshold == threshold);
    assert_int_equal(p.tp, tp);
    assert_int_equal(p.fp, fp);
    assert_int_equal(p.fn, 4 - tp);
    assert_int_equal(p.tn, 4 - fp);
    assert_true(p.sensitivity == (double)tp / 4);
    assert_true(p.specificity == (double)(4 - fp) / 4);
}

static void fixed_rates_take_cuts_that_exist(void **state)
{
    ost_ranking r = ost_ranking_of(&cases);

    (void)state;
    is_point(ost_sensitivity_at_specificity(&r, 1), 9, 1, 0);
    /* 0.9 lies between two cuts: no interpolation, the better one below. */
    is_point(ost_sensitivity_at_specificity(&r, 0.9), 9, 1, 0);
    is_point(ost_sensitivity_at_specificity(&r, 0.75), 7, 2, 1);
    is_point(ost_sensitivity_at_specificity(&r, 0.5), 5, 3, 2);
    /* All four are found at 2; the negative at 1 is not called for nothing. */
    is_point(ost_sensitivity_at_specificity(&r, 0), 2, 4, 3);
    is_point(ost_specificity_at_sensitivity(&r, 1), 2, 4, 3);
    is_point(ost_specificity_at_sensitivity(&r, 0.7), 5, 3, 2);
    is_point(ost_specificity_at_sensitivity(&r, 0.5), 7, 2, 1);
    is_point(ost_specificity_at_sensitivity(&r, 0), (double)INFINITY, 0, 0);
    assert_true(ost_specificity_at_sensitivity(&r, 0.5).value == 0.75);
    ost_ranking_release(&r);
}

static void among_equal_cuts_the_highest_is_taken(void **state)
{
    ost_ranking r = ost_ranking_of(&cases);
    ost_operating_point p = ost_youden(&r);

    (void)state;
    /* 9, 7 and 5 all have 0.25. */
    is_point(p, 9, 1, 0);
    assert_true(p.value == 0.25);
    ost_ranking_release(&r);
}

static void a_score_worse_than_chance_is_not_cut(void **state)
{
    static const uint8_t turned[2] = { 0, 1 };
    static const double v[2] = { 2, 1 };
    ost_ranking r = ost_ranking_of(&(ost_scores){ turned, v, 2 });
    ost_operating_point p = ost_youden(&r);

    (void)state;
    assert_true(p.threshold == (double)INFINITY && p.value == 0);
    assert_true(p.sensitivity == 0 && p.specificity == 1);
    ost_ranking_release(&r);
}

static void costs_move_the_cut(void **state)
{
    ost_ranking r = ost_ranking_of(&cases);
    ost_costs costs = { 1, 1, OST_UNDEFINED };
    ost_operating_point p = ost_cost_point(&r, &costs);

    (void)state;
    /* Half of the cases are positive: 3 mistakes of 8. */
    is_point(p, 9, 1, 0);
    assert_true(p.value == 0.375);
    costs.false_negative = 10;
    is_point(ost_cost_point(&r, &costs), 2, 4, 3);
    /* Few are positive, and a false alarm is dear. */
    costs = (ost_costs){ 10, 1, 0.01 };
    is_point(ost_cost_point(&r, &costs), 9, 1, 0);
    costs.prevalence = 0;
    is_point(ost_cost_point(&r, &costs), (double)INFINITY, 0, 0);
    ost_ranking_release(&r);
}

static void any_threshold_has_its_counts(void **state)
{
    ost_ranking r = ost_ranking_of(&cases);

    (void)state;
    is_point(ost_operating_point_at(&r, 10), 10, 0, 0);
    is_point(ost_operating_point_at(&r, 9), 9, 1, 0);
    is_point(ost_operating_point_at(&r, 5.5), 5.5, 2, 1);
    is_point(ost_operating_point_at(&r, 5), 5, 3, 2);
    is_point(ost_operating_point_at(&r, -1), -1, 4, 4);
    ost_ranking_release(&r);
}

static void one_class_has_no_operating_point(void **state)
{
    static const uint8_t all[2] = { 1, 1 };
    const ost_scores sets[2] = { { all, score, 2 }, { truth, score, 0 } };
    const ost_costs costs = { 1, 1, 0.5 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ost_ranking r = ost_ranking_of(&sets[i]);

        assert_true(isnan(ost_youden(&r).threshold));
        assert_true(isnan(ost_cost_point(&r, &costs).value));
        assert_true(isnan(ost_operating_point_at(&r, 1).sensitivity));
        assert_true(isnan(ost_sensitivity_at_specificity(&r, 1).sensitivity));
        assert_true(isnan(ost_specificity_at_sensitivity(&r, 1).specificity));
        ost_ranking_release(&r);
    }
}

/* --- precision and recall ----------------------------------------------- */

static void precision_and_recall_equal_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/roc");
    size_t i, seen = 0;
    json_t *c;

    (void)state;
    json_array_foreach(ost_json_root(doc), i, c)
    {
        const json_t *want = json_object_get(c, "pr");
        const json_t *y = json_object_get(c, "y");
        ost_arena arena = { 0 };
        uint8_t positive[512];
        double v[512];
        ost_scores s = { positive, v, json_array_size(y) };
        ost_pr pr;

        if (!want)
            continue;
        assert_true(s.n <= 512);
        for (size_t k = 0; k < s.n; k++) {
            positive[k] = (uint8_t)json_integer_value(json_array_get(y, k));
            v[k] = json_number_value(
                json_array_get(json_object_get(c, "score"), k));
        }
        pr = ost_pr_curve(&s, &arena);
        golden_all_near("recall", json_object_get(want, "recall"), pr.recall,
                        pr.n, 0);
        golden_all_near("precision", json_object_get(want, "precision"),
                        pr.precision, pr.n, 0);
        golden_all_near("threshold", json_object_get(want, "thr"), pr.threshold,
                        pr.n - 1, 0);
        ost_arena_release(&arena);
        seen++;
    }
    assert_true(seen >= 14);
    ost_json_free(doc);
}

static void recall_of_no_positives_is_undefined(void **state)
{
    static const uint8_t none[2] = { 0, 0 };
    ost_arena arena = { 0 };
    ost_pr pr = ost_pr_curve(&(ost_scores){ none, score, 2 }, &arena);

    (void)state;
    assert_int_equal(pr.n, 3);
    assert_true(isnan(pr.recall[0]) && isnan(pr.recall[1]));
    assert_true(pr.precision[0] == 0 && pr.precision[2] == 1);
    assert_true(pr.recall[2] == 0);
    assert_int_equal(ost_pr_curve(&(ost_scores){ none, score, 0 }, &arena).n,
                     0);
    ost_arena_release(&arena);
}

static void labels_without_positives_are_left_out_of_means(void **state)
{
    /* Three cases, three labels; nobody has the last. */
    static const uint8_t has[9] = { 1, 0, 0, 1, 1, 0, 0, 0, 0 };
    static const double sure[9] = { 3, 1, 9, 1, 2, 9, 2, 3, 9 };
    ost_arena arena = { 0 };
    ost_average_precisions a =
        ost_average_precisions_of(has, sure, 3, 3, &arena);

    (void)state;
    assert_true(fabs(a.each[0] - (0.5 + 0.5 * 2 / 3)) < 1e-15);
    assert_true(a.each[1] == 0.5);
    assert_true(isnan(a.each[2]));
    assert_int_equal(a.skipped, 1);
    assert_true(fabs(a.macro - (a.each[0] + a.each[1]) / 2) < 1e-15);
    assert_true(fabs(a.weighted - (2 * a.each[0] + a.each[1]) / 3) < 1e-15);
    assert_true(a.micro < a.macro);
    ost_arena_release(&arena);
}

/* --- laws ---------------------------------------------------------------- */

/* The definition: every cut tried. */
static const char *cuts_are_the_best_there_are(ost_rng *rng)
{
    uint8_t y[MOST];
    double v[MOST], want = ost_rng_f64(rng);
    ost_scores s = { y, v, 2 + ost_rng_below(rng, MOST - 2) };
    ost_costs costs = { ost_rng_f64(rng), ost_rng_f64(rng), ost_rng_f64(rng) };
    ost_operating_point sens, spec, youden, cheap;
    const char *wrong = NULL;
    ost_ranking r;

    for (size_t i = 0; i < s.n; i++) {
        y[i] = i < 2 ? (uint8_t)i : (uint8_t)ost_rng_below(rng, 2);
        v[i] = (double)ost_rng_below(rng, 30) - 10;
    }
    r = ost_ranking_of(&s);
    sens = ost_sensitivity_at_specificity(&r, want);
    spec = ost_specificity_at_sensitivity(&r, want);
    youden = ost_youden(&r);
    cheap = ost_cost_point(&r, &costs);
    if (sens.specificity < want || spec.sensitivity < want)
        wrong = "a fixed rate is not kept";
    for (size_t i = 0; i < s.n && !wrong; i++) {
        ost_operating_point p = ost_operating_point_at(&r, v[i]);
        double gain = p.sensitivity + p.specificity - 1;
        double cost =
            costs.prevalence * costs.false_negative * (1 - p.sensitivity) +
            (1 - costs.prevalence) * costs.false_positive * (1 - p.specificity);

        if (p.specificity >= want && p.sensitivity > sens.sensitivity)
            wrong = "there is a better sensitivity";
        if (p.sensitivity >= want && p.specificity > spec.specificity)
            wrong = "there is a better specificity";
        if (gain > youden.value + 1e-15)
            wrong = "there is a greater Youden index";
        if (cost < cheap.value - 1e-15)
            wrong = "there is a cheaper cut";
    }
    ost_ranking_release(&r);
    return wrong;
}

static void cuts_keep_their_laws(void **state)
{
    (void)state;
    assert_int_equal(each_seed(500, cuts_are_the_best_there_are), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_rates_take_cuts_that_exist),
        cmocka_unit_test(among_equal_cuts_the_highest_is_taken),
        cmocka_unit_test(a_score_worse_than_chance_is_not_cut),
        cmocka_unit_test(costs_move_the_cut),
        cmocka_unit_test(any_threshold_has_its_counts),
        cmocka_unit_test(one_class_has_no_operating_point),
        cmocka_unit_test(precision_and_recall_equal_the_reference),
        cmocka_unit_test(recall_of_no_positives_is_undefined),
        cmocka_unit_test(labels_without_positives_are_left_out_of_means),
        cmocka_unit_test(cuts_keep_their_laws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
