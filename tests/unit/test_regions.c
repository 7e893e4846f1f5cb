/* tests/unit/test_regions.c - stages that cut and pad, and their operators */
/* links: stages store base kernels */
/* on: cpu cuda checked */
#include "kernels/areas.h"
#include "stages/geometry.h"
#include "tests/support/image_ops.h"
#include "tests/support/image_stages.h"

#include "base/banned.h"

extern const ost_stage ost_stage_crop, ost_stage_pad, ost_stage_roi;
const ost_stage *const ost_stages[] = { &ost_stage_crop, &ost_stage_pad,
                                        &ost_stage_roi, NULL };

/* ---- operators ---- */

static ost_tensor row_of(uint8_t *data, int64_t n)
{
    return ost_tensor_of(data, OST_U8, 2, (int64_t[]){ 1, n });
}

static void expect_padded(ost_pad_mode mode, int64_t left,
                          const uint8_t want[9])
{
    uint8_t data[3] = { 1, 2, 3 }, out[9];
    ost_pad_spec spec = { .left = left, .mode = mode, .fill = 7.5 };
    ost_tensor in = row_of(data, 3), to = row_of(out, 9);

    assert_int_equal(images()->pad(&in, &spec, &to, NULL), OST_OK);
    assert_memory_equal(out, want, 9);
}

static void margins_are_filled_as_the_mode_says(void **state)
{
    (void)state;
    expect_padded(OST_PAD_CONSTANT, -4,
                  (const uint8_t[]){ 8, 8, 8, 8, 1, 2, 3, 8, 8 });
    expect_padded(OST_PAD_EDGE, -4,
                  (const uint8_t[]){ 1, 1, 1, 1, 1, 2, 3, 3, 3 });
    /* Mirrored more than once, as NumPy's "reflect" does. */
    expect_padded(OST_PAD_REFLECT, -4,
                  (const uint8_t[]){ 1, 2, 3, 2, 1, 2, 3, 2, 1 });
    expect_padded(OST_PAD_CONSTANT, 20,
                  (const uint8_t[]){ 8, 8, 8, 8, 8, 8, 8, 8, 8 });
    expect_padded(OST_PAD_CONSTANT, 1,
                  (const uint8_t[]){ 2, 3, 8, 8, 8, 8, 8, 8, 8 });
}

static void one_pixel_mirrors_itself(void **state)
{
    uint8_t data[1] = { 9 }, out[5];
    ost_pad_spec spec = { .left = -2, .mode = OST_PAD_REFLECT };
    ost_tensor in = row_of(data, 1), to = row_of(out, 5);

    (void)state;
    assert_int_equal(images()->pad(&in, &spec, &to, NULL), OST_OK);
    assert_memory_equal(out, ((uint8_t[]){ 9, 9, 9, 9, 9 }), 5);
}

static void what_is_not_finite_is_refused(void **state)
{
    uint8_t data[3] = { 1, 2, 3 }, out[9];
    ost_pad_spec spec = { .fill = NAN };
    ost_tensor in = row_of(data, 3), to = row_of(out, 9);
    ost_tensor none = row_of(data, 0);

    (void)state;
    assert_int_equal(images()->pad(&in, &spec, &to, NULL), OST_EINPUT);
    assert_int_equal(images()->blank(&in, &in, INFINITY, &in, NULL),
                     OST_EINPUT);
    spec = (ost_pad_spec){ .mode = OST_PAD_EDGE };
    assert_int_equal(images()->pad(&none, &spec, &to, NULL), OST_EINPUT);
    spec = (ost_pad_spec){ .top = INT64_MAX };
    assert_int_equal(images()->pad(&in, &spec, &to, NULL), OST_EINPUT);
}

static void marks_are_what_is_not_0(void **state)
{
    float data[2 * 3] = { 0, -0.0f, 0, 0, NAN, 0 };
    ost_tensor in = ost_tensor_of(data, OST_F32, 2, (int64_t[]){ 2, 3 });
    uint8_t marks[6] = { 0, 0, 1, 0, 0, 0 };
    ost_tensor mask = ost_tensor_of(marks, OST_U8, 2, (int64_t[]){ 2, 3 });
    ost_rect r;

    (void)state;
    assert_int_equal(images()->marked(&in, &r, NULL), OST_OK);
    assert_true(r.top == 1 && r.left == 1 && r.height == 1 && r.width == 1);
    assert_int_equal(images()->mark(&in, &mask, NULL), OST_OK);
    assert_memory_equal(marks, ((uint8_t[]){ 0, 0, 1, 0, 1, 0 }), 6);
    assert_int_equal(images()->marked(&mask, &r, NULL), OST_OK);
    assert_true(r.top == 0 && r.left == 1 && r.height == 2 && r.width == 2);
    data[4] = 0;
    assert_int_equal(images()->marked(&in, &r, NULL), OST_OK);
    assert_true(ost_rect_is_empty(&r));
}

/* ---- stages ---- */

/* An item with image, mask.m (marked at 4..5, 7..10) and two boxes, one
 * around the mask, one at the top left. */
static ost_item marked_item(fixture *f)
{
    ost_item item = new_item("a", "p", "x", &f->arena);
    const float boxes[8] = { 7, 4, 11, 6, 0, 0, 3, 2 };
    const uint16_t names[2] = { 5, 6 };
    unsigned char mask[H * W] = { 0 };

    for (int y = 4; y <= 5; y++)
        for (int x = 7; x <= 10; x++)
            mask[y * W + x] = 1;
    add_image(f, &item, "image", 2);
    add_field(f, &item, "mask.m", OST_U8, 2, (int64_t[]){ H, W }, mask);
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ 2, 4 }, boxes);
    add_field(f, &item, "boxes.label", OST_U16, 1, (int64_t[]){ 2 }, names);
    return item;
}

static void expect_part(fixture *f, const ost_item *before,
                        const ost_item *after, int top, int left, int h, int w)
{
    const uint8_t *from = bytes_of(f, before, "image");
    const uint8_t *to = pixels_of(f, after, "image");
    const ost_field *field = ost_item_field(after, "image");

    assert_int_equal(field->shape[0], h);
    assert_int_equal(field->shape[1], w);
    for (int y = 0; y < h; y++)
        assert_memory_equal(to + y * w, from + (top + y) * W + left, w);
}

static void crops_are_views_of_everything(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    const ost_item *out;
    const float *box;
    result r;

    r = apply_to_one(f, &ost_stage_crop, "{'rectangle':[3,6,5,8]}", &item);
    out = &r.items[0];
    expect_part(f, &item, out, 3, 6, 5, 8);
    assert_true(ost_digest_equal(&ost_item_field(out, "image")->blob,
                                 &ost_item_field(&item, "image")->blob));
    assert_true(ost_digest_equal(&ost_item_field(out, "mask.m")->blob,
                                 &ost_item_field(&item, "mask.m")->blob));
    assert_int_equal(((uint8_t *)pixels_of(f, out, "mask.m"))[8 + 1], 1);
    assert_int_equal(((uint8_t *)pixels_of(f, out, "mask.m"))[8 + 0], 0);
    /* The second box is outside, and its row goes with it. */
    assert_int_equal(ost_item_field(out, "boxes")->shape[0], 1);
    box = bytes_of(f, out, "boxes");
    assert_true(box[0] == 1 && box[1] == 1 && box[2] == 5 && box[3] == 3);
    assert_int_equal(ost_item_field(out, "boxes.label")->shape[0], 1);
    assert_int_equal(*(uint16_t *)bytes_of(f, out, "boxes.label"), 5);
    assert_string_equal(out->group, "p");
}

static void crops_lie_in_the_middle(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    result r;

    r = apply_to_one(f, &ost_stage_crop, "{'size':[5,7]}", &item);
    expect_part(f, &item, &r.items[0], 3, 6, 5, 7);
    r = apply_to_one(f, &ost_stage_crop, "{'square':true}", &item);
    expect_part(f, &item, &r.items[0], 0, 4, H, H);
    r = apply_to_one(f, &ost_stage_crop,
                     "{'rectangle':[-2,16,6,9],'outside':'clip'}", &item);
    expect_part(f, &item, &r.items[0], 0, 16, 4, 4);
    assert_int_equal(ost_item_field(&r.items[0], "boxes")->shape[0], 0);
    assert_int_equal(ost_item_field(&r.items[0], "boxes.label")->shape[0], 0);
}

static void a_crop_beyond_the_picture_is_padded(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    const uint8_t *p, *before = bytes_of(f, &item, "image");
    result r;

    r = apply_to_one(f, &ost_stage_crop,
                     "{'size':[14,21],'outside':'pad','fill':9}", &item);
    p = bytes_of(f, &r.items[0], "image");
    for (int y = 0; y < 14; y++)
        for (int x = 0; x < 21; x++) {
            bool in = y >= 1 && y < 13 && x >= 1;

            assert_int_equal(p[y * 21 + x],
                             in ? before[(y - 1) * W + x - 1] : 9);
        }
    refuses(f, &ost_stage_crop, "{'size':[14,21]}", &item, 1,
            "item 'a': 14 x 21 pixels from row -1, column -1 on are not all "
            "in the picture (12 x 20)");
    refuses(f, &ost_stage_crop, "{'rectangle':[12,0,3,3],'outside':'pad'}",
            &item, 1,
            "item 'a': 3 x 3 pixels from row 12, column 0 on are not in the "
            "picture (12 x 20)");
}

static void pictures_of_two_sizes_are_not_cut_alike(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    ost_item bare = { .id = "b", .group = "b" };

    add_field(f, &item, "mask.n", OST_U8, 2, (int64_t[]){ 2, 3 }, "123456");
    refuses(f, &ost_stage_crop, "{'square':true}", &item, 1,
            "item 'a': field 'mask.n' is 2 x 3 and 'image' is 12 x 20: one "
            "rectangle does not fit both");
    refuses(f, &ost_stage_roi, "{}", &item, 1,
            "item 'a': field 'mask.n' is 2 x 3 and the picture 12 x 20");
    refuses(f, &ost_stage_crop, "{'square':true}", &bare, 1,
            "item 'b': there is no picture");
    refuses(f, &ost_stage_pad, "{'square':true}", &bare, 1,
            "item 'b': there is no picture");
}

static void pads_move_masks_and_boxes(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    const uint8_t *p, *m;
    const float *box;
    result r;

    r = apply_to_one(f, &ost_stage_pad, "{'amounts':[1,2,3,0],'mode':'edge'}",
                     &item);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[0], 15);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[1], 23);
    p = bytes_of(f, &r.items[0], "image");
    m = bytes_of(f, &r.items[0], "mask.m");
    for (int x = 0; x < 3; x++)
        assert_int_equal(p[x], *(uint8_t *)bytes_of(f, &item, "image"));
    assert_int_equal(m[5 * 23 + 10], 1);
    assert_int_equal(m[5 * 23 + 9], 0);
    box = bytes_of(f, &r.items[0], "boxes");
    assert_true(box[0] == 10 && box[1] == 5 && box[4] == 3 && box[7] == 3);
    r = apply_to_one(f, &ost_stage_pad, "{'square':true,'fill':4}", &item);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[0], W);
    p = bytes_of(f, &r.items[0], "image");
    assert_int_equal(p[3 * W + W - 1], 4);
    assert_memory_equal(p + 4 * W, bytes_of(f, &item, "image"), H * W);
    r = apply_to_one(f, &ost_stage_pad, "{'size':[13,8],'at':'start'}", &item);
    p = bytes_of(f, &r.items[0], "image");
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[1], W);
    assert_memory_equal(p, bytes_of(f, &item, "image"), H * W);
    assert_int_equal(p[H * W], 0);
}

static void margins_of_masks_are_not_marked(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const uint8_t *m;
    result r;

    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ 1, 2 }, "ab");
    add_field(f, &item, "mask", OST_U8, 2, (int64_t[]){ 1, 2 }, "\1\1");
    r = apply_to_one(f, &ost_stage_pad,
                     "{'amounts':[0,0,1,1],'mode':'reflect'}", &item);
    assert_memory_equal(bytes_of(f, &r.items[0], "image"), "baba", 4);
    m = bytes_of(f, &r.items[0], "mask");
    assert_memory_equal(m, "\0\1\1\0", 4);
}

static void regions_have_a_margin_and_end_at_the_picture(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    result r;

    r = apply_to_one(f, &ost_stage_roi, "{'margin':2}", &item);
    expect_part(f, &item, &r.items[0], 2, 5, 6, 8);
    assert_true(number_of(&r.items[0], "roi.y") == 2);
    assert_true(number_of(&r.items[0], "roi.x") == 5);
    r = apply_to_one(f, &ost_stage_roi, "{}", &item);
    expect_part(f, &item, &r.items[0], 0, 0, H, W);
    r = apply_to_one(f, &ost_stage_roi, "{'margin':5}", &item);
    expect_part(f, &item, &r.items[0], 0, 2, 11, 14);
    r = apply_to_one(f, &ost_stage_roi, "{'margin':0,'around':['boxes']}",
                     &item);
    expect_part(f, &item, &r.items[0], 0, 0, 6, 11);
    r = apply_to_one(f, &ost_stage_roi, "{'margin':0,'square':true}", &item);
    expect_part(f, &item, &r.items[0], 3, 7, 4, 4);
    r = apply_to_one(f, &ost_stage_roi,
                     "{'margin':1,'square':true,'around':['boxes']}", &item);
    expect_part(f, &item, &r.items[0], 0, 0, 12, 12);
}

static void the_largest_component_can_be_the_region(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    result r;

    r = apply_to_one(f, &ost_stage_roi,
                     "{'margin':0,'component':'largest',"
                     "'around':['mask.*','boxes']}",
                     &item);
    expect_part(f, &item, &r.items[0], 4, 7, 2, 4);
}

static void what_is_not_marked_can_be_hidden(void **state)
{
    fixture *f = *state;
    ost_item item = marked_item(f);
    const uint8_t *p, *before = bytes_of(f, &item, "image");
    result r;

    r = apply_to_one(f, &ost_stage_roi,
                     "{'margin':1,'mask_outside':true,'fill':3}", &item);
    p = bytes_of(f, &r.items[0], "image");
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[1], 6);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 6; x++) {
            bool in = y >= 1 && y <= 2 && x >= 1 && x <= 4;

            assert_int_equal(p[y * 6 + x],
                             in ? before[(3 + y) * W + 6 + x] : 3);
        }
}

static void items_without_marks_do_as_they_are_told(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    result r;

    add_image(f, &item, "image", 2);
    refuses(f, &ost_stage_roi, "{}", &item, 1,
            "item 'a': nothing is marked (\"empty\": \"keep\" or \"drop\" "
            "lets such items pass)");
    r = apply(f, &ost_stage_roi, "{'empty':'drop'}", dataset(f, &item, 1));
    assert_int_equal(r.n, 0);
    r = apply_to_one(f, &ost_stage_roi, "{'empty':'keep'}", &item);
    expect_part(f, &item, &r.items[0], 0, 0, H, W);
    refuses(f, &ost_stage_roi, "{'around':['i*']}", &item, 1,
            "item 'a': field 'image' is neither a mask nor boxes");
}

/* ---- what is refused before anything runs ---- */

static void check_says(const ost_stage *stage, const char *with,
                       const char *message)
{
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_arena arena = { 0 };
    const void *params;
    ost_err err = { 0 };

    assert_non_null(given);
    assert_ok(ost_params_complete(stage, given, NULL, NULL, &full, &err), &err);
    assert_ok(ost_params_fill(stage, full, &arena, &params, &err), &err);
    assert_int_equal(stage->check(params, &err), OST_EWORKFLOW);
    assert_string_equal(err.text, message);
    ost_arena_release(&arena);
    json_decref(given);
    json_decref(full);
}

static void wrong_combinations_are_refused(void **state)
{
    (void)state;
    check_says(&ost_stage_crop, "{}",
               "one of 'rectangle', 'size' and 'square' says what is cut out");
    check_says(&ost_stage_crop, "{\"square\":true,\"size\":[2,3]}",
               "one of 'rectangle', 'size' and 'square' says what is cut out");
    check_says(&ost_stage_crop, "{\"rectangle\":[1,2,3]}",
               "'rectangle' needs four numbers: top, left, height, width");
    check_says(&ost_stage_crop, "{\"rectangle\":[1,2,0,4]}",
               "'rectangle' has no pixels");
    check_says(&ost_stage_crop, "{\"size\":[2]}",
               "'size' needs two numbers: height and width");
    check_says(&ost_stage_pad, "{}",
               "one of 'amounts', 'size' and 'square' says how far");
    check_says(&ost_stage_pad, "{\"amounts\":[1]}",
               "'amounts' needs four numbers: top, bottom, left, right");
    check_says(&ost_stage_pad, "{\"size\":[1]}",
               "'size' needs two numbers: height and width");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_are_filled_as_the_mode_says),
        cmocka_unit_test(one_pixel_mirrors_itself),
        cmocka_unit_test(what_is_not_finite_is_refused),
        cmocka_unit_test(marks_are_what_is_not_0),
        TEST(crops_are_views_of_everything),
        TEST(crops_lie_in_the_middle),
        TEST(a_crop_beyond_the_picture_is_padded),
        TEST(pictures_of_two_sizes_are_not_cut_alike),
        TEST(pads_move_masks_and_boxes),
        TEST(margins_of_masks_are_not_marked),
        TEST(regions_have_a_margin_and_end_at_the_picture),
        TEST(the_largest_component_can_be_the_region),
        TEST(what_is_not_marked_can_be_hidden),
        TEST(items_without_marks_do_as_they_are_told),
        cmocka_unit_test(wrong_combinations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
