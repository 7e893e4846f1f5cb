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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_arms_that_are_named_are_compared,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_axis_may_have_one_value, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
