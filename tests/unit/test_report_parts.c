/* tests/unit/test_report_parts.c - flow, sheets and outlines of the stage
 * `report` */
/* links: stages store base */
#include "base/json.h"
#include "tests/support/fixture.h"
#include "tests/support/predictions.h"

#include "base/banned.h"

extern const ost_stage ost_stage_report;
const ost_stage *const ost_stages[] = { &ost_stage_report, NULL };

typedef struct {
    const char *id;
    const char *group;
    const char *label;
} subject;

/* Items with a picture (4, 4) and a mask of `inside` pixels of its first rows,
 * 0 to 16. */
static ost_digest put_set(fixture *f, const subject *subjects, size_t n,
                          const int *inside)
{
    static const int64_t shape[2] = { 4, 4 };
    ost_item items[8] = { 0 };
    ost_err err = { 0 };

    for (size_t i = 0; i < n; i++) {
        ost_field image = { .name = "image", .dtype = OST_U8, .ndim = 2 };
        uint8_t bytes[16], marks[16] = { 0 };
        ost_field mask;

        for (int k = 0; k < 16; k++) {
            bytes[k] = (uint8_t)(16 * k);
            marks[k] = inside && k < inside[i] ? 255 : 0;
        }
        memcpy(image.shape, shape, sizeof(shape));
        image.stride[0] = 4;
        image.stride[1] = 1;
        mask = image;
        mask.name = "mask";
        items[i].id = subjects[i].id;
        items[i].group = subjects[i].group;
        assert_ok(ost_batch_put_blob(f->batch, bytes, 16, &image.blob, &err),
                  &err);
        assert_ok(ost_batch_put_blob(f->batch, marks, 16, &mask.blob, &err),
                  &err);
        ost_item_set_field(&f->arena, &items[i], &image);
        if (inside)
            ost_item_set_field(&f->arena, &items[i], &mask);
        if (subjects[i].label)
            ost_item_set_label(&f->arena, &items[i], subjects[i].label);
    }
    return put_items(f->batch, OST_DATASET, "{}", items, n);
}

static json_t *gather(fixture *f, const char *with, const ost_step_input *in,
                      size_t n)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_report, with, in, n, &f->arena);

    return document_of(f->batch, &done, &f->arena);
}

static const subject four[] = {
    { "a", "p1", "x" }, { "b", "p1", "y" }, { "c", "p2", "x" }, { "d", "p3", 0 }
};

static ost_step_input row_at(const char *port, ost_digest d, const char *row)
{
    ost_step_input in = at_port(port, d);

    in.row = row;
    return in;
}

static json_int_t of(const json_t *points, size_t i, const char *name)
{
    return json_integer_value(json_object_get(json_array_get(points, i), name));
}

static json_int_t lost(const json_t *points, size_t i, const char *name)
{
    return json_integer_value(json_object_get(
        json_object_get(json_array_get(points, i), "lost"), name));
}

static void points_stem_from_what_holds_their_patients(void **state)
{
    fixture *f = *state;
    ost_step_input in[4] = {
        row_at("flow", put_set(f, four, 4, NULL), "read"),
        row_at("flow", put_set(f, four + 1, 3, NULL), "good"),
        row_at("flow", put_set(f, four + 1, 1, NULL), "train"),
        row_at("flow", put_set(f, four + 2, 1, NULL), "test"),
    };
    json_t *doc = gather(f, "{'excluded': {'good': 'blurred'}}", in, 4);
    const json_t *points = json_object_get(doc, "flow");

    assert_int_equal(json_array_size(points), 4);
    assert_int_equal(of(points, 0, "n_items"), 4);
    assert_int_equal(of(points, 0, "n_groups"), 3);
    assert_true(
        json_is_null(json_object_get(json_array_get(points, 0), "from")));
    assert_int_equal(lost(points, 0, "n_items"), 1); /* image a */
    assert_int_equal(lost(points, 0, "n_groups"), 0);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(points, 1), "why")),
        "blurred");
    assert_int_equal(of(points, 2, "from"), 1);
    assert_int_equal(of(points, 3, "from"), 1); /* and not the training set */
    assert_int_equal(lost(points, 1, "n_groups"), 1); /* p3 */
    assert_int_equal(
        json_integer_value(json_object_get(
            json_object_get(json_array_get(points, 0), "labels"), "x")),
        2);
    json_decref(doc);
}

static void points_of_other_folds_are_no_ancestors(void **state)
{
    static const char *const zero[] = { "fold", "0" };
    static const char *const one[] = { "fold", "1" };
    fixture *f = *state;
    ost_step_input in[3] = {
        row_at("flow", put_set(f, four, 4, NULL), "all"),
        row_at("flow", put_set(f, four, 3, NULL), "train"),
        row_at("flow", put_set(f, four, 2, NULL), "test"),
    };
    json_t *doc;

    in[1].axes = zero;
    in[1].n_axes = 1;
    in[2].axes = one;
    in[2].n_axes = 1;
    doc = gather(f, "{}", in, 3);
    assert_int_equal(of(json_object_get(doc, "flow"), 2, "from"), 0);
    json_decref(doc);
}

static void sheets_are_spread_over_all_images(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = {
        at_port("generated", put_set(f, four, 4, NULL)),
        at_port("real", put_set(f, four, 1, NULL)),
    };
    json_t *doc = gather(f, "{'examples': 2}", in, 2);
    const json_t *made = json_object_get(doc, "generated");

    assert_int_equal(json_array_size(made), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(made, 0), "id")), "b");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(made, 1), "id")), "d");
    assert_int_equal(json_array_size(json_object_get(doc, "real")), 1);
    json_decref(doc);
}

static void outlines_show_the_least_and_the_most_alike(void **state)
{
    static const int truth[] = { 8, 8, 0, 8 }, made[] = { 8, 4, 0, 0 };
    fixture *f = *state;
    ost_step_input in[2] = {
        at_port("images", put_set(f, four, 4, truth)),
        at_port("masks", put_set(f, four, 4, made)),
    };
    json_t *doc = gather(f, "{'examples': 4}", in, 2), *first, *last;
    const json_t *all = json_object_get(doc, "segmentations");

    /* in "c" there is nothing, and nothing was found */
    assert_int_equal(json_array_size(all), 3);
    first = json_array_get(all, 0);
    last = json_array_get(all, 2);
    assert_string_equal(json_string_value(json_object_get(first, "id")), "d");
    assert_string_equal(json_string_value(json_object_get(first, "place")),
                        "least");
    assert_true(json_number_value(json_object_get(first, "dice")) == 0);
    assert_string_equal(json_string_value(json_object_get(last, "place")),
                        "most");
    assert_string_equal(json_string_value(json_object_get(last, "id")), "a");
    assert_true(json_number_value(json_object_get(last, "dice")) == 1);
    assert_string_equal(json_string_value(json_object_get(last, "predicted")),
                        "predicted.2");
    json_decref(doc);
}

static ost_digest put_samplings(fixture *f)
{
    static const int64_t shape[2] = { 4, 40 };
    uint8_t bytes[160] = { 0 };
    ost_item items[5] = { 0 };
    ost_err err = { 0 };

    for (int i = 0; i < 5; i++) {
        ost_field image = { .name = "image", .dtype = OST_U8, .ndim = 2 };

        items[i].id = ost_arena_printf(&f->arena, "%d", i);
        items[i].group = "g";
        memcpy(image.shape, shape, sizeof(shape));
        image.stride[0] = 40;
        image.stride[1] = 1;
        assert_ok(ost_batch_put_blob(f->batch, bytes, 160, &image.blob, &err),
                  &err);
        ost_item_set_field(&f->arena, &items[i], &image);
        ost_item_set_number(&f->arena, &items[i], "step", 1000 - 100 * i);
        ost_item_set_number(&f->arena, &items[i], "columns", 10);
    }
    return put_items(f->batch, OST_DATASET, "{}", items, 5);
}

static void grids_are_the_first_and_the_last_and_some_between(void **state)
{
    fixture *f = *state;
    ost_step_input in[] = { at_port("grids", put_samplings(f)) };
    json_t *doc = gather(f, "{'examples': 3}", in, 1);
    const json_t *one = json_array_get(json_object_get(doc, "grids"), 0);
    const json_t *steps = json_object_get(one, "steps");

    assert_int_equal(of(json_object_get(doc, "grids"), 0, "n_steps"), 5);
    assert_int_equal(json_array_size(steps), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *s = json_array_get(steps, i);

        assert_true(json_number_value(json_object_get(s, "step")) ==
                    600.0 + 200.0 * (double)i);
        assert_int_equal(json_integer_value(json_object_get(s, "width")), 32);
        assert_int_equal(json_integer_value(json_object_get(s, "height")), 4);
    }
    json_decref(doc);
}

static ost_digest put_nearest(fixture *f)
{
    ost_artifact a = {
        .type = OST_METRICS,
        .meta = "{\"kind\":\"images\",\"memorization\":{\"features\":{"
                "\"nearest\":[{\"distance\":0.25,\"generated\":\"a\","
                "\"learned\":\"gone\"},{\"distance\":0.5,\"generated\":"
                "\"b\",\"learned\":\"c\"}]}}}",
    };
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    return d;
}

static void neighbors_stand_beside_each_other(void **state)
{
    fixture *f = *state;
    ost_step_input in[] = {
        at_port("metrics", put_nearest(f)),
        at_port("generated", put_set(f, four, 2, NULL)),
        at_port("training", put_set(f, four + 2, 2, NULL)),
    };
    json_t *doc = gather(f, "{}", in, 3);
    const json_t *all = json_object_get(doc, "neighbors");
    const json_t *one = json_array_get(all, 0);

    assert_int_equal(json_array_size(all), 1);
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(one, "generated"), "id")),
                        "b");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(one, "learned"), "id")),
                        "c");
    assert_non_null(
        json_object_get(json_object_get(one, "learned"), "picture"));
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            points_stem_from_what_holds_their_patients, setup, teardown),
        cmocka_unit_test_setup_teardown(points_of_other_folds_are_no_ancestors,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(sheets_are_spread_over_all_images,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            outlines_show_the_least_and_the_most_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(
            grids_are_the_first_and_the_last_and_some_between, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbors_stand_beside_each_other,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
