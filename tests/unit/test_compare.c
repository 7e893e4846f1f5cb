/* tests/unit/test_compare.c - the stage that holds arms against a baseline */
/* links: stages store base */
#include "tests/support/comparing.h"

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_compare, NULL };

static void arms_are_judged_and_tested(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    json_t *doc;

    two_arms(f, in);
    doc = compare(f, "{}", in, 2);
    assert_true(text_is(doc, "kind", "comparison"));
    assert_true(text_is(doc, "baseline", "old"));
    assert_true(text_is(doc, "positive", "b"));
    assert_true(text_is(doc, "arms.1.name", "new"));
    near(doc, "n_common", 8);
    near(doc, "n_groups", 6);
    near(doc, "arms.0.accuracy", 7.0 / 8);
    near(doc, "arms.1.accuracy", 6.0 / 8);
    near(doc, "arms.1.recall", 3.0 / 4);
    /* auc, accuracy, recall, specificity; each by the test that is for it. */
    assert_int_equal(json_array_size(at(doc, "tests")), 4);
    assert_true(text_is(doc, "tests.0.test", "delong"));
    assert_true(text_is(doc, "tests.0.a", "new"));
    assert_true(text_is(doc, "tests.0.b", "old"));
    near(doc, "tests.0.difference", 14.0 / 16 - 15.0 / 16);
    assert_true(text_is(doc, "tests.1.metric", "accuracy"));
    assert_true(text_is(doc, "tests.1.test", "mcnemar"));
    near(doc, "tests.1.discordant.a_only", 1);
    near(doc, "tests.1.discordant.b_only", 2);
    near(doc, "tests.1.difference", -1.0 / 8);
    near(doc, "tests.1.p", 1);
    near(doc, "tests.1.n", 8);
    near(doc, "tests.2.n", 4);
    assert_true(json_is_true(at(doc, "tests.1.paired")));
    json_decref(doc);
}

static void the_baseline_can_be_another(void **state)
{
    fixture *f = *state;
    ost_step_input in[3];
    case_row rows[ROWS];
    json_t *doc;

    two_arms(f, in);
    other_scores(rows);
    rows[0].score_b = 0.9;
    in[2] = arm(f, "third", rows, ROWS);
    doc = compare(f,
                  "{'baseline': 'new', 'tests': ['mcnemar'], 'metrics': "
                  "['accuracy']}",
                  in, 3);
    assert_true(text_is(doc, "arms.0.name", "new"));
    assert_true(text_is(doc, "arms.1.name", "old"));
    assert_true(text_is(doc, "tests.0.a", "old"));
    assert_true(text_is(doc, "tests.1.a", "third"));
    assert_int_equal(json_array_size(at(doc, "tests")), 2);
    near(doc, "tests.0.difference", 1.0 / 8);
    json_decref(doc);
    doc = compare(f,
                  "{'pairs': 'all', 'tests': ['mcnemar'], 'metrics': "
                  "['accuracy'], 'correction': 'none'}",
                  in, 3);
    assert_int_equal(json_array_size(at(doc, "tests")), 3);
    near(doc, "tests.2.p_adjusted", number(doc, "tests.2.p"));
    json_decref(doc);
}

static void an_arm_is_a_value_of_an_axis_or_all_of_a_row(void **state)
{
    static const char *const old[] = { "model", "old" };
    static const char *const new[] = { "model", "new" };
    fixture *f = *state;
    ost_step_input in[4];
    case_row rows[ROWS];
    json_t *named, *by;

    other_scores(rows);
    /* Each arm in two pieces, as folds are gathered. */
    in[0] = arm(f, "old", eight, 4);
    in[1] = arm(f, "old", eight + 4, 4);
    in[2] = arm(f, "new", rows, 4);
    in[3] = arm(f, "new", rows + 4, 4);
    named = compare(f, "{}", in, 4);
    for (size_t i = 0; i < 4; i++) {
        in[i].row = "";
        in[i].axes = i < 2 ? old : new;
        in[i].n_axes = 1;
    }
    by = compare(f, "{'by': 'model'}", in, 4);
    assert_true(json_equal(named, by));
    json_decref(named);
    json_decref(by);
}

static void folds_give_paired_differences(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    case_row rows[ROWS];
    json_t *doc;

    two_arms(f, in);
    doc = compare(f,
                  "{'tests': ['corrected_t', 'paired_t'], 'metrics': "
                  "['accuracy', 'auc']}",
                  in, 2);
    near(doc, "tests.0.differences.0", 2.0 / 4 - 3.0 / 4);
    near(doc, "tests.0.differences.1", 0);
    near(doc, "tests.0.n_folds", 2);
    near(doc, "tests.0.test_to_train", 1);
    near(doc, "tests.0.difference", -0.125);
    near(doc, "tests.0.df", 1);
    /* The plain test has a statistic of -1: the corrected one is divided by
     * sqrt((1/2 + 1) / (1/2)). */
    near(doc, "tests.1.statistic", -1);
    assert_true(fabs(number(doc, "tests.0.statistic") + 1 / sqrt(3)) < 1e-11);
    json_decref(doc);
    other_scores(rows);
    rows[7].fold = "0";
    in[1] = arm(f, "new", rows, ROWS);
    fails(f, "{'tests': ['corrected_t']}", in, 2,
          "test 'corrected_t': item 'i8' is in fold 0 of arm 'new' and in fold "
          "1 of arm 'old': the arms must have the same folds");
    rows[7].fold = NULL;
    in[1] = arm(f, "new", rows, ROWS);
    fails(f, "{'tests': ['paired_t']}", in, 2,
          "test 'paired_t': item 'i8' of arm 'new' has no fold");
}

/* Groups are swapped whole: p1 (i1, i2), p2 (i3, i4), p3 .. p6. */
static void permutation_swaps_groups(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    json_t *doc;

    two_arms(f, in);
    doc = compare(
        f, "{'tests': ['permutation'], 'metrics': ['accuracy', 'auc']}", in, 2);
    near(doc, "tests.0.n_swapped", 6);
    assert_true(json_is_true(at(doc, "tests.0.exact")));
    /* By group, right in new less right in old: -1 and 0, else 0. */
    near(doc, "tests.0.p", 1);
    /* Groups drawn again: where a test has no interval, or groups of several
     * items make its own too short; the same draws for all tests of a metric.
     */
    assert_true(text_is(doc, "tests.0.interval", "bootstrap_percentile"));
    near(doc, "tests.0.replicates", 2000);
    assert_true(number(doc, "tests.0.lower") < -0.125);
    near(doc, "tests.0.upper", 0);
    json_decref(doc);
    doc = compare(f,
                  "{'tests': ['permutation', 'mcnemar'], 'metrics': "
                  "['accuracy']}",
                  in, 2);
    near(doc, "tests.0.lower", number(doc, "tests.1.lower"));
    json_decref(doc);
    doc = compare(f,
                  "{'tests': ['mcnemar'], 'metrics': ['accuracy'], "
                  "'bootstrap': 0}",
                  in, 2);
    assert_true(text_is(doc, "tests.0.interval", "bonett_price"));
    json_decref(doc);
    doc = compare(f,
                  "{'tests': ['permutation'], 'metrics': ['accuracy', 'auc'], "
                  "'bootstrap': 0}",
                  in, 2);
    undefined(doc, "tests.0.lower", "the test has no interval");
    near(doc, "tests.1.difference", 14.0 / 16 - 15.0 / 16);
    json_decref(doc);
}

static void tests_of_two_sets_tell_their_counts(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    json_t *doc;

    two_arms(f, in);
    doc = compare(f,
                  "{'tests': ['pearson_chi2', 'fisher'], 'metrics': "
                  "['specificity']}",
                  in, 2);
    near(doc, "tests.0.counts.0.0", 3);
    near(doc, "tests.0.counts.0.1", 1);
    near(doc, "tests.0.counts.1.0", 4);
    near(doc, "tests.0.n", 8);
    near(doc, "tests.0.least_expected", 0.5);
    assert_true(json_is_false(at(doc, "tests.0.paired")));
    near(doc, "tests.1.p", 1);
    assert_int_equal(json_array_size(at(doc, "warnings")), 3);
    json_decref(doc);
}

static void items_that_an_arm_lacks_are_told(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    case_row rows[ROWS];
    json_t *doc;

    other_scores(rows);
    in[0] = arm(f, "old", eight, ROWS);
    in[1] = arm(f, "new", rows + 1, ROWS - 1);
    fails(f, "{}", in, 2,
          "arm 'new' has not judged 1 of 8 items ('i1', ...); all arms have "
          "judged 7 (param 'unmatched': common compares these, unpaired "
          "compares without pairs)");
    doc = compare(f, "{'unmatched': 'common'}", in, 2);
    near(doc, "n_common", 7);
    near(doc, "arms.0.n_items", 7);
    assert_true(text_is(doc, "missing.0.arm", "new"));
    assert_true(text_is(doc, "missing.0.items.0", "i1"));
    near(doc, "tests.1.n", 7);
    json_decref(doc);
    fails(f, "{'unmatched': 'unpaired'}", in, 2,
          "test 'mcnemar' is for arms that judged the same items; without "
          "pairs there are delong, pearson_chi2, yates_chi2, fisher");
    doc = compare(f, "{'unmatched': 'unpaired', 'tests': ['delong', 'fisher']}",
                  in, 2);
    near(doc, "arms.0.n_items", 8);
    near(doc, "arms.1.n_items", 7);
    near(doc, "tests.0.n", 15);
    assert_true(json_is_false(at(doc, "tests.0.paired")));
    json_decref(doc);
    in[1] = arm(f, "new", rows + 4, 4);
    in[0] = arm(f, "old", eight, 4);
    fails(f, "{'unmatched': 'common'}", in, 2,
          "no item was judged by all arms");
}

static void readers_without_scores_have_no_area(void **state)
{
    static const char *const said[2][4] = { { "a", "b", "a", "b" },
                                            { "a", "a", "b", "b" } };
    fixture *f = *state;
    ost_step_input in[2];
    ost_item items[4];
    json_t *doc;

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 4; i++) {
            const char *id = ost_arena_printf(&f->arena, "i%zu", i);

            items[i] = (ost_item){ .id = id, .group = id };
            ost_item_set_label(&f->arena, &items[i], i % 2 ? "b" : "a");
            ost_item_set_text(&f->arena, &items[i], "predicted", said[k][i]);
        }
        in[k] = at_port("predictions",
                        put_items(f->batch, OST_PREDICTIONS, "{}", items, 4));
        in[k].row = k ? "junior" : "senior";
    }
    doc = compare(f, "{}", in, 2);
    assert_int_equal(json_array_size(at(doc, "tests")), 3);
    near(doc, "tests.0.difference", -0.5);
    json_decref(doc);
    fails(f, "{'metrics': ['auc']}", in, 2,
          "param 'metrics': 'auc' needs predictions with scores");
    fails(f, "{'threshold': 0.5}", in, 2,
          "param 'threshold' is for two classes with scores");
    fails(f, "{'tests': ['delong']}", in, 2,
          "none of the tests is for one of the metrics");
}

/* Of more than two classes there is the accuracy. */
static void several_classes_have_their_accuracy(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    ost_item items[6];
    json_t *doc;

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 6; i++) {
            const char *id = ost_arena_printf(&f->arena, "i%zu", i);
            const char *const names[] = { "x", "y", "z" };

            items[i] = (ost_item){ .id = id, .group = id };
            ost_item_set_label(&f->arena, &items[i], names[i % 3]);
            ost_item_set_text(&f->arena, &items[i], "predicted",
                              k == 0 || i > 3 ? names[i % 3] : "x");
        }
        in[k] = at_port("predictions",
                        put_items(f->batch, OST_PREDICTIONS, "{}", items, 6));
        in[k].row = k ? "poor" : "good";
    }
    doc = compare(f, "{}", in, 2);
    assert_int_equal(json_array_size(at(doc, "tests")), 1);
    assert_true(json_is_null(at(doc, "positive")));
    near(doc, "tests.0.a_value", 4.0 / 6);
    near(doc, "tests.0.discordant.b_only", 2);
    json_decref(doc);
    fails(f, "{'metrics': ['recall']}", in, 2,
          "param 'metrics': 'recall' needs two classes");
}

/* Of several labels for each item, one is compared. */
static void one_of_several_labels_is_compared(void **state)
{
    static const char meta[] =
        "{\"classes\":[\"cyst\",\"node\"],\"kind\":\"labels\"}";
    static const char *const has[] = { "node" };
    fixture *f = *state;
    ost_step_input in[2];
    ost_item items[4];
    json_t *doc;

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 4; i++) {
            const char *id = ost_arena_printf(&f->arena, "i%zu", i);
            double node = k == 0 || i != 1 ? (i % 2 ? 0.8 : 0.1) : 0.05;

            items[i] = (ost_item){
                .id = id, .group = id, .labels = has, .n_labels = i % 2
            };
            ost_item_set_number(&f->arena, &items[i], "score.cyst", 0.5);
            ost_item_set_number(&f->arena, &items[i], "score.node", node);
        }
        in[k] = at_port("predictions",
                        put_items(f->batch, OST_PREDICTIONS, meta, items, 4));
        in[k].row = k ? "poor" : "good";
    }
    doc = compare(f, "{'label': 'node', 'positive': 'node'}", in, 2);
    assert_true(text_is(doc, "positive", "node"));
    near(doc, "arms.0.auc", 1);
    near(doc, "arms.1.recall", 0.5);
    near(doc, "tests.0.difference", -0.5);
    json_decref(doc);
    in[0] = in[1];
    in[0].row = "again";
    fails(f, "{}", in, 2,
          "the predictions have several labels for each item: param 'label' "
          "says which one is judged");
}

static void equal_arms_do_not_differ(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    json_t *doc;

    in[0] = arm(f, "one", eight, ROWS);
    in[1] = arm(f, "two", eight, ROWS);
    doc = compare(f,
                  "{'tests': ['delong', 'mcnemar', 'permutation', "
                  "'corrected_t']}",
                  in, 2);
    for (size_t i = 0; i < json_array_size(at(doc, "tests")); i++) {
        const json_t *t = json_array_get(at(doc, "tests"), i);

        near(t, "difference", 0);
        near(t, "p", 1);
    }
    json_decref(doc);
}

static void one_class_leaves_areas_undefined(void **state)
{
    fixture *f = *state;
    static const case_row few[] = { { "i1", "p1", "a", 0.1, NULL },
                                    { "i2", "p2", "a", 0.7, NULL } };
    ost_step_input in[2];
    json_t *doc;

    in[0] = arm(f, "one", few, 2);
    in[1] = arm(f, "two", few, 2);
    doc = compare(f, "{}", in, 2);
    undefined(doc, "tests.0.p", "fewer than two items of a class");
    undefined(doc, "tests.0.difference", "undefined in an arm");
    near(doc, "tests.1.p", 1);
    undefined(doc, "tests.2.p", "no items");
    json_decref(doc);
    /* nor is an MCC of 0 of both arms a difference of 0 */
    doc = compare(f, "{'tests': ['permutation'], 'metrics': ['mcc']}", in, 2);
    undefined(doc, "tests.0.a_value", "undefined");
    undefined(doc, "tests.0.p", "undefined in one of the arms");
    json_decref(doc);
}

static void bad_arms_are_refused(void **state)
{
    fixture *f = *state;
    ost_step_input in[2], twice[3];
    case_row rows[ROWS];

    two_arms(f, in);
    fails(f, "{'baseline': 'odl'}", in, 2,
          "param 'baseline': no arm 'odl' (did you mean 'old'?)");
    fails(f, "{'by': 'reader'}", in, 2,
          "item 'i1' has no value on the axis 'reader' of param 'by'");
    fails(f, "{}", in, 1, "there is nothing to compare: 1 arm ('old')");
    memcpy(twice, in, sizeof(in));
    twice[2] = in[0];
    fails(f, "{}", twice, 3,
          "arm 'old': item 'i1' was predicted twice; an arm says one thing of "
          "each item");
    in[0].row = "";
    fails(f, "{}", in, 2,
          "port 'predictions': each arm needs a name ({\"reader\": ..., "
          "\"network\": ...}), or param 'by' the axis that tells them apart");
    other_scores(rows);
    rows[2].label = "a";
    in[0] = arm(f, "old", eight, ROWS);
    in[1] = arm(f, "new", rows, ROWS);
    fails(f, "{}", in, 2,
          "item 'i3' is labeled 'b' in arm 'old' and 'a' in arm 'new'");
}

static void refuses_params(const char *with, const char *message)
{
    char *text = ost_xstrdup(with);
    ost_err err = { 0 };
    json_t *given, *full = NULL;

    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    given = json_loads(text, 0, NULL);
    assert_non_null(given);
    if (!ost_params_complete(&ost_stage_compare, given, NULL, NULL, &full,
                             &err)) {
        ost_arena arena = { 0 };
        const void *params;

        assert_ok(
            ost_params_fill(&ost_stage_compare, full, &arena, &params, &err),
            &err);
        assert_int_not_equal(ost_stage_compare.check(params, &err), OST_OK);
        ost_arena_release(&arena);
    }
    assert_non_null(strstr(err.text, message));
    json_decref(given);
    json_decref(full);
    ost_free(text);
}

static void bad_params_are_refused(void **state)
{
    (void)state;
    refuses_params("{'tests': ['delogn']}",
                   "param 'tests': there is no 'delogn' (did you mean "
                   "'delong'?)");
    refuses_params("{'metrics': ['auc', 'auc']}",
                   "param 'metrics': 'auc' is there twice");
    refuses_params("{'threshold': 'youden'}",
                   "param 'threshold': expected a number or null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arms_are_judged_and_tested, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_baseline_can_be_another, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            an_arm_is_a_value_of_an_axis_or_all_of_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(folds_give_paired_differences, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(permutation_swaps_groups, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tests_of_two_sets_tell_their_counts,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(items_that_an_arm_lacks_are_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(readers_without_scores_have_no_area,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(several_classes_have_their_accuracy,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_several_labels_is_compared,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(equal_arms_do_not_differ, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_class_leaves_areas_undefined, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(bad_arms_are_refused, setup, teardown),
        cmocka_unit_test(bad_params_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
