/* tests/unit/test_montage.c - pictures side by side, and apart */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_montage;
const ost_stage *const ost_stages[] = { &ost_stage_montage, NULL };

enum { H = 2, W = 3, SIZE = H * W };

static ost_item *part(item_set *s, const char *id, const char *view,
                      unsigned char first)
{
    ost_item *i = set_item(s, id, "p1", "x");
    unsigned char pixels[SIZE], mask[SIZE];

    for (int k = 0; k < SIZE; k++) {
        pixels[k] = (unsigned char)(first + k);
        mask[k] = (unsigned char)(k % 2);
    }
    set_field(s, i, "image", OST_U8, 2, (int64_t[]){ H, W }, pixels);
    set_field(s, i, "mask.bone", OST_U8, 2, (int64_t[]){ H, W }, mask);
    ost_item_set_text(&s->f->arena, i, "view", view);
    return i;
}

static ost_step_input views(step_fixture *f)
{
    static const float box[2][4] = { { 0, 0, 1, 1 }, { 1, 0, 3, 2 } };
    static const unsigned char kind[] = { 7, 8 };
    item_set s = { .f = f };
    ost_item *i;

    i = part(&s, "a", "posterior", 10);
    set_field(&s, i, "boxes", OST_F32, 2, (int64_t[]){ 2, 4 }, box);
    set_field(&s, i, "boxes.kind", OST_U8, 1, (int64_t[]){ 2 }, kind);
    part(&s, "b", "anterior", 20);
    return finish_set(&s, "in");
}

static const ost_item *only(step_fixture *f, const ost_done_msg *done)
{
    const ost_item *items;
    size_t n;

    items = output_items(f, done, "out", &n);
    assert_int_equal(n, 1);
    return items;
}

static void items_stand_side_by_side(void **state)
{
    static const unsigned char want[] = { 20, 21, 22, 10, 11, 12,
                                          23, 24, 25, 13, 14, 15 };
    static const float boxes[] = { 3, 0, 4, 1, 4, 0, 6, 2 };
    step_fixture *f = *state;
    ost_step_input in = views(f);
    const ost_item *item;
    ost_done_msg done;

    done = run_stage(f, "montage", "{\"order\":\"view\"}", &in, 1);
    item = only(f, &done);
    assert_string_equal(item->id, "p1");
    assert_int_equal(item->n_parents, 2);
    assert_string_equal(item->parents[0], "b");
    assert_int_equal(ost_item_field(item, "image")->shape[1], 2 * W);
    assert_memory_equal(field_bytes(f, item, "image", NULL), want, 2 * SIZE);
    assert_int_equal(ost_item_field(item, "mask.bone")->shape[1], 2 * W);
    assert_memory_equal(field_bytes(f, item, "boxes", NULL), boxes,
                        sizeof(boxes));
    assert_memory_equal(field_bytes(f, item, "boxes.kind", NULL), "\7\10", 2);
}

static void items_stand_below_each_other(void **state)
{
    static const unsigned char want[] = { 10, 11, 12, 13, 14, 15,
                                          20, 21, 22, 23, 24, 25 };
    static const float boxes[] = { 0, 0, 1, 1, 1, 0, 3, 2 };
    step_fixture *f = *state;
    ost_step_input in = views(f);
    const ost_item *item;
    ost_done_msg done;

    done = run_stage(f, "montage", "{\"rows\":2}", &in, 1);
    item = only(f, &done);
    assert_memory_equal(field_bytes(f, item, "image", NULL), want, 2 * SIZE);
    assert_memory_equal(field_bytes(f, item, "boxes", NULL), boxes,
                        sizeof(boxes));
    done = run_stage(f, "montage", "{\"rows\":2,\"fields\":[\"mask.bone\"]}",
                     &in, 1);
    assert_null(ost_item_field(only(f, &done), "image"));
}

static void items_come_apart_as_they_were(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = views(f);
    const ost_item *items;
    const ost_field *image;
    const float *box;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "montage", "{\"order\":\"view\"}", &in, 1);
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "montage",
                     "{\"direction\":\"split\",\"cols\":2,\"ids\":\"parents\"}",
                     &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(ids_at(f, &done, "out"), "a b");
    image = ost_item_field(&items[0], "image");
    assert_int_equal(image->shape[1], W);
    assert_int_equal(image->stride[0], 2 * W);
    assert_int_equal(image->offset, W);
    assert_string_equal(ost_item_attr(&items[0], "view")->text, "posterior");
    box = (const float *)(const void *)field_bytes(f, &items[0], "boxes", NULL);
    assert_true(box[4] == 1 && box[5] == 0 && box[6] == 3 && box[7] == 2);
    assert_int_equal(ost_item_field(&items[1], "boxes")->shape[0], 0);
    assert_int_equal(ost_item_field(&items[1], "boxes.kind")->shape[0], 0);
    done =
        run_stage(f, "montage", "{\"direction\":\"split\",\"cols\":2}", &in, 1);
    assert_string_equal(ids_at(f, &done, "out"), "p1#0 p1#1");
}

/* Four frames, and a mask of each. */
static ost_step_input series(step_fixture *f)
{
    unsigned char pixels[4 * SIZE];
    item_set s = { .f = f };
    ost_item *i = set_item(&s, "s", "p1", "x");

    for (int k = 0; k < 4 * SIZE; k++)
        pixels[k] = (unsigned char)k;
    set_field(&s, i, "frames", OST_U8, 3, (int64_t[]){ 4, H, W }, pixels);
    set_field(&s, i, "mask.bone", OST_U8, 3, (int64_t[]){ 4, H, W }, pixels);
    return finish_set(&s, "in");
}

static void frames_become_a_picture(void **state)
{
    static const unsigned char row[] = { 0,  1,  2,  6,  7,  8,  12, 13,
                                         14, 18, 19, 20, 3,  4,  5,  9,
                                         10, 11, 15, 16, 17, 21, 22, 23 };
    static const unsigned char square[] = { 0,  1,  2,  6,  7,  8,  3,  4,
                                            5,  9,  10, 11, 12, 13, 14, 18,
                                            19, 20, 15, 16, 17, 21, 22, 23 };
    step_fixture *f = *state;
    ost_step_input in = series(f);
    const ost_item *item;
    ost_done_msg done;

    done = run_stage(f, "montage",
                     "{\"parts\":\"frames\",\"also\":[\"mask.bone\"]}", &in, 1);
    item = only(f, &done);
    assert_string_equal(item->id, "s");
    assert_null(ost_item_field(item, "frames"));
    assert_memory_equal(field_bytes(f, item, "image", NULL), row, sizeof(row));
    assert_memory_equal(field_bytes(f, item, "mask.bone", NULL), row,
                        sizeof(row));
    done = run_stage(f, "montage", "{\"parts\":\"frames\",\"rows\":2}", &in, 1);
    item = only(f, &done);
    assert_int_equal(ost_item_field(item, "image")->shape[0], 2 * H);
    assert_memory_equal(field_bytes(f, item, "image", NULL), square,
                        sizeof(square));
}

/* Masks come along and come back; what would keep its old size does not. */
static void what_belongs_to_frames_comes_along(void **state)
{
    static const unsigned char row[] = { 0,  1,  2,  6,  7,  8,  12, 13,
                                         14, 18, 19, 20, 3,  4,  5,  9,
                                         10, 11, 15, 16, 17, 21, 22, 23 };
    static const float box[4] = { 0, 0, 1, 1 };
    unsigned char pixels[4 * SIZE];
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_item *i = set_item(&s, "s", "p1", "x");
    ost_step_input in;
    const ost_item *item;
    ost_done_msg done;

    for (int k = 0; k < 4 * SIZE; k++)
        pixels[k] = (unsigned char)k;
    set_field(&s, i, "frames", OST_U8, 3, (int64_t[]){ 4, H, W }, pixels);
    set_field(&s, i, "mask", OST_U8, 3, (int64_t[]){ 4, H, W }, pixels);
    set_field(&s, i, "mask.one", OST_U8, 2, (int64_t[]){ H, W }, pixels);
    set_field(&s, i, "contour", OST_U8, 2, (int64_t[]){ H, W }, pixels);
    set_field(&s, i, "boxes", OST_F32, 2, (int64_t[]){ 1, 4 }, box);
    set_field(&s, i, "boxes.kind", OST_U8, 1, (int64_t[]){ 1 }, pixels);
    set_field(&s, i, "vector", OST_F32, 1, (int64_t[]){ 4 }, box);
    in = finish_set(&s, "in");
    done = run_stage(f, "montage", "{\"parts\":\"frames\"}", &in, 1);
    assert_string_equal(done.notes,
                        "fields that do not fit and are left out: 'boxes', "
                        "'boxes.kind', 'contour', 'mask.one'\n");
    item = only(f, &done);
    assert_int_equal(item->n_fields, 3);
    assert_memory_equal(field_bytes(f, item, "image", NULL), row, sizeof(row));
    assert_memory_equal(field_bytes(f, item, "mask", NULL), row, sizeof(row));
    assert_non_null(ost_item_field(item, "vector"));
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "montage",
                     "{\"parts\":\"frames\",\"direction\":\"split\","
                     "\"cols\":4}",
                     &in, 1);
    item = only(f, &done);
    assert_int_equal(item->n_fields, 3);
    for (int k = 0; k < 2; k++) {
        const ost_field *field = ost_item_field(item, k ? "mask" : "frames");

        assert_int_equal(field->ndim, 3);
        assert_int_equal(field->shape[0], 4);
        assert_int_equal(field->shape[2], W);
    }
}

static void masks_have_the_shape_of_their_frames(void **state)
{
    unsigned char pixels[4 * SIZE] = { 0 };
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_item *i = set_item(&s, "s", "p1", "x");
    ost_step_input in;
    ost_done_msg done;

    set_field(&s, i, "frames", OST_U8, 3, (int64_t[]){ 4, H, W }, pixels);
    set_field(&s, i, "mask.a", OST_U8, 3, (int64_t[]){ 2, H, W }, pixels);
    in = finish_set(&s, "in");
    done = run_stage(f, "montage", "{\"parts\":\"frames\"}", &in, 1);
    assert_fails(&done, "bucket 's': item 's': field 'mask.a' is 2x2x3 and "
                        "'frames' is 4x2x3: they do not go together");
    done = run_stage(f, "montage",
                     "{\"parts\":\"frames\",\"also\":[\"mask.b\"]}", &in, 1);
    assert_fails(&done, "bucket 's': item 's': there is no field 'mask.b' "
                        "(also)");
    done = run_stage(f, "montage", "{}", &in, 1);
    assert_fails(&done, "bucket 'p1': item 's': field 'frames' is a series");
}

static void what_does_not_fit_is_named(void **state)
{
    static const struct {
        const char *with, *message;
    } rows[] = {
        { "{\"rows\":3}", "2 parts do not fill 3 x 1 cells" },
        { "{\"cols\":3}", "2 parts do not fill 1 x 3 cells" },
        { "{\"order\":\"day\"}", "item 'a' has no attribute 'day' (order: "
                                 "\"id\" goes by id)" },
        { "{\"fields\":[\"mask\"]}", "item 'a': there is no field 'mask'" },
        { "{\"direction\":\"split\",\"cols\":2}",
          "item 'a': a picture of 2 x 3 is not 1 x 2 cells of equal size" },
        { "{\"direction\":\"split\",\"cols\":3,\"ids\":\"parents\"}",
          "item 'a' has 0 parents and 3 parts: their ids are not known (ids: "
          "number)" },
        { "{\"parts\":\"frames\"}",
          "item 'a': there is no stack (T, H, W) in field 'frames'" },
        { "{\"parts\":\"frames\",\"direction\":\"split\",\"cols\":3,"
          "\"field\":\"boxes.kind\"}",
          "item 'a': there is no picture (H, W) in field 'boxes.kind'" },
    };
    step_fixture *f = *state;
    ost_step_input in = views(f);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "montage", rows[i].with, &in, 1);

        assert_int_equal(done.rc, OST_EINPUT);
        if (!strstr(done.error, rows[i].message))
            fail_msg("'%s' instead of '%s'", done.error, rows[i].message);
    }
    assert_refused(&ost_stage_montage, "{\"direction\":\"split\"}",
                   "to split, param 'cols' must say how many cells are next "
                   "to each other");
}

static void parts_of_another_size_are_named(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    set_image(&s, set_item(&s, "a", "p", NULL), "image", 2, 3, 1);
    set_image(&s, set_item(&s, "b", "p", NULL), "image", 2, 4, 1);
    in = finish_set(&s, "in");
    done = run_stage(f, "montage", "{}", &in, 1);
    assert_non_null(strstr(done.error, "field 'image' of item 'b' is 2x4 (u8), "
                                       "of item 'a' 2x3 (u8) ('resize' makes "
                                       "them alike)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(items_stand_side_by_side),
        step_test(items_stand_below_each_other),
        step_test(items_come_apart_as_they_were),
        step_test(frames_become_a_picture),
        step_test(what_belongs_to_frames_comes_along),
        step_test(masks_have_the_shape_of_their_frames),
        step_test(what_does_not_fit_is_named),
        step_test(parts_of_another_size_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
