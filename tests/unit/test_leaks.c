/* tests/unit/test_leaks.c - groups that trained what judged them */
/* links: stages store base */
#include "stages/leaks.h"
#include "tests/support/fixture.h"
#include "tests/support/predictions.h"

#include "base/banned.h"

extern const ost_stage ost_stage_evaluate;
const ost_stage *const ost_stages[] = { &ost_stage_evaluate, NULL };

#define leak_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static ost_digest groups_of(fixture *f, const char *const *names, size_t n)
{
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_groups_put(f->batch, names, n, &d, &err), &err);
    return d;
}

/* Predictions of two classes; item i is of group `groups[i]`, fold i % folds,
 * and exposed to exposures[i % n_exposures]. */
static ost_step_input predicted(fixture *f, const char *const *groups, size_t n,
                                const ost_digest *exposures, size_t n_exposures,
                                size_t folds)
{
    ost_item *items = OST_ARENA_ARRAY(&f->arena, ost_item, n);

    for (size_t i = 0; i < n; i++) {
        ost_item *item = &items[i];

        item->id = ost_arena_printf(&f->arena, "%06zu", i);
        item->group = groups[i];
        item->exposure = exposures[i % n_exposures];
        ost_item_set_label(&f->arena, item, i / 2 % 2 ? "a" : "b");
        ost_item_set_number(&f->arena, item, "score.a", (double)i / (double)n);
        ost_item_set_number(&f->arena, item, "score.b",
                            1 - (double)i / (double)n);
        if (folds)
            ost_item_set_text(&f->arena, item, "axis.fold",
                              ost_arena_printf(&f->arena, "%zu", i % folds));
    }
    return at_port("predictions",
                   put_items(f->batch, OST_PREDICTIONS, "{}", items, n));
}

static ost_done_msg evaluate(fixture *f, const char *with, ost_step_input in)
{
    return run_stage(f->batch, &ost_stage_evaluate, with, &in, 1, &f->arena);
}

static json_t *leakage_of(fixture *f, const ost_done_msg *done)
{
    json_t *doc = document_of(f->batch, done, &f->arena);
    json_t *leakage = json_incref(json_object_get(doc, "leakage"));

    json_decref(doc);
    assert_non_null(leakage);
    return leakage;
}

static void has(const json_t *leakage, const char *member, json_int_t n)
{
    assert_int_equal(json_integer_value(json_object_get(leakage, member)), n);
}

/* Four patients in two folds; the model of fold 1 has seen "p3" of fold 1. */
static ost_step_input four_patients(fixture *f)
{
    static const char *const patients[] = { "p0", "p1", "p2", "p3" };
    static const char *const first[] = { "p1", "p3" };
    static const char *const second[] = { "p0", "p2", "p3" };
    ost_digest seen[] = { groups_of(f, first, 2), groups_of(f, second, 3) };

    return predicted(f, patients, 4, seen, 2, 2);
}

static void a_leak_is_an_error(void **state)
{
    fixture *f = *state;
    ost_done_msg done = evaluate(f, "{}", four_patients(f));

    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(
        done.error,
        "leakage: 1 of 4 items were judged by a model that had learned from "
        "their group, itself or through other models (fold 1: 1 of 2): 'p3'; "
        "let every model, generator and filter learn from the training part "
        "of the split alone (leakage: warn judges them all the same)");
    assert_int_equal(done.leaked, 1);
    assert_int_equal(done.n_outputs, 0);
}

static void a_leak_is_told_on_request(void **state)
{
    fixture *f = *state;
    ost_done_msg done = evaluate(f, "{'leakage':'warn'}", four_patients(f));
    json_t *leakage = leakage_of(f, &done), *expected;

    assert_non_null(strstr(done.notes, "leakage: 1 of 4 items"));
    expected = json_loads(
        "{\"mode\":\"warn\",\"n_unknown\":0,\"n_checked\":4,\"n_leaked\":1,"
        "\"n_groups\":1,\"groups\":[\"p3\"],\"by\":\"fold\",\"parts\":["
        "{\"fold\":0,\"n_checked\":2,\"n_leaked\":0,\"n_groups\":0,"
        "\"groups\":[]},{\"fold\":1,\"n_checked\":2,\"n_leaked\":1,"
        "\"n_groups\":1,\"groups\":[\"p3\"]}]}",
        0, NULL);
    assert_true(json_equal(leakage, expected));
    json_decref(leakage);
    json_decref(expected);
}

static void nobody_looks_when_it_is_off(void **state)
{
    fixture *f = *state;
    ost_done_msg done = evaluate(f, "{'leakage':'off'}", four_patients(f));
    json_t *leakage = leakage_of(f, &done), *expected;

    expected = json_pack("{s:s}", "mode", "off");
    assert_true(json_equal(leakage, expected));
    assert_null(strstr(done.notes, "leakage"));
    json_decref(leakage);
    json_decref(expected);
}

static void what_is_unknown_is_counted(void **state)
{
    static const char *const patients[] = { "p0", "p1", "p2", "p3" };
    static const char *const seen[] = { "p0" };
    fixture *f = *state;
    ost_digest exposures[] = { { { 0 } }, groups_of(f, seen, 1) };
    ost_done_msg done =
        evaluate(f, "{}", predicted(f, patients, 4, exposures, 2, 0));
    json_t *leakage = leakage_of(f, &done);

    has(leakage, "n_unknown", 2);
    has(leakage, "n_checked", 2);
    has(leakage, "n_leaked", 0);
    assert_null(json_object_get(leakage, "parts"));
    assert_non_null(strstr(done.notes, "2 of 4 items had learned from is "
                                       "unknown"));
    json_decref(leakage);
}

static void many_groups_are_cut_short(void **state)
{
    enum { N = 64 };
    fixture *f = *state;
    const char *patients[N];
    ost_digest seen;
    ost_done_msg done;
    ost_step_input in;
    json_t *leakage;

    for (size_t i = 0; i < N; i++)
        patients[i] = ost_arena_printf(&f->arena, "p%02zu", N - 1 - i);
    seen = groups_of(f, patients, N);
    in = predicted(f, patients, N, &seen, 1, 8);
    done = evaluate(f, "{}", in);
    assert_non_null(
        strstr(done.error,
               "(fold 0: 8 of 8, fold 1: 8 of 8, fold 2: 8 of 8, fold 3: 8 of "
               "8, ...): 'p00', 'p01', 'p02', 'p03' and 60 more; let"));
    done = evaluate(f, "{'leakage':'warn'}", in);
    leakage = leakage_of(f, &done);
    has(leakage, "n_groups", N);
    assert_int_equal(json_array_size(json_object_get(leakage, "groups")), 20);
    json_decref(leakage);
}

/* A set against the same question asked name by name. */
static void every_group_is_looked_up(void **state)
{
    enum { N = 400, SETS = 7 };
    fixture *f = *state;
    const char *patients[N], *members[N];
    bool in_set[SETS][100] = { { false } };
    ost_digest sets[SETS];
    json_int_t expected = 0;
    ost_done_msg done;
    json_t *leakage;
    uint32_t x = 1;

    for (size_t k = 0; k < SETS; k++) {
        size_t n = 0;

        for (size_t g = 0; g < 100; g++) {
            x = x * 1664525 + 1013904223;
            in_set[k][g] = x >> 29 <= k;
            if (in_set[k][g])
                members[n++] = ost_arena_printf(&f->arena, "p%zu", g);
        }
        sets[k] = groups_of(f, members, n);
    }
    for (size_t i = 0; i < N; i++) {
        size_t g;

        x = x * 1664525 + 1013904223;
        g = (x >> 8) % 100;
        patients[i] = ost_arena_printf(&f->arena, "p%zu", g);
        expected += in_set[i % SETS][g];
    }
    assert_true(expected > 0 && expected < N);
    done = evaluate(f, "{'leakage':'warn'}",
                    predicted(f, patients, N, sets, SETS, 3));
    leakage = leakage_of(f, &done);
    has(leakage, "n_leaked", expected);
    json_decref(leakage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        leak_test(a_leak_is_an_error),
        leak_test(a_leak_is_told_on_request),
        leak_test(nobody_looks_when_it_is_off),
        leak_test(what_is_unknown_is_counted),
        leak_test(many_groups_are_cut_short),
        leak_test(every_group_is_looked_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
