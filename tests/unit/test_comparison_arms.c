/* tests/unit/test_comparison_arms.c - which predictions become arms */
/* links: stages store base */
#include "tests/support/comparing.h"

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_compare, NULL };

/* Three arms, the third of which judged other items, of other classes. */
static void three_arms(fixture *f, ost_step_input in[3])
{
    static const case_row other[] = { { "j1", "q1", "a", 0.1, NULL },
                                      { "i1", "p1", "b", 0.7, NULL } };

    two_arms(f, in);
    in[2] =
        at_port("predictions",
                put_predictions(f->batch, "{\"classes\": [\"c\"]}", other, 2));
    in[2].row = "other";
    commit(f->batch);
}

static void only_arms_that_are_named_are_compared(void **state)
{
    fixture *f = *state;
    ost_step_input in[3];
    json_t *doc;

    three_arms(f, in);
    doc = compare(f, "{'arms': ['new', 'old'], 'baseline': 'new'}", in, 3);
    assert_int_equal(json_array_size(at(doc, "arms")), 2);
    assert_int_equal(json_array_size(at(doc, "classes")), 2);
    assert_true(text_is(doc, "arms.0.name", "new"));
    near(doc, "n_items", 8);
    json_decref(doc);
    fails(f, "{'arms': ['new', 'odl']}", in, 3,
          "param 'arms': no arm 'odl' (did you mean 'old'?)");
    fails(f, "{'arms': ['new', 'old'], 'baseline': 'other'}", in, 3,
          "param 'baseline': no arm 'other'");
    fails(f, "{'arms': ['new']}", in, 3,
          "there is nothing to compare: 1 arm ('new')");
}

static void an_axis_may_have_one_value(void **state)
{
    fixture *f = *state;
    ost_step_input in[2];
    const char *axes[] = { "reader", "one" };
    json_t *doc;

    two_arms(f, in);
    in[0].axes = axes;
    in[0].n_axes = 1;
    doc = compare(f, "{'by': 'reader'}", in, 1);
    assert_int_equal(json_array_size(at(doc, "arms")), 1);
    assert_int_equal(json_array_size(at(doc, "tests")), 0);
    near(doc, "arms.0.accuracy", 7.0 / 8);
    assert_true(text_is(doc, "warnings.0",
                        "'one' is the only arm on the axis 'reader': there is "
                        "nothing to test"));
    json_decref(doc);
}

/* Each arm judges all items in both repeats, four of them in each fold. */
static void items_count_once_in_each_repeat(void **state)
{
    static const char *const axes[2][2][4] = {
        { { "repeat", "0", "fold", "0" }, { "repeat", "0", "fold", "1" } },
        { { "repeat", "1", "fold", "0" }, { "repeat", "1", "fold", "1" } },
    };
    fixture *f = *state;
    case_row rows[ROWS];
    ost_step_input in[8];
    size_t n = 0;
    json_t *doc;

    other_scores(rows);
    for (int repeat = 0; repeat < 2; repeat++)
        for (int fold = 0; fold < 2; fold++)
            for (int k = 0; k < 2; k++) {
                in[n] =
                    arm(f, k ? "new" : "old", (k ? rows : eight) + 4 * fold, 4);
                in[n].axes = axes[repeat][fold];
                in[n++].n_axes = 2;
            }
    doc = compare(f,
                  "{'baseline': 'old', 'tests': ['corrected_t', "
                  "'permutation'], 'metrics': ['accuracy']}",
                  in, n);
    near(doc, "n_items", 16);
    near(doc, "arms.0.n_items", 16);
    near(doc, "tests.0.n_folds", 4);
    /* 1 / (k - 1) for k = 2 folds, however often they are drawn. */
    near(doc, "tests.0.test_to_train", 1);
    assert_int_equal(json_array_size(at(doc, "tests.0.differences")), 4);
    json_decref(doc);
    in[1].axes = axes[1][0];
    fails(f, "{'baseline': 'old'}", in, n,
          "arm 'new': item 'i1 (repeat 1)' was predicted twice; an arm says "
          "one thing of each item");
}

/* The items of `eight` as a reader calls them: right but for i2, and without
 * groups. */
static ost_step_input reader(fixture *f, const char *group_of_i1)
{
    ost_item items[ROWS];
    ost_step_input in;

    for (size_t i = 0; i < ROWS; i++) {
        const char *id = eight[i].id;

        items[i] = (ost_item){ .id = id, .group = i ? id : group_of_i1 };
        ost_item_set_label(&f->arena, &items[i], eight[i].label);
        ost_item_set_text(&f->arena, &items[i], "predicted",
                          i == 1 ? "b" : eight[i].label);
    }
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS,
                           "{\"classes\":[\"a\",\"b\"]}", items, ROWS));
    in.row = "reader";
    return in;
}

static void readers_stand_beside_networks_with_scores(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = { arm(f, "network", eight, ROWS), reader(f, "i1") };
    json_t *doc = compare(f, "{'threshold': 0.5}", in, 2);

    assert_true(text_is(doc, "warnings.0",
                        "arm 'reader' has no scores: areas are not compared"));
    assert_int_equal(json_array_size(at(doc, "tests")), 3);
    assert_true(text_is(doc, "tests.0.metric", "accuracy"));
    /* the reader misses i2, the network i3 */
    near(doc, "tests.0.discordant.a_only", 1);
    near(doc, "tests.0.discordant.b_only", 1);
    near(doc, "arms.0.auc", 15.0 / 16);
    undefined(doc, "arms.1.auc", "no scores");
    near(doc, "arms.1.recall", 1);
    json_decref(doc);
    fails(f, "{'metrics': ['auc']}", in, 2,
          "param 'metrics': 'auc' needs predictions with scores");
}

/* i1 and i2 are of one patient, as are i3 and i4, which the reader's table does
 * not say. */
static void an_item_has_one_group_in_all_arms(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = { reader(f, "i1"), arm(f, "network", eight, ROWS) };
    json_t *doc = compare(
        f, "{'tests': ['permutation'], 'metrics': ['accuracy']}", in, 2);

    near(doc, "n_groups", 6);
    near(doc, "tests.0.n_swapped", 6);
    near(doc, "arms.0.n_groups", 6);
    json_decref(doc);
    in[0] = reader(f, "p2");
    fails(f, "{}", in, 2,
          "item 'i1' is of group 'p2' in arm 'reader' and of 'p1' in arm "
          "'network'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_arms_that_are_named_are_compared,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(items_count_once_in_each_repeat, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_axis_may_have_one_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(items_count_once_in_each_repeat, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            readers_stand_beside_networks_with_scores, setup, teardown),
        cmocka_unit_test_setup_teardown(an_item_has_one_group_in_all_arms,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
