/* tests/unit/test_evaluate_kinds.c - labels, numbers, thresholds, sub-groups */
/* links: stages store base */
#include "tests/support/judging.h"

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_evaluate, NULL };

/* --- several labels, numbers --------------------------------------------- */

/* Four items with labels bone and lung, scores and groups. */
static ost_digest four_labeled(fixture *f, ost_item *items)
{
    static const double bone[] = { 0.9, 0.2, 0.6, 0.4 };
    static const double lung[] = { 0.7, 0.8, 0.1, 0.6 };
    static const char *const labels[] = { "bone|lung", "lung", "", "bone" };

    for (int i = 0; i < 4; i++) {
        char *id = ost_arena_printf(&f->arena, "i%d", i);

        items[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_labels(&f->arena, &items[i], labels[i]);
        ost_item_set_number(&f->arena, &items[i], "score.bone", bone[i]);
        ost_item_set_number(&f->arena, &items[i], "score.lung", lung[i]);
    }
    return put_items(f->batch, OST_PREDICTIONS,
                     "{\"classes\":[\"bone\",\"lung\"],\"kind\":\"labels\"}",
                     items, 4);
}

static void several_labels_are_judged_together(void **state)
{
    fixture *f = *state;
    ost_item items[4];
    ost_step_input in = at_port("predictions", four_labeled(f, items));
    json_t *doc = judge(f, "{}", &in, 1);

    assert_string_equal(json_string_value(at(doc, "predicts")), "labels");
    assert_string_equal(json_string_value(at(doc, "labels.0.label")), "bone");
    /* bone: 0.9 and 0.4 against 0.2 and 0.6; lung: perfect order */
    near(doc, "labels.0.auc", 0.75);
    near(doc, "labels.1.auc", 1);
    near(doc, "macro.auc", 0.875);
    near(doc, "pooled.auc", 0.875);
    /* says bone of 0 and 2, lung of 0, 1 and 3 */
    near(doc, "labels.0.recall", 0.5);
    near(doc, "labels.1.precision", 2.0 / 3);
    near(doc, "pooled.subset_accuracy", 2.0 / 4);
    near(doc, "pooled.hamming_loss", 3.0 / 8);
    near(doc, "micro.precision", 3.0 / 5);
    near(doc, "micro.recall", 3.0 / 4);
    near(doc, "weighted.recall", (0.5 + 1) / 2);
    assert_null(at(doc, "pooled.labels"));
    undefined(doc, "mean_roc", "nothing to take a mean over");
    json_decref(doc);

    doc = judge(f, "{'threshold': 0.65}", &in, 1);
    near(doc, "pooled.subset_accuracy", 3.0 / 4);
    near(doc, "threshold", 0.65);
    json_decref(doc);
}

static void a_label_that_no_score_is_for_is_named(void **state)
{
    fixture *f = *state;
    ost_item items[4];

    (void)four_labeled(f, items);
    ost_item_set_labels(&f->arena, &items[1], "lungs");
    refuses(f, "{}",
            put_items(f->batch, OST_PREDICTIONS,
                      "{\"classes\":[\"bone\",\"lung\"],\"kind\":\"labels\"}",
                      items, 4),
            "item 'i1': label 'lungs' is not among the classes (did you mean "
            "'lung'?)");
}

static void numbers_are_judged_by_their_errors(void **state)
{
    static const double predicted[] = { 1.5, 2, 2.5, 5, 7 };
    static const char *const actual[] = { "1", "2", "3", "4", NULL };
    fixture *f = *state;
    ost_item items[5];
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 5; i++) {
        char *id = ost_arena_printf(&f->arena, "i%d", i);

        items[i] = (ost_item){ .id = id, .group = id };
        if (actual[i])
            ost_item_set_label(&f->arena, &items[i], actual[i]);
        ost_item_set_number(&f->arena, &items[i], "predicted", predicted[i]);
    }
    in = at_port("predictions", put_items(f->batch, OST_PREDICTIONS,
                                          "{\"classes\":[],\"kind\":"
                                          "\"number\"}",
                                          items, 5));
    doc = judge(f, "{}", &in, 1);
    assert_string_equal(json_string_value(at(doc, "predicts")), "numbers");
    near(doc, "n_unlabeled", 1);
    near(doc, "pooled.mean_absolute_error", 0.5);
    near(doc, "pooled.bias", 0.25);
    near(doc, "pooled.rmse", sqrt(1.5 / 4));
    near(doc, "pooled.r2", 1 - 1.5 / 5);
    near(doc, "pooled.pearson_r", 5.5 / sqrt(5 * 7.25));
    near(doc, "summary.rmse.n", 0);
    json_decref(doc);
    refuses(f, "{'threshold': 1}", in.artifact,
            "param 'threshold': the predictions are numbers, and a threshold "
            "is for classes");
    ost_item_set_label(&f->arena, &items[2], "3 cm");
    refuses(f, "{}",
            put_items(f->batch, OST_PREDICTIONS,
                      "{\"classes\":[],\"kind\":\"number\"}", items, 5),
            "item 'i2': label '3 cm' is not a number");
}

static void predictions_of_two_kinds_are_refused(void **state)
{
    fixture *f = *state;
    ost_item items[4];
    ost_step_input in[2];
    ost_done_msg done;

    in[0] = at_port("predictions", four_labeled(f, items));
    in[1] = at_port("predictions", put_predictions(f->batch, "{}", eight, 8));
    done = run_stage(f->batch, &ost_stage_evaluate, "{}", in, 2, &f->arena);
    assert_string_equal(done.error,
                        "the predictions are of different kinds: some are of "
                        "classes, of labels or of numbers, and others not");
    refuses(f, "{'resample': 'stratified'}", in[0].artifact,
            "resample 'stratified' is for predictions of classes");
    refuses(f, "{'positive': 'bone'}", in[0].artifact,
            "param 'positive' is for predictions of classes");
}

/* --- thresholds ----------------------------------------------------------- */

/* Validation items v1, ... of folds 0 and 1, whose best cuts are 0.3 and 0.6.
 */
static const case_row chosen_on[] = {
    { "v1", "q1", "a", 0.2, "0" }, { "v2", "q2", "b", 0.3, "0" },
    { "v3", "q3", "b", 0.5, "0" }, { "v4", "q4", "a", 0.5, "1" },
    { "v5", "q5", "b", 0.6, "1" }, { "v6", "q6", "a", 0.1, "1" },
};

static void rules_choose_on_validation_items_of_the_same_fold(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    json_t *doc;

    in[0] = at_port("predictions", put_predictions(f->batch, "{}", eight, 8));
    in[1] =
        at_port("validation", put_predictions(f->batch, "{}", chosen_on, 6));
    doc = judge(f, "{'threshold': 'youden'}", in, 2);
    assert_true(json_is_null(at(doc, "threshold")));
    near(doc, "threshold_from.per.0", 0.3);
    near(doc, "threshold_from.per.1", 0.6);
    near(doc, "threshold_from.n_items", 6);
    assert_string_equal(json_string_value(at(doc, "threshold_from.on")),
                        "validation");
    /* fold 0: 0.4 is called b wrongly; fold 1: all right */
    near(doc, "folds.0.specificity", 0.5);
    near(doc, "folds.1.accuracy", 1);
    near(doc, "pooled.accuracy", 7.0 / 8);
    json_decref(doc);

    doc = judge(f, "{'threshold': {'sensitivity': 0.5}}", in, 2);
    near(doc, "threshold_from.per.0", 0.5);
    json_decref(doc);
    doc = judge(f, "{'threshold': 'cost', 'costs': {'fp': 1, 'fn': 1}}", in, 2);
    near(doc, "threshold_from.per.1", 0.6);
    json_decref(doc);
}

static void one_validation_set_without_folds_serves_all(void **state)
{
    fixture *f = *state;
    case_row rows[6];
    ost_step_input in[2];
    json_t *doc;

    memcpy(rows, chosen_on, sizeof(rows));
    for (int i = 0; i < 6; i++)
        rows[i].fold = NULL;
    in[0] = at_port("predictions", put_predictions(f->batch, "{}", eight, 8));
    in[1] = at_port("validation", put_predictions(f->batch, "{}", rows, 6));
    doc = judge(f, "{'threshold': {'specificity': 0.9}}", in, 2);
    near(doc, "threshold", 0.6);
    near(doc, "threshold_from.per.all", 0.6);
    json_decref(doc);
}

static void two_inputs_refuse(fixture *f, const char *with, ost_digest test,
                              const case_row *rows, size_t n,
                              const char *message)
{
    ost_step_input in[2];
    ost_done_msg done;

    in[0] = at_port("predictions", test);
    in[1] = at_port("validation", put_predictions(f->batch, "{}", rows, n));
    done = run_stage(f->batch, &ost_stage_evaluate, with, in, 2, &f->arena);
    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, message);
}

static void thresholds_are_not_chosen_on_what_is_judged(void **state)
{
    static const char youden[] = "{'threshold': 'youden'}";
    fixture *f = *state;
    ost_digest test = put_predictions(f->batch, "{}", eight, 8);
    case_row rows[6], without[8];

    refuses(f, youden, test,
            "param 'threshold': a threshold is chosen on validation "
            "predictions, never on those that are judged: bind them to the "
            "port 'validation' (\"in\": {\"predictions\": \"test\", "
            "\"validation\": \"val\"}), or write a number");
    memcpy(rows, chosen_on, sizeof(rows));
    rows[1].id = "i3";
    two_inputs_refuse(f, youden, test, rows, 6,
                      "item 'i3' of fold 0 is among the validation predictions "
                      "and among those that are judged");
    rows[1].id = "v2";
    two_inputs_refuse(f, youden, test, rows, 3,
                      "param 'threshold': no validation predictions for "
                      "fold 1");
    two_inputs_refuse(f, youden, test, rows, 4,
                      "param 'threshold': the validation items for fold 1 are "
                      "of one class, so that nothing can be chosen");
    for (int i = 0; i < 8; i++)
        without[i] = eight[i];
    without[7].fold = NULL;
    two_inputs_refuse(f, youden, put_predictions(f->batch, "{}", without, 8),
                      chosen_on, 6,
                      "item 'i8' has no fold, so no threshold was chosen for "
                      "it");
    two_inputs_refuse(f, "{}", test, rows, 6,
                      "port 'validation' is for choosing a threshold: param "
                      "'threshold' says by which rule (\"youden\")");
}

static void validation_predictions_are_of_the_same_classes(void **state)
{
    static const case_row other = { "v1", "v1", "c", 0.5, NULL };
    fixture *f = *state;
    ost_digest test = put_predictions(f->batch, "{}", eight, 8);
    ost_item item = { .id = "v1", .group = "v1" };
    ost_step_input in[2];
    ost_done_msg done;

    in[0] = at_port("predictions", test);
    ost_item_set_label(&f->arena, &item, "a");
    ost_item_set_text(&f->arena, &item, "predicted", "b");
    in[1] = at_port("validation",
                    put_items(f->batch, OST_PREDICTIONS, "{}", &item, 1));
    done = run_stage(f->batch, &ost_stage_evaluate, "{'threshold': 'youden'}",
                     in, 2, &f->arena);
    assert_string_equal(done.error,
                        "port 'validation': the predictions have no scores");
    two_inputs_refuse(f, "{'threshold': 'youden'}", test, &other, 1,
                      "port 'validation': item 'v1': label 'c' is not among "
                      "the 2 classes");
    item.n_attrs = 0;
    ost_item_set_number(&f->arena, &item, "score.a", 0.5);
    ost_item_set_number(&f->arena, &item, "score.c", 0.5);
    in[1] = at_port("validation",
                    put_items(f->batch, OST_PREDICTIONS, "{}", &item, 1));
    done = run_stage(f->batch, &ost_stage_evaluate, "{'threshold': 'youden'}",
                     in, 2, &f->arena);
    assert_string_equal(done.error,
                        "port 'validation': class 'c' stands where the "
                        "predictions that are judged have 'b'");
}

static void labels_have_thresholds_of_their_own(void **state)
{
    static const char *const both[] = { "bone|lung", "" };
    fixture *f = *state;
    ost_item items[4], known[4];
    ost_step_input in[2];
    json_t *doc;

    in[0] = at_port("predictions", four_labeled(f, items));
    for (int i = 0; i < 4; i++) {
        char *id = ost_arena_printf(&f->arena, "v%d", i);

        known[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_labels(&f->arena, &known[i], both[i % 2]);
        ost_item_set_number(&f->arena, &known[i], "score.bone",
                            i % 2 ? 0.1 : 0.3);
        ost_item_set_number(&f->arena, &known[i], "score.lung",
                            i % 2 ? 0.2 : 0.7);
    }
    in[1] = at_port("validation",
                    put_items(f->batch, OST_PREDICTIONS,
                              "{\"classes\":[\"bone\",\"lung\"],\"kind\":"
                              "\"labels\"}",
                              known, 4));
    doc = judge(f, "{'threshold': 'youden'}", in, 2);
    near(doc, "threshold_from.per.bone.all", 0.3);
    near(doc, "threshold_from.per.lung.all", 0.7);
    near(doc, "labels.0.recall", 1);
    near(doc, "labels.1.precision", 1);
    json_decref(doc);
}

/* --- sub-groups, repeats -------------------------------------------------- */

static ost_digest with_attributes(fixture *f)
{
    ost_item items[12];

    for (int i = 0; i < 12; i++) {
        char *id = ost_arena_printf(&f->arena, "i%02d", i);

        items[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_label(&f->arena, &items[i], i % 2 ? "b" : "a");
        ost_item_set_number(&f->arena, &items[i], "score.b", i / 12.0);
        ost_item_set_number(&f->arena, &items[i], "score.a", 1 - i / 12.0);
        if (i < 11)
            ost_item_set_text(&f->arena, &items[i], "site",
                              i == 0 ? "north" : "south");
        ost_item_set_number(&f->arena, &items[i], "age", 30 + 3 * i);
        ost_item_set_text(&f->arena, &items[i], "axis.scanner", "x");
    }
    return put_items(f->batch, OST_PREDICTIONS, "{}", items, 12);
}

static void subgroups_have_numbers_of_their_own(void **state)
{
    fixture *f = *state;
    ost_step_input in = at_port("predictions", with_attributes(f));
    json_t *doc = judge(f,
                        "{'subgroups': ['site', {'attribute': 'age', 'cuts': "
                        "[40, 60]}, 'scanner']}",
                        &in, 1);

    assert_int_equal(json_array_size(at(doc, "subgroups")), 7);
    assert_string_equal(json_string_value(at(doc, "subgroups.0.value")),
                        "north");
    near(doc, "subgroups.0.n_items", 1);
    undefined(doc, "subgroups.0.auc", "one class");
    assert_string_equal(json_string_value(at(doc, "subgroups.0.flags.0")),
                        "fewer than 10 items");
    assert_string_equal(json_string_value(at(doc, "subgroups.0.flags.1")),
                        "one class");
    near(doc, "subgroups.1.n_items", 10);
    assert_int_equal(json_array_size(at(doc, "subgroups.1.flags")), 0);
    /* i11 has no site */
    assert_true(json_is_null(at(doc, "subgroups.2.value")));
    near(doc, "subgroups.2.n_items", 1);
    assert_string_equal(json_string_value(at(doc, "subgroups.3.value")),
                        "below 40");
    near(doc, "subgroups.3.n_items", 4);
    assert_string_equal(json_string_value(at(doc, "subgroups.4.value")),
                        "40 to below 60");
    near(doc, "subgroups.4.n_items", 6);
    assert_string_equal(json_string_value(at(doc, "subgroups.5.value")),
                        "60 and above");
    near(doc, "subgroups.5.n_items", 2);
    near(doc, "subgroups.6.n_items", 12);
    json_decref(doc);
    /* cuts that six digits do not tell apart */
    doc = judge(f,
                "{'subgroups': [{'attribute': 'age', 'cuts': [40.0000001, "
                "40.0000002, 50]}]}",
                &in, 1);
    assert_string_equal(json_string_value(at(doc, "subgroups.1.value")),
                        "40.0000002 to below 50");
    near(doc, "subgroups.1.n_items", 3);
    json_decref(doc);
    refuses(f, "{'subgroups': ['sex']}", in.artifact,
            "param 'subgroups': no item has the attribute 'sex'");
    refuses(f, "{'subgroups': [{'attribute': 'site', 'cuts': [1]}]}",
            in.artifact,
            "item 'i00': attribute 'site' is 'north', and cuts are for "
            "numbers");
}

static void repeats_are_judged_each_and_on_average(void **state)
{
    static const char *const first[] = { "repeat", "0" };
    static const char *const second[] = { "repeat", "1" };
    fixture *f = *state;
    ost_step_input in[2];
    json_t *doc;

    for (int i = 0; i < 2; i++)
        in[i] =
            at_port("predictions", put_predictions(f->batch, "{}", eight, 8));
    in[0].axes = first;
    in[1].axes = second;
    in[0].n_axes = in[1].n_axes = 1;
    doc = judge(f, "{'by': ['repeat', 'fold']}", in, 2);
    assert_int_equal(json_array_size(at(doc, "folds")), 4);
    near(doc, "folds.3.repeat", 1);
    near(doc, "folds.3.fold", 1);
    near(doc, "folds.2.auc", 0.75);
    assert_int_equal(json_array_size(at(doc, "repeats")), 2);
    near(doc, "repeats.0.n_items", 8);
    near(doc, "repeats.1.auc", 15.0 / 16);
    near(doc, "repeat_summary.auc.mean", 15.0 / 16);
    near(doc, "pooled.n_items", 16);
    near(doc, "pooled.n_groups", 6);
    near(doc, "n_repeated", 8);
    json_decref(doc);
}

static void params_are_refused_before_anything_runs(void **state)
{
    static const struct {
        const char *name;
        const char *json;
        const char *message;
    } rows[] = {
        { "threshold", "\"best\"",
          "param 'threshold': expected a number, \"youden\", \"cost\", "
          "{\"sensitivity\": 0.9}, {\"specificity\": 0.9} or null" },
        { "threshold", "{\"sensitivity\": 2}",
          "param 'threshold': expected a number, \"youden\", \"cost\", "
          "{\"sensitivity\": 0.9}, {\"specificity\": 0.9} or null" },
        { "threshold", "\"cost\"",
          "param 'threshold': \"cost\" needs param 'costs' ({\"fp\": 1, "
          "\"fn\": 10})" },
        { "costs", "{\"fp\": -1, \"fn\": 1}",
          "param 'costs': 'fp' is not a cost 'fp' or 'fn' of at least 0, or a "
          "'prevalence' in 0..1" },
        { "costs", "{\"fp\": 1}",
          "param 'costs': expected {\"fp\": 1, \"fn\": 10}, and a "
          "\"prevalence\" where it is not that of the items" },
        { "by", "[]",
          "param 'by': expected the name of an axis, or a list of names" },
        { "by", "[1]",
          "param 'by': expected the name of an axis, or a list of names" },
        { "subgroups", "\"site\"",
          "param 'subgroups': expected a list of attributes, each a name or "
          "{\"attribute\": \"age\", \"cuts\": [40, 60]}" },
        { "subgroups", "[{\"attribute\": \"age\", \"cuts\": [60, 40]}]",
          "param 'subgroups': cuts are rising numbers" },
    };
    json_t *by = json_string("fold");
    char params[512] = { 0 };
    int drawn = 2;
    ost_err no = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const ost_param *p = ost_param_find(&ost_stage_evaluate, rows[i].name);
        json_t *value = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        ost_err err = { 0 };

        assert_true(ost_stage_evaluate.param_size <= sizeof(params));
        memset(params, 0, sizeof(params));
        memcpy(params + ost_param_find(&ost_stage_evaluate, "by")->offset, &by,
               sizeof(by));
        memcpy(params + p->offset, &value, sizeof(value));
        assert_int_equal(ost_stage_evaluate.check(params, &err), OST_EWORKFLOW);
        assert_string_equal(err.text, rows[i].message);
        json_decref(value);
    }
    memset(params, 0, sizeof(params));
    memcpy(params + ost_param_find(&ost_stage_evaluate, "by")->offset, &by,
           sizeof(by));
    memcpy(params + ost_param_find(&ost_stage_evaluate, "interval")->offset,
           &drawn, sizeof(drawn));
    assert_int_equal(ost_stage_evaluate.check(params, &no), OST_EWORKFLOW);
    assert_string_equal(no.text, "interval 'bootstrap' needs replicates: param "
                                 "'bootstrap' is 0");
    json_decref(by);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_labels_are_judged_together),
        cmocka_unit_test(a_label_that_no_score_is_for_is_named),
        cmocka_unit_test(numbers_are_judged_by_their_errors),
        cmocka_unit_test(predictions_of_two_kinds_are_refused),
        cmocka_unit_test(rules_choose_on_validation_items_of_the_same_fold),
        cmocka_unit_test(one_validation_set_without_folds_serves_all),
        cmocka_unit_test(thresholds_are_not_chosen_on_what_is_judged),
        cmocka_unit_test(validation_predictions_are_of_the_same_classes),
        cmocka_unit_test(labels_have_thresholds_of_their_own),
        cmocka_unit_test(subgroups_have_numbers_of_their_own),
        cmocka_unit_test(repeats_are_judged_each_and_on_average),
        cmocka_unit_test(params_are_refused_before_anything_runs),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
