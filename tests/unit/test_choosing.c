/* tests/unit/test_choosing.c - select, restrict, concat */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_select, ost_stage_restrict, ost_stage_concat;
const ost_stage *const ost_stages[] = { &ost_stage_concat, &ost_stage_restrict,
                                        &ost_stage_select, NULL };

/* --- select -------------------------------------------------------------- */

static ost_step_input knees(step_fixture *f)
{
    item_set s = { .f = f };
    ost_item *i;

    i = set_item(&s, "knee/a", "p1", "lesion");
    ost_item_set_text(&f->arena, i, "view", "ap");
    ost_item_set_number(&f->arena, i, "day", 0);
    i = set_item(&s, "knee/b", "p1", "lesion|limb");
    ost_item_set_text(&f->arena, i, "view", "pa");
    ost_item_set_number(&f->arena, i, "day", 7);
    i = set_item(&s, "hip/c", "p2", "normal");
    ost_item_set_text(&f->arena, i, "view", "side");
    ost_item_set_text(&f->arena, i, "day", "30");
    set_item(&s, "hip/d", "p3", NULL);
    return finish_set(&s, "in");
}

static void select_keeps_what_fits(void **state)
{
    static const struct {
        const char *with, *ids;
    } rows[] = {
        { "{\"labels\":[\"lesion\"]}", "knee/a knee/b" },
        { "{\"labels\":[\"limb\",\"normal\"]}", "hip/c knee/b" },
        { "{\"labels\":[\"lesion\"],\"invert\":true}", "hip/c hip/d" },
        { "{\"where\":{\"view\":\"ap\"}}", "knee/a" },
        { "{\"where\":{\"view\":[\"ap\",\"side\"]}}", "hip/c knee/a" },
        { "{\"where\":{\"day\":7}}", "knee/b" },
        { "{\"where\":{\"day\":\"7\"}}", "knee/b" },
        { "{\"where\":{\"day\":30}}", "hip/c" },
        { "{\"where\":{\"day\":{\"min\":7}}}", "hip/c knee/b" },
        { "{\"where\":{\"day\":{\"min\":0,\"max\":7}}}", "knee/a knee/b" },
        { "{\"where\":{\"day\":{\"max\":-1}},\"allow_empty\":true}", "" },
        { "{\"where\":{\"day\":{\"present\":false}}}", "hip/d" },
        { "{\"where\":{\"day\":{\"present\":true}}}", "hip/c knee/a knee/b" },
        { "{\"where\":{\"day\":{\"min\":0},\"view\":\"pa\"}}", "knee/b" },
        { "{\"ids\":[\"hip/*\"]}", "hip/c hip/d" },
        { "{\"ids\":[\"hip/*\",\"*/a\"],\"groups\":[\"p[12]\"]}",
          "hip/c knee/a" },
        { "{\"labels\":[\"gone\"],\"allow_empty\":true}", "" },
    };
    step_fixture *f = *state;
    ost_step_input in = knees(f);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "select", rows[i].with, &in, 1);

        assert_string_equal(ids_at(f, &done, "out"), rows[i].ids);
    }
}

static void select_says_how_many_are_kept(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = knees(f);
    ost_done_msg done =
        run_stage(f, "select", "{\"labels\":[\"lesion\"]}", &in, 1);

    assert_string_equal(done.notes, "2 of 4 items are kept\n");
}

static void select_finds_misspellings(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = knees(f);
    ost_done_msg done;

    done = run_stage(f, "select", "{\"labels\":[\"lesoin\"]}", &in, 1);
    assert_fails(&done, "no item has the label 'lesoin' (did you mean "
                        "'lesion'?)");
    done = run_stage(f, "select", "{\"where\":{\"veiw\":\"ap\"}}", &in, 1);
    assert_fails(&done, "no item has the attribute 'veiw' (did you mean "
                        "'view'?)");
    done = run_stage(f, "select", "{\"where\":{\"view\":\"top\"}}", &in, 1);
    assert_fails(&done, "none of 4 items fits (allow_empty: true allows that)");
}

static void select_refuses_what_says_nothing(void **state)
{
    (void)state;
    assert_refused(&ost_stage_select, "{}",
                   "nothing is said about the items to keep: give 'labels', "
                   "'where', 'ids' or 'groups'");
    assert_refused(&ost_stage_select, "{\"where\":{\"day\":{\"mim\":3}}}",
                   "param 'where': attribute 'day': unknown word 'mim' (did "
                   "you mean 'min'?)");
    assert_refused(&ost_stage_select, "{\"where\":{\"day\":{\"min\":\"3\"}}}",
                   "param 'where': attribute 'day': 'min' and 'max' are "
                   "numbers");
    assert_refused(&ost_stage_select, "{\"where\":{\"day\":{\"present\":1}}}",
                   "param 'where': attribute 'day': 'present' is true or "
                   "false");
    assert_refused(&ost_stage_select, "{\"where\":{\"day\":{}}}",
                   "param 'where': attribute 'day': an object has 'min', "
                   "'max' or 'present'");
    assert_refused(&ost_stage_select, "{\"where\":{\"day\":[]}}",
                   "param 'where': attribute 'day': expected a text, a "
                   "number, a list of these or an object");
    assert_refused(&ost_stage_select, "{\"where\":{\"day\":[null]}}",
                   "param 'where': attribute 'day': a list holds texts and "
                   "numbers");
}

/* --- restrict ------------------------------------------------------------ */

static ost_step_input tiles(step_fixture *f)
{
    item_set s = { .f = f };
    ost_item *i;

    i = set_item(&s, "a#0", "p1", NULL);
    set_parent(&s, i, "a");
    i = set_item(&s, "b#0", "p2", NULL);
    set_parent(&s, i, "b");
    i = set_item(&s, "both", "p9", NULL);
    set_parent(&s, i, "a");
    set_parent(&s, i, "b");
    set_item(&s, "c", "p1", NULL);
    return finish_set(&s, "in");
}

static ost_step_input one_image(step_fixture *f)
{
    item_set s = { .f = f };
    ost_item *i = set_item(&s, "a", "p1", NULL);

    set_exposure(&s, i, "q1 q2");
    return finish_set(&s, "to");
}

static void restrict_goes_by_what_is_said(void **state)
{
    static const struct {
        const char *with, *ids;
    } rows[] = {
        { "{}", "a#0 c" },
        { "{\"exclude\":true}", "b#0 both" },
        { "{\"by\":\"root\"}", "a#0" },
        { "{\"by\":\"root\",\"exclude\":true}", "b#0 both c" },
        { "{\"by\":\"parent\"}", "a#0" },
        { "{\"by\":\"parent\",\"exclude\":true}", "b#0 c" },
        { "{\"by\":\"id\",\"allow_empty\":true}", "" },
    };
    step_fixture *f = *state;
    ost_step_input in[2] = { tiles(f), one_image(f) };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "restrict", rows[i].with, in, 2);

        assert_string_equal(ids_at(f, &done, "out"), rows[i].ids);
    }
}

static void restrict_says_what_is_left_out(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { tiles(f), one_image(f) };
    ost_done_msg done;

    done = run_stage(f, "restrict", "{\"by\":\"parent\"}", in, 2);
    assert_string_equal(done.notes,
                        "1 of 4 items are kept\n"
                        "1 items are left out because only some of their "
                        "parents are in 'to'\n");
    done = run_stage(f, "restrict", "{\"by\":\"id\"}", in, 2);
    assert_fails(&done, "none of 4 items has its id in 'to', which has 1 "
                        "(allow_empty: true allows that)");
}

static void restrict_exposes_to_what_decided(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { tiles(f), one_image(f) };
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "restrict", "{}", in, 2);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(exposure_of(f, &items[0]), "q1 q2");
    done = run_stage(f, "restrict", "{\"exclude\":true}", in, 2);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(exposure_of(f, &items[0]), "q1 q2");
}

/* --- concat -------------------------------------------------------------- */

static ost_step_input few(step_fixture *f, const char *row, const char *ids)
{
    char *text = ost_arena_strdup(&f->arena, ids), *rest = text;
    item_set s = { .f = f };
    ost_step_input in;

    for (char *id; (id = strtok_r(rest, " ", &rest));)
        set_item(&s, id, "p1", "x");
    in = finish_set(&s, "in");
    in.row = row;
    return in;
}

static void concat_unites_datasets(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[3] = { few(f, "real", "a c"), few(f, "made", "b"),
                             few(f, "", "") };
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "concat", "{\"source\":\"from\"}", in, 3);
    assert_string_equal(ids_at(f, &done, "out"), "a b c");
    items = output_items(f, &done, "out", &n);
    assert_string_equal(ost_item_attr(&items[0], "from")->text, "real");
    assert_string_equal(ost_item_attr(&items[1], "from")->text, "made");
}

static void concat_names_both_of_an_id_that_is_there_twice(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { few(f, "real", "a b"), few(f, "made", "b c") };
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "concat", "{}", in, 2);
    assert_fails(&done, "item 'b' is in dataset 'real' and in dataset 'made' "
                        "(prefix: true keeps both, by other names)");
    done = run_stage(f, "concat", "{\"prefix\":true}", in, 2);
    assert_string_equal(ids_at(f, &done, "out"), "made/b made/c real/a real/b");
    items = output_items(f, &done, "out", &n);
    assert_string_equal(items[0].group, "p1");
}

static void concat_renames_parents_that_are_there(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in[2];
    const ost_item *items, *i;
    ost_done_msg done;
    size_t n;

    set_item(&s, "a", "p1", NULL);
    set_parent(&s, set_item(&s, "a#0", "p1", NULL), "a");
    set_parent(&s, &s.items[1], "elsewhere");
    in[0] = finish_set(&s, "in");
    in[0].row = "one";
    in[1] = few(f, "two", "a elsewhere");
    done = run_stage(f, "concat", "{\"prefix\":true}", in, 2);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 4);
    i = item_named(items, n, "one/a#0");
    assert_int_equal(i->n_parents, 2);
    assert_string_equal(i->parents[0], "one/a");
    assert_string_equal(i->parents[1], "elsewhere");
}

static void concat_names_datasets_by_axis_or_position(void **state)
{
    static const char *const fold[] = { "fold", "1" };
    step_fixture *f = *state;
    ost_step_input in[2] = { few(f, "", "a"), few(f, "", "a") };
    ost_done_msg done;

    in[1].axes = fold;
    in[1].n_axes = 1;
    done = run_stage(f, "concat", "{\"prefix\":true}", in, 2);
    assert_string_equal(ids_at(f, &done, "out"), "0/a fold=1/a");
}

static void concat_notes_fields_that_some_lack(void **state)
{
    step_fixture *f = *state;
    item_set a = { .f = f }, b = { .f = f };
    ost_step_input in[2];
    ost_done_msg done;
    ost_item *i;

    i = set_item(&a, "a", "p1", NULL);
    set_image(&a, i, "image", 4, 4, 1);
    set_image(&a, i, "mask", 4, 4, 2);
    i = set_item(&b, "b", "p1", NULL);
    set_image(&b, i, "image", 4, 4, 3);
    in[0] = finish_set(&a, "in");
    in[1] = finish_set(&b, "in");
    done = run_stage(f, "concat", "{}", in, 2);
    assert_string_equal(done.notes, "field 'mask' is in 1 of 2 items only\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(select_keeps_what_fits),
        step_test(select_says_how_many_are_kept),
        step_test(select_finds_misspellings),
        cmocka_unit_test(select_refuses_what_says_nothing),
        step_test(restrict_goes_by_what_is_said),
        step_test(restrict_says_what_is_left_out),
        step_test(restrict_exposes_to_what_decided),
        step_test(concat_unites_datasets),
        step_test(concat_names_both_of_an_id_that_is_there_twice),
        step_test(concat_renames_parents_that_are_there),
        step_test(concat_names_datasets_by_axis_or_position),
        step_test(concat_notes_fields_that_some_lack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
