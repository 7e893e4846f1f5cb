/* tests/unit/test_aggregate_views.c - both views of an exam as one image */
/* links: stages store base kernels */
#include "stages/view_alignment.h"
#include "tests/support/image_stages.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_aggregate_views;
const ost_stage *const ost_stages[] = { &ost_stage_aggregate_views, NULL };

static const ost_stage *const stage = &ost_stage_aggregate_views;

static ost_item new_view(fixture *f, const char *id, const char *exam,
                         const char *view)
{
    ost_item item = new_item(id, "p", "x", &f->arena);

    ost_item_set_text(&f->arena, &item, "study", exam);
    ost_item_set_text(&f->arena, &item, "view", view);
    return item;
}

/* A body from (x, y) on, of values that tell left from right. */
static void add_body(fixture *f, ost_item *item, int x, int y, bool mirror)
{
    uint16_t v[H * W] = { 0 };

    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 6; c++) {
            int col = mirror ? W - 1 - (x + c) : x + c;

            v[(y + r) * W + col] = (uint16_t)(100 + 10 * r + c);
        }
    add_field(f, item, "image", OST_U16, 2, (int64_t[]){ H, W }, v);
}

static void a_shift_between_the_views_is_undone(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "1", "posterior") };
    const float *v;
    result r;

    add_body(f, &items[0], 5, 3, false);
    add_body(f, &items[1], 8, 2, true);
    r = apply(f, stage, "{}", dataset(f, items, 2));
    assert_int_equal(r.n, 1);
    assert_string_equal(r.items[0].id, "a");
    assert_int_equal(r.items[0].n_parents, 2);
    assert_string_equal(r.items[0].parents[1], "b");
    assert_string_equal(ost_item_attr(&r.items[0], "view")->text, "both");
    assert_true(number_of(&r.items[0], "aggregate.shift_x") == -3);
    assert_true(number_of(&r.items[0], "aggregate.shift_y") == 1);
    assert_true(number_of(&r.items[0], "aggregate.aligned") == 1);
    assert_int_equal(ost_item_field(&r.items[0], "image")->dtype, OST_F32);
    v = bytes_of(f, &r.items[0], "image");
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            bool in = x >= 5 && x < 11 && y >= 3 && y < 7;

            assert_true(
                v[y * W + x] ==
                (in ? 2.0f * (float)(100 + 10 * (y - 3) + x - 5) : 0.0f));
        }
}

static float first_value(fixture *f, const char *with, const ost_item *items)
{
    result r = apply(f, stage, with, dataset(f, items, 2));

    assert_int_equal(r.n, 1);
    if (ost_item_field(&r.items[0], "image")->dtype == OST_U16)
        return (float)((const uint16_t *)bytes_of(f, &r.items[0], "image"))[0];
    return ((const float *)bytes_of(f, &r.items[0], "image"))[0];
}

static void values_become_one_in_three_ways(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "1", "posterior") };
    const uint16_t front = 40000, back = 50000;
    const int64_t one[] = { 1, 1 };

    add_field(f, &items[0], "image", OST_U16, 2, one, &front);
    add_field(f, &items[1], "image", OST_U16, 2, one, &back);
    assert_true(first_value(f, "{}", items) == 90000.0f);
    assert_true(first_value(f, "{'combine':'mean'}", items) == 45000.0f);
    assert_true(first_value(f, "{'combine':'max','type':'u16'}", items) ==
                50000.0f);
    refuses(
        f, stage, "{'type':'u16'}", items, 2,
        "bucket 'p / 1': 90000 does not fit into u16: \"type\": \"f32\" holds "
        "it");
}

static void one_rectangle_is_scaled_onto_the_other(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "1", "posterior") };
    unsigned char front[H * W] = { 0 }, back[H * W] = { 0 };
    const unsigned char *m;
    result r;

    for (int y = 2; y < 10; y++)
        memset(front + y * W + 4, 100, 12);
    for (int y = 1; y < 5; y++)
        memset(back + y * W + 2, 50, 6);
    add_field(f, &items[0], "image", OST_U8, 2, (int64_t[]){ H, W }, front);
    add_field(f, &items[1], "image", OST_U8, 2, (int64_t[]){ H, W }, back);
    add_field(f, &items[1], "mask.x", OST_U8, 2, (int64_t[]){ H, W }, back);
    r = apply(f, stage, "{'align':'scale'}", dataset(f, items, 2));
    assert_true(number_of(&r.items[0], "aggregate.scale_x") == 2);
    assert_true(number_of(&r.items[0], "aggregate.scale_y") == 2);
    m = bytes_of(f, &r.items[0], "mask.x");
    for (int i = 0; i < H * W; i++)
        assert_int_equal(m[i] != 0, front[i] != 0);
}

static void masks_are_united_and_boxes_follow(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "1", "posterior") };
    unsigned char front[H * W] = { 0 }, back[H * W] = { 0 };
    const float box_a[] = { 1, 2, 3, 4 }, box_b[] = { 0, 0, 2, 1 };
    const float *boxes;
    const unsigned char *m;
    result r;

    front[0] = 255;
    back[W + 1] = 7;
    for (int k = 0; k < 2; k++) {
        add_body(f, &items[k], 5, 3, k == 1);
        add_field(f, &items[k], "mask.x", OST_U8, 2, (int64_t[]){ H, W },
                  k ? back : front);
        add_field(f, &items[k], "boxes", OST_F32, 2, (int64_t[]){ 1, 4 },
                  k ? box_b : box_a);
    }
    r = apply(f, stage, "{}", dataset(f, items, 2));
    m = bytes_of(f, &r.items[0], "mask.x");
    assert_int_equal(m[0], 255);
    assert_int_equal(m[2 * W - 2], 7);
    boxes = bytes_of(f, &r.items[0], "boxes");
    assert_int_equal(ost_item_field(&r.items[0], "boxes")->shape[0], 2);
    assert_memory_equal(boxes, box_a, sizeof(box_a));
    assert_true(boxes[4] == W - 2 && boxes[5] == 0 && boxes[6] == W &&
                boxes[7] == 1);
}

/* Whatever groups and attributes are called. */
static void views_of_two_patients_are_no_exam(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "q / 1", "anterior"),
                         new_view(f, "b", "1", "posterior") };

    items[1].group = "p / q";
    for (int k = 0; k < 2; k++)
        add_body(f, &items[k], 5, 3, k == 1);
    refuses(f, stage, "{'missing':'error'}", items, 2,
            "bucket 'p / q %2F 1': there is no view but 'a'");
}

static void masks_are_of_the_size_of_their_image(void **state)
{
    fixture *f = *state;
    const unsigned char mask[4] = { 1, 0, 0, 1 };

    for (int k = 0; k < 2; k++) {
        ost_item items[] = { new_view(f, "a", "1", "anterior"),
                             new_view(f, "b", "1", "posterior") };

        add_body(f, &items[0], 5, 3, false);
        add_body(f, &items[1], 5, 3, true);
        add_field(f, &items[k], "mask.x", OST_U8, 2, (int64_t[]){ 2, 2 }, mask);
        refuses(f, stage, "{}", items, 2,
                k ? "bucket 'p / 1': field 'mask.x': item 'b': it is no mask "
                    "of its image"
                  : "bucket 'p / 1': field 'mask.x': item 'a': it is no mask "
                    "of its image");
    }
}

static void views_are_no_series(void **state)
{
    static const char *const names[] = { "frames", "mask.x" };
    fixture *f = *state;
    const unsigned char stack[2 * H * W] = { 1 };

    for (int k = 0; k < 2; k++) {
        ost_item items[] = { new_view(f, "a", "1", "anterior"),
                             new_view(f, "b", "1", "posterior") };

        add_body(f, &items[0], 5, 3, false);
        add_body(f, &items[1], 5, 3, true);
        add_field(f, &items[k], names[k], OST_U8, 3, (int64_t[]){ 2, H, W },
                  stack);
        refuses(f, stage, "{}", items, 2,
                k ? "bucket 'p / 1': item 'b': field 'mask.x' is of frames, "
                    "and a view is one image ('frames' makes images of a "
                    "series)"
                  : "bucket 'p / 1': item 'a': field 'frames' is of frames, "
                    "and a view is one image ('frames' makes images of a "
                    "series)");
    }
}

/* The view from behind goes six columns to the left. */
static void boxes_that_are_moved_out_are_left_out(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "1", "posterior") };
    const float back[] = { 18, 0, 20, 1, 0, 0, 2, 1 };
    const float *boxes;
    result r;

    add_body(f, &items[0], 5, 3, false);
    add_body(f, &items[1], 11, 3, true);
    add_field(f, &items[1], "boxes", OST_F32, 2, (int64_t[]){ 2, 4 }, back);
    r = apply(f, stage, "{}", dataset(f, items, 2));
    boxes = bytes_of(f, &r.items[0], "boxes");
    assert_int_equal(ost_item_field(&r.items[0], "boxes")->shape[0], 1);
    assert_true(boxes[0] == W - 8 && boxes[1] == 0 && boxes[2] == W - 6 &&
                boxes[3] == 1);
}

static ost_done_msg run(fixture *f, const char *with, const ost_item *items,
                        size_t n)
{
    ost_step_input in = at_port("in", dataset(f, items, n));
    ost_done_msg done = run_stage(f->batch, stage, with, &in, 1, &f->arena);

    if (done.rc)
        fail_msg("%s", done.error);
    return done;
}

/* The items of a port. */
static result at(fixture *f, const ost_done_msg *done, size_t port)
{
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };
    result r = { .digest = done->outputs[port].artifact };

    assert_ok(ost_artifact_get(f->batch, &r.digest, &f->arena, &a, &err), &err);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &r.n, &err),
              &err);
    r.items = items;
    return r;
}

static void what_has_no_other_view_is_listed(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "2", "posterior"),
                         new_view(f, "c", "2", "lateral") };
    ost_done_msg done;
    const float *v;
    result r;

    for (size_t i = 0; i < 3; i++)
        add_body(f, &items[i], 5, 3, false);
    done = run(f, "{}", items, 3);
    r = at(f, &done, 0);
    assert_int_equal(r.n, 0);
    r = at(f, &done, 1);
    assert_int_equal(r.n, 3);
    assert_string_equal(ost_item_attr(&r.items[0], "aggregate.reason")->text,
                        "the other view is missing");
    assert_string_equal(ost_item_attr(&r.items[2], "aggregate.reason")->text,
                        "neither view");
    done = run(f, "{'missing':'keep'}", items, 3);
    r = at(f, &done, 0);
    assert_int_equal(r.n, 2);
    v = bytes_of(f, &r.items[1], "image");
    assert_true(v[3 * W + W - 1 - 5] == 100.0f); /* mirrored */
    refuses(f, stage, "{'missing':'error'}", items, 1,
            "bucket 'p / 1': there is no view but 'a'");
}

static void what_shows_nothing_is_not_aligned(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "1", "posterior") };
    const uint16_t nothing[H * W] = { 0 };
    ost_done_msg done;
    result r;

    add_body(f, &items[0], 5, 3, false);
    add_field(f, &items[1], "image", OST_U16, 2, (int64_t[]){ H, W }, nothing);
    done = run(f, "{}", items, 2);
    r = at(f, &done, 0);
    assert_true(number_of(&r.items[0], "aggregate.aligned") == 0);
    done = run(f, "{'unaligned':'drop'}", items, 2);
    r = at(f, &done, 1);
    assert_int_equal(r.n, 2);
    refuses(f, stage, "{'unaligned':'error'}", items, 2,
            "bucket 'p / 1': 'a' or 'b' shows no uptake to align");
}

static void an_exam_has_each_view_once(void **state)
{
    fixture *f = *state;
    ost_item items[] = { new_view(f, "a", "1", "anterior"),
                         new_view(f, "b", "1", "anterior") };

    for (size_t i = 0; i < 2; i++)
        add_body(f, &items[i], 5, 3, false);
    refuses(f, stage, "{}", items, 2,
            "bucket 'p / 1': 'a' and 'b' are the same view: say in 'by' what "
            "tells exams apart");
}

static void noise_does_not_count_with_enough_pixels(void **state)
{
    unsigned char v[H * W] = { 0 };
    ost_tensor t = ost_tensor_of(v, OST_U8, 2, (int64_t[]){ H, W });
    ost_rect box;

    (void)state;
    for (int y = 3; y < 8; y++)
        memset(v + y * W + 6, 100, 7);
    v[0] = v[H * W - 1] = 90;
    assert_int_equal(ost_uptake_box(&t, 0.05, 1, &box, NULL), OST_OK);
    assert_int_equal(box.height, H);
    assert_int_equal(box.width, W);
    assert_int_equal(ost_uptake_box(&t, 0.05, 2, &box, NULL), OST_OK);
    assert_int_equal(box.top, 3);
    assert_int_equal(box.height, 5);
    assert_int_equal(box.left, 6);
    assert_int_equal(box.width, 7);
    memset(v, 0, sizeof(v));
    assert_int_equal(ost_uptake_box(&t, 0.05, 1, &box, NULL), OST_OK);
    assert_int_equal(box.height, 0);
    assert_int_equal(box.width, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shift_between_the_views_is_undone),
        TEST(values_become_one_in_three_ways),
        TEST(one_rectangle_is_scaled_onto_the_other),
        TEST(masks_are_united_and_boxes_follow),
        TEST(views_of_two_patients_are_no_exam),
        TEST(masks_are_of_the_size_of_their_image),
        TEST(views_are_no_series),
        TEST(boxes_that_are_moved_out_are_left_out),
        TEST(what_has_no_other_view_is_listed),
        TEST(what_shows_nothing_is_not_aligned),
        TEST(an_exam_has_each_view_once),
        TEST(noise_does_not_count_with_enough_pixels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
