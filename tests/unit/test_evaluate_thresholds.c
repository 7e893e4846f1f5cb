/* tests/unit/test_evaluate_thresholds.c - on whom thresholds are chosen */
/* links: stages store base */
#include "tests/support/judging.h"

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_evaluate, NULL };

/* Other images of patient p1, who is judged in fold 0. */
static const case_row chosen_on[] = {
    { "v1", "p1", "a", 0.2, "0" },
    { "v2", "p1", "b", 0.3, "0" },
    { "v3", "q1", "a", 0.1, "1" },
    { "v4", "q2", "b", 0.6, "1" },
};

static void patients_who_are_judged_choose_no_threshold(void **state)
{
    static const char message[] =
        "the threshold was chosen on other items of groups that are judged "
        "(1: 'p1')";
    fixture *f = *state;
    case_row rows[4];
    ost_step_input in[2];
    ost_done_msg done;
    json_t *doc;

    in[0] = at_port("predictions", put_predictions(f->batch, "{}", eight, 8));
    in[1] =
        at_port("validation", put_predictions(f->batch, "{}", chosen_on, 4));
    commit(f->batch);
    done = run_stage(f->batch, &ost_stage_evaluate, "{'threshold': 'youden'}",
                     in, 2, &f->arena);
    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(
        done.error,
        ost_arena_printf(&f->arena,
                         "leakage: %s; choose it on other groups (leakage: "
                         "warn judges them all the same)",
                         message));
    doc = judge(f, "{'threshold': 'youden', 'leakage': 'warn'}", in, 2);
    assert_string_equal(json_string_value(at(doc, "warnings.0")), message);
    json_decref(doc);
    doc = judge(f, "{'threshold': 'youden', 'leakage': 'off'}", in, 2);
    assert_int_equal(json_array_size(at(doc, "warnings")), 0);
    json_decref(doc);

    /* in fold 1 patient p1 is not judged, and may choose */
    memcpy(rows, chosen_on, sizeof(rows));
    rows[0].fold = rows[1].fold = "1";
    rows[2].fold = rows[3].fold = "0";
    in[1] = at_port("validation", put_predictions(f->batch, "{}", rows, 4));
    doc = judge(f, "{'threshold': 'youden'}", in, 2);
    near(doc, "threshold_from.per.1", 0.3);
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            patients_who_are_judged_choose_no_threshold, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
