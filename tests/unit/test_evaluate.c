/* tests/unit/test_evaluate.c - the stage that judges predictions */
/* links: stages store base */
#include "stages/positive.h"
#include "tests/support/judging.h"

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_evaluate, NULL };
static void
two_classes_give_the_pooled_numbers_and_those_of_each_fold(void **state)
{
    fixture *f = *state;
    json_t *doc = judge_rows(f, "{}", eight, 8);

    assert_string_equal(json_string_value(at(doc, "positive")), "b");
    assert_string_equal(json_string_value(at(doc, "classes.0")), "a");
    near(doc, "pooled.n_items", 8);
    near(doc, "pooled.n_groups", 6);
    near(doc, "pooled.confusion.0.0", 4);
    near(doc, "pooled.confusion.0.1", 0);
    near(doc, "pooled.confusion.1.0", 1);
    near(doc, "pooled.confusion.1.1", 3);
    near(doc, "pooled.accuracy", 7.0 / 8);
    near(doc, "pooled.precision", 1);
    near(doc, "pooled.recall", 0.75);
    near(doc, "pooled.specificity", 1);
    near(doc, "pooled.f1", 6.0 / 7);
    near(doc, "pooled.auc", 15.0 / 16);
    near(doc, "folds.0.auc", 0.75);
    near(doc, "folds.0.fold", 0);
    near(doc, "folds.1.auc", 1);
    near(doc, "folds.1.accuracy", 1);
    near(doc, "summary.auc.mean", 0.875);
    near(doc, "summary.auc.std", 0.125);
    near(doc, "mean_roc.auc_std", 0.125);
    near(doc, "mean_roc.tpr.0", 0);
    near(doc, "mean_roc.tpr.99", 1);
    assert_string_equal(json_string_value(at(doc, "pooled.roc.threshold.0")),
                        "inf");
    assert_string_equal(
        json_string_value(at(doc, "pooled.intervals.auc.method")),
        "bootstrap_percentile");
    assert_true(number(doc, "pooled.intervals.auc.lo") < 15.0 / 16);
    json_decref(doc);
}

static void the_other_class_can_be_the_positive_one(void **state)
{
    fixture *f = *state;
    json_t *doc = judge_rows(f, "{'positive': 'a'}", eight, 8);

    assert_string_equal(json_string_value(at(doc, "positive")), "a");
    near(doc, "pooled.recall", 1);
    near(doc, "pooled.specificity", 0.75);
    near(doc, "pooled.auc", 15.0 / 16);
    /* The matrix keeps the order of the classes. */
    near(doc, "pooled.confusion.1.0", 1);
    json_decref(doc);
}

static void
a_class_that_says_nothing_found_is_not_the_positive_one(void **state)
{
    static const struct {
        const char *first;
        const char *last;
        size_t positive;
    } rows[] = {
        { "fracture", "normal", 0 },
        { "normal", "pneumonia", 1 },
        { "No_findings", "Pneumonia", 1 },
        { "0", "1", 1 },
        { "abnormal", "normal", 0 },
        { "fractured", "non_fractured", 0 },
        { "benign", "malignant", 1 },
        { "Lesion", "No lesion", 0 },
        { "healthy", "normal", 1 },
        { "cat", "noise", 1 },
        { "gas", "not", 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ost_positive_of_two(rows[i].first, rows[i].last),
                         rows[i].positive);
}

static void a_threshold_is_reached_from_above_and_included(void **state)
{
    fixture *f = *state;
    json_t *doc = judge_rows(f, "{'threshold': 0.35}", eight, 8);

    near(doc, "threshold", 0.35);
    near(doc, "pooled.recall", 1);
    near(doc, "pooled.specificity", 0.75);
    json_decref(doc);
}

static void a_fold_with_one_class_has_no_area_and_says_why(void **state)
{
    fixture *f = *state;
    static const case_row rows[] = {
        { "i1", "p1", "a", 0.1, "0" },
        { "i2", "p2", "b", 0.9, "0" },
        { "i3", "p3", "a", 0.3, "1" },
        { "i4", "p4", "a", 0.6, "1" },
    };
    json_t *doc = judge_rows(f, "{}", rows, 4);

    undefined(doc, "folds.1.auc", "one class");
    undefined(doc, "folds.1.roc", "one class");
    undefined(doc, "folds.1.intervals.auc", "fewer than two items of a class");
    near(doc, "folds.1.recall", 0);
    undefined(doc, "folds.1.intervals.recall", "zero denominator");
    near(doc, "summary.auc.mean", 1);
    near(doc, "summary.auc.n", 1);
    near(doc, "summary.auc.skipped", 1);
    near(doc, "mean_roc.n", 1);
    near(doc, "mean_roc.skipped", 1);
    assert_string_equal(json_string_value(at(doc, "warnings.0")),
                        "fold 1: recall has a zero denominator, taken as 0");
    json_decref(doc);
    doc = judge_rows(f, "{'zero_division': 'undefined'}", rows, 4);
    undefined(doc, "folds.1.recall", "zero denominator");
    assert_int_equal(json_array_size(at(doc, "warnings")), 1);
    assert_string_equal(json_string_value(at(doc, "warnings.0")),
                        "one class only, and no area, in fold 1");
    json_decref(doc);
}

static void axes_of_inputs_are_folds_too_in_their_order(void **state)
{
    fixture *f = *state;
    static const char *const above[] = { "fold", "above" };
    static const char *const below[] = { "fold", "below" };
    case_row rows[8];
    ost_step_input in[2];
    json_t *doc;

    memcpy(rows, eight, sizeof(rows));
    for (int i = 0; i < 8; i++)
        rows[i].fold = NULL;
    in[0] = at_port("predictions", put_predictions(f->batch, "{}", rows, 4));
    in[1] =
        at_port("predictions", put_predictions(f->batch, "{}", rows + 4, 4));
    in[0].axes = below;
    in[1].axes = above;
    in[0].n_axes = in[1].n_axes = 1;
    doc = judge(f, "{}", in, 2);
    assert_string_equal(json_string_value(at(doc, "folds.0.fold")), "below");
    near(doc, "folds.0.auc", 0.75);
    near(doc, "folds.1.auc", 1);
    near(doc, "pooled.auc", 15.0 / 16);
    json_decref(doc);
    doc = judge(f, "{'by': 'site'}", in, 2);
    assert_int_equal(json_array_size(at(doc, "folds")), 0);
    undefined(doc, "mean_roc", "nothing to take a mean over");
    undefined(doc, "summary.auc.mean", "undefined everywhere");
    json_decref(doc);
}

static void items_without_label_are_left_out_and_counted(void **state)
{
    fixture *f = *state;
    case_row rows[8];
    json_t *doc;

    memcpy(rows, eight, sizeof(rows));
    rows[2].label = NULL;
    doc = judge_rows(f, "{}", rows, 8);
    near(doc, "n_unlabeled", 1);
    near(doc, "pooled.n_items", 7);
    near(doc, "pooled.auc", 1);
    json_decref(doc);
}

static void no_labels_at_all_leave_everything_undefined(void **state)
{
    fixture *f = *state;
    static const case_row rows[] = { { "i1", "p1", NULL, 0.1, NULL } };
    json_t *doc = judge_rows(f, "{}", rows, 1);

    undefined(doc, "pooled.accuracy", "no items");
    undefined(doc, "pooled.auc", "no items");
    near(doc, "pooled.n_items", 0);
    json_decref(doc);
    doc = judge_rows(f, "{}", NULL, 0);
    assert_int_equal(json_array_size(at(doc, "classes")), 0);
    undefined(doc, "pooled.accuracy", "no items");
    json_decref(doc);
}

static void an_item_that_comes_twice_is_warned_of(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    json_t *doc;

    in[0] = at_port("predictions", put_predictions(f->batch, "{}", eight, 8));
    in[1] = at_port("predictions", put_predictions(f->batch, "{}", eight, 2));
    doc = judge(f, "{}", in, 2);
    assert_string_equal(json_string_value(at(doc, "warnings.0")),
                        "2 of 10 predictions are of an item that was predicted "
                        "before");
    near(doc, "pooled.n_items", 10);
    json_decref(doc);
}

/* --- several classes ---------------------------------------------------- */

/* Items i0, i1, ... of classes x, y, z with the given scores. */
static ost_digest three_classes(fixture *f, const char *labels,
                                double (*scores)[3], size_t n)
{
    static const char *const names[] = { "score.x", "score.y", "score.z" };
    ost_item items[16] = { 0 };

    assert_true(n <= 16);
    for (size_t i = 0; i < n; i++) {
        items[i].id = ost_arena_printf(&f->arena, "i%zu", i);
        items[i].group = items[i].id;
        ost_item_set_label(&f->arena, &items[i],
                           ost_arena_printf(&f->arena, "%c", labels[i]));
        for (int k = 0; k < 3; k++)
            ost_item_set_number(&f->arena, &items[i], names[k], scores[i][k]);
    }
    return put_items(f->batch, OST_PREDICTIONS, "{}", items, n);
}

static void many_classes_are_held_against_the_rest(void **state)
{
    fixture *f = *state;
    double scores[6][3] = { { 0.7, 0.2, 0.1 }, { 0.4, 0.5, 0.1 },
                            { 0.1, 0.8, 0.1 }, { 0.2, 0.6, 0.2 },
                            { 0.1, 0.1, 0.8 }, { 0.3, 0.4, 0.3 } };
    ost_step_input in =
        at_port("predictions", three_classes(f, "xxyyzz", scores, 6));
    json_t *doc = judge(f, "{}", &in, 1);

    assert_true(json_is_null(at(doc, "positive")));
    near(doc, "pooled.accuracy", 4.0 / 6);
    near(doc, "pooled.recall", 2.0 / 3);
    near(doc, "pooled.precision", (1 + 0.5 + 1) / 3);
    near(doc, "pooled.per_class.1.auc", 1);
    near(doc, "pooled.per_class.0.auc", 1);
    near(doc, "pooled.auc", 1);
    near(doc, "pooled.per_class.1.precision", 0.5);
    assert_string_equal(json_string_value(at(doc, "pooled.per_class.2.class")),
                        "z");
    undefined(doc, "mean_roc", "nothing to take a mean over");
    json_decref(doc);
}

static void a_class_without_items_is_undefined_and_left_out(void **state)
{
    fixture *f = *state;
    double scores[4][3] = { { 0.7, 0.2, 0.1 },
                            { 0.5, 0.4, 0.1 },
                            { 0.1, 0.8, 0.1 },
                            { 0.2, 0.6, 0.2 } };
    ost_step_input in =
        at_port("predictions", three_classes(f, "xxyy", scores, 4));
    json_t *doc = judge(f, "{}", &in, 1);

    undefined(doc, "pooled.per_class.2.auc", "one class");
    near(doc, "pooled.auc", 1);
    near(doc, "pooled.balanced_accuracy", 1);
    near(doc, "pooled.recall", 2.0 / 3);
    json_decref(doc);
}

static void scores_of_many_classes_must_sum_to_one(void **state)
{
    fixture *f = *state;
    double scores[1][3] = { { 0.7, 0.2, 0.2 } };

    refuses(f, "{}", three_classes(f, "x", scores, 1),
            "item 'i0': the scores of its 3 classes sum to 1.1, not to 1");
    scores[0][2] = 0.1;
    refuses(f, "{'threshold': 0.5}", three_classes(f, "x", scores, 1),
            "param 'threshold': there are 3 classes, and a threshold is for "
            "two");
    refuses(f, "{'positive': 'x'}", three_classes(f, "x", scores, 1),
            "param 'positive': there are 3 classes, and a positive one among "
            "two only");
}

/* --- predictions without scores, and broken ones ------------------------- */

static void labels_and_predictions_alone_give_rates(void **state)
{
    fixture *f = *state;
    ost_item items[3] = { { .id = "i1", .group = "g" },
                          { .id = "i2", .group = "g" },
                          { .id = "i3", .group = "g" } };
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 3; i++) {
        ost_item_set_label(&f->arena, &items[i], i ? "sick" : "fine");
        ost_item_set_text(&f->arena, &items[i], "predicted",
                          i == 2 ? "sick" : "fine");
    }
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS, "{}", items, 3));
    doc = judge(f, "{}", &in, 1);
    assert_string_equal(json_string_value(at(doc, "positive")), "sick");
    near(doc, "pooled.recall", 0.5);
    undefined(doc, "pooled.auc", "no scores");
    json_decref(doc);
    refuses(f, "{'threshold': 0.5}", in.artifact,
            "param 'threshold': the predictions have no scores");
}

static void broken_predictions_are_named(void **state)
{
    fixture *f = *state;
    case_row row = { "i1", "p1", "b", 0.5, NULL };
    ost_item item = { .id = "i1", .group = "p1" };

    row.score_b = (double)NAN;
    refuses(f, "{}", put_predictions(f->batch, "{}", &row, 1),
            "item 'i1': the score for class 'a' is not a finite number");
    row.score_b = 0.5;
    row.label = "bb";
    refuses(f, "{}",
            put_predictions(f->batch, "{\"classes\":[\"a\",\"b\"]}", &row, 1),
            "item 'i1': label 'bb' is not among the classes (did you mean "
            "'b'?)");
    row.label = "b";
    refuses(f, "{'positive': 'c'}", put_predictions(f->batch, "{}", &row, 1),
            "param 'positive': no class 'c'");
    ost_item_set_number(&f->arena, &item, "score.a", 0.5);
    refuses(f, "{}",
            put_items(f->batch, OST_PREDICTIONS, "{\"classes\":[\"a\",\"b\"]}",
                      &item, 1),
            "item 'i1': no score for class 'b'");
    ost_item_set_label(&f->arena, &item, "a");
    item.n_attrs = 0;
    refuses(f, "{}", put_items(f->batch, OST_PREDICTIONS, "{}", &item, 1),
            "item 'i1' has neither scores nor a prediction");
}

static void one_of_several_labels_is_judged(void **state)
{
    static const double scores[] = { 0.9, 0.2, 0.6, 0.4 };
    static const char *const labels[] = { "bone|lung", "lung", "", "bone" };
    fixture *f = *state;
    ost_item items[4];
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 4; i++) {
        char *id = ost_arena_printf(&f->arena, "i%d", i);

        items[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_labels(&f->arena, &items[i], labels[i]);
        ost_item_set_number(&f->arena, &items[i], "score.bone", scores[i]);
        ost_item_set_number(&f->arena, &items[i], "score.lung", 0.5);
        ost_item_set_text(&f->arena, &items[i], "predicted", "bone|lung");
    }
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS,
                           "{\"classes\":[\"bone\",\"lung\"],\"kind\":"
                           "\"labels\"}",
                           items, 4));
    doc = judge(f, "{'label': 'bone'}", &in, 1);
    assert_string_equal(json_string_value(at(doc, "positive")), "bone");
    assert_int_equal(json_integer_value(at(doc, "pooled.n_positive")), 2);
    /* of four pairs, 0.4 is behind 0.6 */
    assert_true(json_number_value(at(doc, "pooled.auc")) == 0.75);
    assert_true(json_number_value(at(doc, "pooled.accuracy")) == 0.5);
    json_decref(doc);

    refuses(f, "{'label': 'skin'}", in.artifact,
            "param 'label': 'skin' is not among the labels");
    refuses(
        f, "{'label': 'a'}",
        put_items(f->batch, OST_PREDICTIONS, "{\"classes\":[\"a\"]}", items, 1),
        "param 'label' is for predictions of several labels");
    refuses(f, "{}",
            put_items(f->batch, OST_PREDICTIONS,
                      "{\"classes\":[],\"kind\":\"mask\"}", items, 1),
            "the predictions are of kind 'mask': this stage judges classes "
            "and labels");
}

static void a_single_class_has_rates_and_no_areas(void **state)
{
    fixture *f = *state;
    ost_item items[3];
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 3; i++) {
        char *id = ost_arena_printf(&f->arena, "i%d", i);

        items[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_label(&f->arena, &items[i], "x");
        ost_item_set_number(&f->arena, &items[i], "score.x", 1);
    }
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS, "{}", items, 3));
    doc = judge(f, "{}", &in, 1);
    near(doc, "pooled.accuracy", 1);
    near(doc, "pooled.recall", 1);
    undefined(doc, "pooled.auc", "one class");
    undefined(doc, "pooled.kappa", "chance agrees everywhere");
    near(doc, "pooled.brier", 0);
    json_decref(doc);
}

static void scores_of_two_values_are_told(void **state)
{
    fixture *f = *state;
    case_row rows[8];
    json_t *doc;

    memcpy(rows, eight, sizeof(rows));
    for (int i = 0; i < 8; i++)
        rows[i].score_b = rows[i].score_b > 0.5;
    doc = judge_rows(f, "{'by': 'none'}", rows, 8);
    assert_string_equal(json_string_value(at(doc, "warnings.0")),
                        "pooled: scores take at most two values, so the area "
                        "under the curve is that of one threshold");
    near(doc, "pooled.auc", number(doc, "pooled.balanced_accuracy"));
    json_decref(doc);
}

static void long_curves_are_thinned_and_numbers_are_of_all(void **state)
{
    enum { N = 6000 };
    fixture *f = *state;
    case_row *rows = ost_xalloc(sizeof(*rows) * N);
    json_t *doc;
    size_t points;

    for (int i = 0; i < N; i++)
        rows[i] = (case_row){
            .id = ost_arena_printf(&f->arena, "i%04d", i),
            .group = ost_arena_printf(&f->arena, "i%04d", i),
            .label = i * 7 % 5 < 2 ? "b" : "a",
            .score_b = (i * 7919 % N + (i * 7 % 5 < 2) * 800) / 10000.0,
        };
    doc = judge_rows(f, "{'bootstrap': 0}", rows, N);
    points = json_array_size(at(doc, "pooled.roc.fpr"));
    assert_true(points > 100 && points < 600);
    assert_true(number(doc, "pooled.roc.thinned_from") > 2000);
    assert_true(number(doc, "pooled.pr.thinned_from") > 2000);
    near(doc, "pooled.roc.tpr.0", 0);
    assert_true(json_number_value(json_array_get(at(doc, "pooled.roc.tpr"),
                                                 points - 1)) == 1);
    assert_true(number(doc, "pooled.auc") > 0.55);
    json_decref(doc);
    ost_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            two_classes_give_the_pooled_numbers_and_those_of_each_fold),
        cmocka_unit_test(the_other_class_can_be_the_positive_one),
        cmocka_unit_test(
            a_class_that_says_nothing_found_is_not_the_positive_one),
        cmocka_unit_test(a_threshold_is_reached_from_above_and_included),
        cmocka_unit_test(a_fold_with_one_class_has_no_area_and_says_why),
        cmocka_unit_test(axes_of_inputs_are_folds_too_in_their_order),
        cmocka_unit_test(items_without_label_are_left_out_and_counted),
        cmocka_unit_test(no_labels_at_all_leave_everything_undefined),
        cmocka_unit_test(an_item_that_comes_twice_is_warned_of),
        cmocka_unit_test(many_classes_are_held_against_the_rest),
        cmocka_unit_test(a_class_without_items_is_undefined_and_left_out),
        cmocka_unit_test(scores_of_many_classes_must_sum_to_one),
        cmocka_unit_test(labels_and_predictions_alone_give_rates),
        cmocka_unit_test(broken_predictions_are_named),
        cmocka_unit_test(one_of_several_labels_is_judged),
        cmocka_unit_test(a_single_class_has_rates_and_no_areas),
        cmocka_unit_test(scores_of_two_values_are_told),
        cmocka_unit_test(long_curves_are_thinned_and_numbers_are_of_all),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
