/* tests/unit/test_joining.c - join, filter, pool */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_join, ost_stage_filter, ost_stage_pool;
const ost_stage *const ost_stages[] = { &ost_stage_filter, &ost_stage_join,
                                        &ost_stage_pool, NULL };

/* --- join ---------------------------------------------------------------- */

static ost_step_input images(step_fixture *f)
{
    item_set s = { .f = f };
    ost_item *i = set_item(&s, "a", "p1", "x");

    set_image(&s, i, "image", 2, 3, 1);
    i = set_item(&s, "a#0", "p1", "x");
    set_parent(&s, i, "a");
    set_image(&s, i, "image", 2, 3, 2);
    i = set_item(&s, "b", "p2", NULL);
    set_image(&s, i, "image", 2, 3, 3);
    return finish_set(&s, "in");
}

static ost_step_input masks(step_fixture *f, const char *second)
{
    item_set s = { .f = f };
    ost_item *i = set_item(&s, "a", "p1", "lesion");

    set_image(&s, i, "image", 2, 3, 8);
    set_image(&s, i, "mask.lung", 2, 3, 9);
    ost_item_set_number(&f->arena, i, "area", 12);
    set_exposure(&s, i, "q");
    if (second)
        set_item(&s, second, "p2", NULL);
    return finish_set(&s, "from");
}

static ost_step_input others(step_fixture *f)
{
    item_set s = { .f = f };

    set_image(&s, set_item(&s, "z", "p9", NULL), "mask.lung", 2, 3, 9);
    return finish_set(&s, "from");
}

static void no_partner_at_all_is_an_error_or_not(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { images(f), others(f) };
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "join", "{\"missing\":\"keep\"}", in, 2);
    assert_fails(&done, "none of 3 items has a partner among the 1 of 'from'");
    done = run_stage(f, "join", "{\"missing\":\"keep\",\"allow_empty\":true}",
                     in, 2);
    (void)output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
}

static void join_brings_fields_and_attributes(void **state)
{
    static const char with[] = "{\"fields\":[\"mask.lung\"],\"attributes\":"
                               "[\"area\"],\"labels\":true,\"missing\":"
                               "\"drop\"}";
    step_fixture *f = *state;
    ost_step_input in[2] = { images(f), masks(f, NULL) };
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "join", with, in, 2);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    assert_string_equal(items[0].id, "a");
    assert_int_equal(items[0].n_fields, 2);
    assert_non_null(ost_item_field(&items[0], "mask.lung"));
    assert_true(ost_item_attr(&items[0], "area")->number == 12);
    assert_string_equal(ost_item_label(&items[0]), "lesion");
    assert_string_equal(exposure_of(f, &items[0]), "q");
    assert_string_equal(done.notes,
                        "2 of 3 items are dropped: 'from' lacks them\n");
}

static void join_goes_by_what_is_said(void **state)
{
    static const struct {
        const char *with, *with_mask;
    } rows[] = {
        { "{\"by\":\"id\",", "a" },
        { "{\"by\":\"group\",", "a a#0" },
        { "{\"by\":\"parent\",", "a a#0" },
        { "{\"by\":\"root\",", "a a#0" },
    };
    step_fixture *f = *state;
    ost_step_input in[2] = { images(f), masks(f, NULL) };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *with = ost_arena_printf(
            &f->arena, "%s\"fields\":{\"mask.lung\":\"mask\"},\"missing\":%s}",
            rows[i].with, "\"keep\"");
        ost_done_msg done = run_stage(f, "join", with, in, 2);
        ost_buf found = { 0 };
        const ost_item *items;
        size_t n;

        items = output_items(f, &done, "out", &n);
        assert_int_equal(n, 3);
        for (size_t k = 0; k < n; k++)
            if (ost_item_field(&items[k], "mask"))
                ost_buf_addf(&found, "%s%s", found.len ? " " : "", items[k].id);
        assert_string_equal(ost_buf_str(&found), rows[i].with_mask);
        ost_buf_release(&found);
    }
}

static void join_settles_collisions(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { images(f), masks(f, NULL) };
    const ost_item *items;
    unsigned char pixels[6];
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "join", "{\"missing\":\"drop\"}", in, 2);
    assert_fails(&done, "item 'a': field 'image' is in both datasets "
                        "(collision: replace or keep says which one counts; "
                        "fields: {\"OLD\": \"NEW\"} gives another name)");
    done = run_stage(f, "join",
                     "{\"missing\":\"drop\",\"collision\":\"replace\"}", in, 2);
    items = output_items(f, &done, "out", &n);
    fill_bytes(pixels, 6, 8);
    assert_memory_equal(field_bytes(f, &items[0], "image", NULL), pixels, 6);
    done = run_stage(f, "join", "{\"missing\":\"drop\",\"collision\":\"keep\"}",
                     in, 2);
    items = output_items(f, &done, "out", &n);
    fill_bytes(pixels, 6, 1);
    assert_memory_equal(field_bytes(f, &items[0], "image", NULL), pixels, 6);
    assert_int_equal(items[0].n_fields, 2);
}

static void join_names_what_is_missing(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { images(f), masks(f, NULL) };
    ost_done_msg done;

    done = run_stage(f, "join", "{\"fields\":[\"mask.lung\"]}", in, 2);
    assert_fails(&done, "item 'a#0': there is no partner in 'from' (id 'a#0')");
    done = run_stage(f, "join", "{\"fields\":[\"mask.bone\"]}", in, 2);
    assert_fails(&done,
                 "item 'a': item 'a' of 'from' has no field 'mask.bone'");
    done =
        run_stage(f, "join", "{\"fields\":[],\"attributes\":[\"day\"]}", in, 2);
    assert_fails(&done, "item 'a': item 'a' of 'from' has no attribute 'day'");
    in[1] = masks(f, "a#1");
    done = run_stage(f, "join", "{\"by\":\"root\"}", in, 2);
    assert_fails(&done, "item 'a': there are two partners in 'from', 'a' and "
                        "'a#1' (root 'a')");
    assert_refused(&ost_stage_join, "{\"fields\":3}",
                   "param 'fields': expected a list of names or an object "
                   "from name to name");
    assert_refused(&ost_stage_join, "{\"fields\":[3]}",
                   "param 'fields': a list holds names");
    assert_refused(&ost_stage_join, "{\"fields\":{\"mask\":\"\"}}",
                   "param 'fields': the new name of 'mask' is no text");
}

/* --- filter -------------------------------------------------------------- */

static ost_step_input candidates(step_fixture *f)
{
    item_set s = { .f = f };

    for (int i = 0; i < 5; i++)
        set_item(&s, ost_arena_printf(&f->arena, "i%d", i), "p", NULL);
    return finish_set(&s, "in");
}

static void score(item_set *s, const char *id, double lesion)
{
    ost_arena *arena = &s->f->arena;
    ost_item *i = set_item(s, id, "p", NULL);

    ost_item_set_number(arena, i, "score.lesion", lesion);
    ost_item_set_number(arena, i, "score.normal", 1 - lesion);
    ost_item_set_text(arena, i, "predicted",
                      lesion > 0.5 ? "lesion" : "normal");
    set_exposure(s, i, "t1 t2");
}

static ost_step_input scores(step_fixture *f, int n)
{
    item_set s = { .f = f };

    for (int i = 0; i < n; i++)
        score(&s, ost_arena_printf(&f->arena, "i%d", i), 0.25 * i);
    return finish_items(&s, "predictions", OST_PREDICTIONS,
                        "{\"classes\":[\"lesion\",\"normal\"]}");
}

static void filter_keeps_by_score(void **state)
{
    static const struct {
        const char *with, *ids;
    } rows[] = {
        { "{\"threshold\":0.5}", "i2 i3 i4" },
        { "{\"threshold\":0.5,\"keep\":\"below\"}", "i0 i1" },
        { "{\"threshold\":0.75,\"class\":\"normal\"}", "i0 i1" },
        { "{\"threshold\":1}", "i4" },
    };
    step_fixture *f = *state;
    ost_step_input in[2] = { candidates(f), scores(f, 5) };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "filter", rows[i].with, in, 2);

        assert_string_equal(ids_at(f, &done, "out"), rows[i].ids);
    }
}

/* Who trained the model had a say in what is kept. */
static void filter_exposes_to_the_model(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { candidates(f), scores(f, 5) };
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done =
        run_stage(f, "filter", "{\"threshold\":0.5,\"to\":\"realism\"}", in, 2);
    items = output_items(f, &done, "out", &n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(exposure_of(f, &items[i]), "t1 t2");
    assert_true(ost_item_attr(&items[1], "realism")->number == 0.75);
    assert_string_equal(done.notes, "3 of 5 items are kept: score for "
                                    "'lesion' at least 0.5\n");
    assert_string_equal(output_artifact(f, &done, "out").meta,
                        "{\"filter\":{\"class\":\"lesion\",\"dropped\":2,"
                        "\"keep\":\"above\",\"kept\":3,\"threshold\":0.5,"
                        "\"without_prediction\":0}}");
}

static void filter_needs_one_prediction(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[3] = { candidates(f), scores(f, 4), scores(f, 1) };
    ost_done_msg done;

    done = run_stage(f, "filter", "{\"threshold\":0.5}", in, 2);
    assert_fails(&done, "item 'i4' has no prediction (missing: drop leaves "
                        "such items out)");
    done = run_stage(f, "filter", "{\"threshold\":0.5,\"missing\":\"drop\"}",
                     in, 2);
    assert_string_equal(ids_at(f, &done, "out"), "i2 i3");
    assert_non_null(
        strstr(done.notes, "1 items without a prediction are dropped"));
    done = run_stage(f, "filter", "{\"threshold\":0.5}", in, 3);
    assert_fails(&done, "item 'i0' has more than one prediction ('pool' makes "
                        "one of them)");
    done = run_stage(f, "filter", "{\"threshold\":0.8,\"missing\":\"drop\"}",
                     in, 2);
    assert_fails(&done, "none of 5 items has a score for 'lesion' of at least "
                        "0.8 (allow_empty: true allows that)");
    done = run_stage(f, "filter", "{\"threshold\":0.5,\"class\":\"leison\"}",
                     in, 2);
    assert_fails(&done, "param 'class': the predictions have no class "
                        "'leison' (did you mean 'lesion'?)");
}

/* --- pool ---------------------------------------------------------------- */

static ost_item *tile(item_set *s, const char *id, const char *group,
                      const char *label, double lesion)
{
    ost_item *i;

    score(s, id, lesion);
    i = &s->items[s->n - 1];
    i->group = group;
    ost_item_set_label(&s->f->arena, i, label);
    return i;
}

static ost_step_input tiles(step_fixture *f, const char *second_label)
{
    item_set s = { .f = f };

    set_parent(&s, tile(&s, "a#0", "p1", "lesion", 0.75), "a");
    set_parent(&s, tile(&s, "a#1", "p1", second_label, 0.25), "a");
    set_parent(&s, tile(&s, "b#0", "p1", "lesion", 0.125), "b");
    set_parent(&s, tile(&s, "c#0", "p2", "normal", 0.25), "c");
    return finish_items(&s, "predictions", OST_PREDICTIONS,
                        "{\"classes\":[\"lesion\",\"normal\"]}");
}

static void pool_makes_one_score_of_several(void **state)
{
    static const struct {
        const char *with, *ids;
        double lesion;
    } rows[] = {
        { "{}", "p1 p2", 0.375 },
        { "{\"how\":\"max\"}", "p1 p2", 0.75 },
        { "{\"how\":\"vote\"}", "p1 p2", 1.0 / 3 },
        { "{\"by\":\"parent\"}", "a b c", 0.5 },
        { "{\"by\":\"root\",\"how\":\"max\"}", "a b c", 0.75 },
        { "{\"how\":\"max\",\"positive\":\"normal\"}", "p1 p2", 0.125 },
    };
    step_fixture *f = *state;
    ost_step_input in = tiles(f, "lesion");

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "pool", rows[i].with, &in, 1);
        const ost_item *items;
        size_t n;

        assert_string_equal(ids_at(f, &done, "predictions"), rows[i].ids);
        items = output_items(f, &done, "predictions", &n);
        assert_true(ost_item_attr(&items[0], "score.lesion")->number ==
                    rows[i].lesion);
        assert_true(fabs(ost_item_attr(&items[0], "score.normal")->number +
                         rows[i].lesion - 1) < 1e-15);
        assert_string_equal(exposure_of(f, &items[0]), "t1 t2");
        assert_string_equal(items[0].group, "p1");
        assert_string_equal(ost_item_label(&items[0]), "lesion");
    }
}

static void pool_keeps_what_is_shared(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = tiles(f, "lesion");
    ost_done_msg done = run_stage(f, "pool", "{}", &in, 1);
    const ost_item *items;
    size_t n;

    items = output_items(f, &done, "predictions", &n);
    assert_int_equal(items[0].n_parents, 3);
    assert_string_equal(items[0].parents[2], "b#0");
    assert_true(ost_item_attr(&items[0], "items")->number == 3);
    assert_string_equal(ost_item_attr(&items[0], "predicted")->text, "normal");
    assert_string_equal(output_artifact(f, &done, "predictions").meta,
                        "{\"classes\":[\"lesion\",\"normal\"]}");
}

static void pool_settles_labels_that_differ(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = tiles(f, "normal");
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "pool", "{}", &in, 1);
    assert_fails(&done, "'p1': item 'a#0' has the label 'lesion' and item "
                        "'a#1' 'normal' (label: any, or none, settles that)");
    done = run_stage(f, "pool", "{\"label\":\"any\"}", &in, 1);
    items = output_items(f, &done, "predictions", &n);
    assert_string_equal(ost_item_label(&items[0]), "lesion");
    done = run_stage(f, "pool", "{\"label\":\"none\"}", &in, 1);
    items = output_items(f, &done, "predictions", &n);
    assert_null(ost_item_label(&items[0]));
    assert_string_equal(ost_item_label(&items[1]), "normal");
}

static void pool_keeps_folds_apart(void **state)
{
    static const char *const folds[2][2] = { { "fold", "0" }, { "fold", "1" } };
    step_fixture *f = *state;
    ost_step_input in[2] = { tiles(f, "lesion"), tiles(f, "lesion") };
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    for (int i = 0; i < 2; i++) {
        in[i].axes = folds[i];
        in[i].n_axes = 1;
    }
    done = run_stage(f, "pool", "{}", in, 1);
    items = output_items(f, &done, "predictions", &n);
    assert_string_equal(ost_item_attr(&items[0], "axis.fold")->text, "0");
    done = run_stage(f, "pool", "{}", in, 2);
    assert_fails(&done, "'p1': items 'a#0' and 'a#0' were predicted in "
                        "different instances of axis 'fold'");
}

static void pool_takes_labels_and_numbers(void **state)
{
    step_fixture *f = *state;
    item_set tags = { .f = f }, ages = { .f = f };
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    ost_item *i;
    size_t n;

    for (int k = 0; k < 2; k++) {
        i = set_item(&tags, k ? "b" : "a", "p", k ? "rib|spine" : NULL);
        ost_item_set_number(&f->arena, i, "score.rib", 0.75);
        ost_item_set_number(&f->arena, i, "score.spine", k ? 0.625 : 0.25);
        ost_item_set_text(&f->arena, i, "predicted", k ? "rib|spine" : "rib");
        i = set_item(&ages, k ? "b" : "a", "p", NULL);
        ost_item_set_number(&f->arena, i, "predicted", 40 + 2 * k);
    }
    in = finish_items(&tags, "predictions", OST_PREDICTIONS,
                      "{\"classes\":[\"rib\",\"spine\"],\"kind\":\"labels\"}");
    done = run_stage(f, "pool", "{\"how\":\"vote\",\"label\":\"any\"}", &in, 1);
    items = output_items(f, &done, "predictions", &n);
    assert_true(ost_item_attr(&items[0], "score.rib")->number == 1);
    assert_true(ost_item_attr(&items[0], "score.spine")->number == 0.5);
    assert_string_equal(ost_item_attr(&items[0], "predicted")->text, "rib");
    assert_int_equal(items[0].n_labels, 2);
    in = finish_items(&ages, "predictions", OST_PREDICTIONS,
                      "{\"kind\":\"number\"}");
    done = run_stage(f, "pool", "{}", &in, 1);
    items = output_items(f, &done, "predictions", &n);
    assert_true(ost_item_attr(&items[0], "predicted")->number == 41);
    done = run_stage(f, "pool", "{\"how\":\"vote\"}", &in, 1);
    assert_fails(&done, "numbers cannot be voted on (how: mean or max)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(no_partner_at_all_is_an_error_or_not),
        step_test(join_brings_fields_and_attributes),
        step_test(join_goes_by_what_is_said),
        step_test(join_settles_collisions),
        step_test(join_names_what_is_missing),
        step_test(filter_keeps_by_score),
        step_test(filter_exposes_to_the_model),
        step_test(filter_needs_one_prediction),
        step_test(pool_makes_one_score_of_several),
        step_test(pool_keeps_what_is_shared),
        step_test(pool_settles_labels_that_differ),
        step_test(pool_keeps_folds_apart),
        step_test(pool_takes_labels_and_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
