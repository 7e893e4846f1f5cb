/* tests/unit/test_mask_stages.c - stages that make and change masks */
/* links: stages store base kernels */
#include "kernels/threshold.h"
#include "tests/support/image_stages.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_morphology, ost_stage_threshold;
const ost_stage *const ost_stages[] = { &ost_stage_morphology,
                                        &ost_stage_threshold, NULL };

static ost_item picture_item(fixture *f, const char *field, int64_t h,
                             int64_t w, const void *data)
{
    ost_item item = new_item("a", "p", "x", &f->arena);

    add_field(f, &item, field, OST_U8, 2, (int64_t[]){ h, w }, data);
    return item;
}

/* A mask drawn with '#', as many columns as the first row has. */
static ost_item drawn_item(fixture *f, int64_t h, const char *const *rows)
{
    int64_t w = (int64_t)strlen(rows[0]);
    uint8_t *mask = ost_arena_alloc(&f->arena, (size_t)(h * w));

    for (int64_t i = 0; i < h * w; i++)
        mask[i] = rows[i / w][i % w] == '#' ? 255 : 0;
    return picture_item(f, "mask", h, w, mask);
}

static void becomes(fixture *f, const char *with, int64_t h,
                    const char *const *from, const char *const *to)
{
    ost_item item = drawn_item(f, h, from);
    result r = apply_to_one(f, &ost_stage_morphology, with, &item);
    const uint8_t *got = bytes_of(f, &r.items[0], "mask");
    int64_t w = (int64_t)strlen(from[0]);

    for (int64_t i = 0; i < h * w; i++)
        if (got[i] != (to[i / w][i % w] == '#' ? 255 : 0))
            fail_msg("%s: row %d, column %d", with, (int)(i / w), (int)(i % w));
}

/* ---- threshold ---- */

static void a_value_marks_what_is_at_or_above_it(void **state)
{
    fixture *f = *state;
    const uint8_t v[4] = { 0, 99, 100, 255 };
    ost_item item = picture_item(f, "image", 1, 4, v);
    const void *got;
    result r;

    r = apply_to_one(f, &ost_stage_threshold, "{'value':100}", &item);
    got = bytes_of(f, &r.items[0], "mask");
    assert_memory_equal(got, ((uint8_t[]){ 0, 0, 255, 255 }), 4);
    assert_memory_equal(bytes_of(f, &r.items[0], "image"), v, 4);
    assert_true(number_of(&r.items[0], "threshold") == 100);
    r = apply_to_one(f, &ost_stage_threshold,
                     "{'value':99.5,'inside':1,'invert':true,'to':'mask.air'}",
                     &item);
    got = bytes_of(f, &r.items[0], "mask.air");
    assert_memory_equal(got, ((uint8_t[]){ 1, 1, 0, 0 }), 4);
}

static void otsu_and_percentiles_mark_what_is_above_them(void **state)
{
    fixture *f = *state;
    const uint8_t v[6] = { 10, 10, 12, 200, 202, 202 };
    ost_item item = picture_item(f, "image", 2, 3, v);
    const void *got;
    result r;

    r = apply_to_one(f, &ost_stage_threshold, "{'method':'otsu'}", &item);
    got = bytes_of(f, &r.items[0], "mask");
    assert_memory_equal(got, ((uint8_t[]){ 0, 0, 0, 255, 255, 255 }), 6);
    assert_true(number_of(&r.items[0], "threshold") == 12);
    r = apply_to_one(f, &ost_stage_threshold,
                     "{'method':'percentile','percentile':100,'share':0.05}",
                     &item);
    got = bytes_of(f, &r.items[0], "mask");
    assert_memory_equal(got, ((uint8_t[]){ 0, 0, 255, 255, 255, 255 }), 6);
    assert_true(number_of(&r.items[0], "threshold") == 202 * 0.05);
}

/* A dark box in a bright picture has a level of its own. */
static void only_what_is_within_counts(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    uint8_t v[H * W], inside[H * W] = { 0 };
    const float box[4] = { 2.5f, 1, 6, 4.2f };
    const char *const withs[] = {
        "{'method':'otsu','within':'boxes'}",
        "{'method':'otsu','within':'mask.box','to':'mask'}",
        "{'method':'percentile','percentile':50,'within':'boxes'}",
    };

    for (int i = 0; i < H * W; i++) {
        int y = i / W, x = i % W;

        inside[i] = y >= 1 && y < 5 && x >= 2 && x < 6;
        v[i] = (uint8_t)(inside[i] ? (x < 4 ? 5 : 20) : 250 - x);
    }
    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ H, W }, v);
    add_field(f, &item, "mask.box", OST_U8, 2, (int64_t[]){ H, W }, inside);
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ 1, 4 }, box);
    for (int k = 0; k < 3; k++) {
        result r = apply_to_one(f, &ost_stage_threshold, withs[k], &item);
        const uint8_t *got = bytes_of(f, &r.items[0], "mask");

        for (int i = 0; i < H * W; i++)
            assert_int_equal(got[i], inside[i] && v[i] == 20 ? 255 : 0);
    }
    add_field(f, &item, "mask.box", OST_U8, 2, (int64_t[]){ 1, 3 }, inside);
    refuses(f, &ost_stage_threshold, withs[1], &item, 1,
            "item 'a': field 'mask.box' has another size than 'image'");
    add_field(f, &item, "boxes", OST_U8, 2, (int64_t[]){ 3, 4 }, inside);
    refuses(f, &ost_stage_threshold, withs[0], &item, 1,
            "item 'a': field 'boxes' is not (N, 4) numbers of f32");
}

static void real_images_have_levels_too(void **state)
{
    fixture *f = *state;
    const float v[6] = { -3, -3.5f, 0.5f, NAN, 0.75f, INFINITY };
    ost_item item = new_item("a", "p", "x", &f->arena);
    const void *got;
    result r;

    add_field(f, &item, "image", OST_F32, 2, (int64_t[]){ 1, 6 }, v);
    r = apply_to_one(f, &ost_stage_threshold, "{'method':'otsu'}", &item);
    got = bytes_of(f, &r.items[0], "mask");
    assert_memory_equal(got, ((uint8_t[]){ 0, 0, 255, 0, 255, 255 }), 6);
    assert_true(number_of(&r.items[0], "threshold") == -3);
}

static void levels_are_those_of_one_channel(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    uint8_t v[3 * H * W] = { 0 };
    const uint8_t *got;
    result r;

    add_field(f, &item, "image", OST_U8, 3, (int64_t[]){ H, W, 3 }, v);
    refuses(f, &ost_stage_threshold, "{'value':1}", &item, 1,
            "item 'a': field 'image': 3 channels have no single level ('gray' "
            "makes one of them)");
    v[H * W] = 9;
    add_field(f, &item, "frames", OST_U8, 3, (int64_t[]){ 3, H, W }, v);
    refuses(f, &ost_stage_threshold, "{'value':1,'field':'frames','to':'x'}",
            &item, 1,
            "item 'a': field 'frames': frames cannot be called 'x', only "
            "'frames' or as a mask");
    r = apply_to_one(f, &ost_stage_threshold, "{'value':1,'field':'frames'}",
                     &item);
    got = bytes_of(f, &r.items[0], "mask");
    for (int i = 0; i < 3 * H * W; i++)
        assert_int_equal(got[i], i == H * W ? 255 : 0);
    add_field(f, &item, "mask.in", OST_U8, 3, (int64_t[]){ 3, H, W }, v);
    r = apply_to_one(f, &ost_stage_threshold,
                     "{'value':0,'field':'frames','within':'mask.in'}", &item);
    got = bytes_of(f, &r.items[0], "mask");
    for (int i = 0; i < 3 * H * W; i++)
        assert_int_equal(got[i], i == H * W ? 255 : 0);
    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ H, W }, v);
    refuses(f, &ost_stage_threshold, "{'value':0,'within':'mask.in'}", &item, 1,
            "item 'a': field 'mask.in' has another size than 'image'");
    /* What it made goes frame by frame, too. */
    r = apply_to_one(f, &ost_stage_morphology, "{'steps':['dilate']}",
                     &r.items[0]);
    got = bytes_of(f, &r.items[0], "mask");
    for (int i = 0; i < 3 * H * W; i++)
        assert_int_equal(got[i], i == H * W || i == H * W + 1 ||
                                         i == H * W + W || i == H * W + W + 1
                                     ? 255
                                     : 0);
}

/* ---- morphology ---- */

static void steps_follow_each_other(void **state)
{
    static const char *const from[] = {
        "##........", "##.#####..", "...#...#..", "...#.#.###",
        "...#...#..", "...#####..", "..........",
    };
    static const char *const largest[] = {
        "..........", "...#####..", "...#...#..", "...#...###",
        "...#...#..", "...#####..", "..........",
    };
    static const char *const filled[] = {
        "##........", "##.#####..", "...#####..", "...#######",
        "...#####..", "...#####..", "..........",
    };
    static const char *const all[] = {
        "..........", "...#####..", "...#####..", "...#####..",
        "...#####..", "...#####..", "..........",
    };
    fixture *f = *state;

    becomes(f, "{'steps':['largest']}", 7, from, largest);
    becomes(f, "{'steps':['fill_holes']}", 7, from, filled);
    becomes(f, "{'steps':['largest','fill_holes','open']}", 7, from, all);
    becomes(f, "{'steps':['fill_holes','open','remove_small'],'min_area':5}", 7,
            from, all);
}

static void corners_connect_or_do_not(void **state)
{
    static const char *const from[] = { "#....##", ".#.....", "..#...#" };
    static const char *const eight[] = { "#......", ".#.....", "..#...." };
    static const char *const four[] = { ".....##", ".......", "......." };
    fixture *f = *state;

    becomes(f, "{'steps':['largest']}", 3, from, eight);
    becomes(f, "{'steps':['largest'],'connectivity':4}", 3, from, four);
    becomes(f, "{'steps':['remove_small'],'min_area':2,'connectivity':4}", 3,
            from, four);
}

/* Of components of the same size the first in raster order stays. */
static void the_first_of_the_largest_stays(void **state)
{
    static const char *const from[] = { "...#", "##.#", "...." };
    static const char *const to[] = { "...#", "...#", "...." };

    becomes(*state, "{'steps':['largest']}", 3, from, to);
}

static void borders_do_not_erode(void **state)
{
    static const char *const full[] = { "####", "####", "####" };
    static const char *const from[] = { "####", "####", "...." };
    static const char *const to[] = { "####", "....", "...." };
    fixture *f = *state;

    becomes(f, "{'steps':['erode'],'size':5,'iterations':3}", 3, full, full);
    becomes(f, "{'steps':['erode']}", 3, from, to);
    becomes(f, "{'steps':['erode'],'shape':'cross'}", 3, from, to);
}

static void empty_masks_stay_empty(void **state)
{
    static const char *const none[] = { "...", "..." };
    fixture *f = *state;

    becomes(f,
            "{'steps':['largest','open','close','fill_holes','remove_small',"
            "'erode','dilate','gradient','tophat','blackhat']}",
            2, none, none);
}

/* Holes take the number of the class around them. */
static void numbers_of_classes_are_kept(void **state)
{
    fixture *f = *state;
    static const uint8_t mask[21] = { 3, 3, 3, 0, 7, 7, 7, /**/
                                      3, 0, 3, 0, 7, 0, 7, /**/
                                      3, 3, 3, 0, 7, 7, 7 };
    ost_item item = picture_item(f, "mask.bone", 3, 7, mask);
    result r = apply_to_one(f, &ost_stage_morphology,
                            "{'steps':['fill_holes'],'field':'mask.bone',"
                            "'to':'mask'}",
                            &item);
    const uint8_t *got = bytes_of(f, &r.items[0], "mask");

    for (int i = 0; i < 21; i++)
        assert_int_equal(got[i], i % 7 < 3 ? 3 : i % 7 == 3 ? 0 : 7);
    assert_memory_equal(bytes_of(f, &r.items[0], "mask.bone"), mask, 21);
}

static void gray_and_color_images_are_changed_by_shapes_only(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char color[H * W * 3];
    const uint8_t *got;
    result r;

    fill_bytes(color, sizeof(color), 8);
    add_field(f, &item, "image", OST_U8, 3, (int64_t[]){ H, W, 3 }, color);
    r = apply_to_one(f, &ost_stage_morphology,
                     "{'steps':['dilate'],'field':'image'}", &item);
    got = bytes_of(f, &r.items[0], "image");
    for (int c = 0; c < 3; c++) {
        uint8_t most = 0;

        for (int y = 3; y <= 5; y++)
            for (int x = 6; x <= 8; x++)
                if (color[(y * W + x) * 3 + c] > most)
                    most = color[(y * W + x) * 3 + c];
        assert_int_equal(got[(4 * W + 7) * 3 + c], most);
    }
    refuses(f, &ost_stage_morphology, "{'steps':['largest'],'field':'image'}",
            &item, 1,
            "item 'a': field 'image': step 'largest' is for masks of one "
            "channel");
    refuses(f, &ost_stage_morphology, "{'steps':['open']}", &item, 1,
            "item 'a': there is no field 'mask' (there is 'image')");
}

/* ---- parameters ---- */

static void wrong_combinations_are_refused(void **state)
{
    (void)state;
    refuses_params(&ost_stage_threshold, "{}",
                   "a 'value' is missing (\"method\": \"otsu\" finds one)");
    refuses_params(&ost_stage_threshold, "{\"method\":\"otsu\",\"value\":3}",
                   "'value' goes with \"method\": \"fixed\" alone");
    refuses_params(&ost_stage_threshold, "{\"value\":\"3\"}",
                   "'value' is not a number");
    refuses_params(&ost_stage_threshold, "{\"value\":3,\"within\":\"image\"}",
                   "'within' (\"image\") is neither a mask nor \"boxes\"");
    refuses_params(&ost_stage_morphology, "{\"steps\":[\"opne\"]}",
                   "unknown step 'opne' (there are erode, dilate, open, close, "
                   "gradient, tophat, blackhat, largest, remove_small, "
                   "fill_holes)");
    refuses_params(&ost_stage_morphology, "{\"steps\":[\"open\"],\"size\":4}",
                   "'size' is 4, and an even shape has no center");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_marks_what_is_at_or_above_it),
        TEST(otsu_and_percentiles_mark_what_is_above_them),
        TEST(only_what_is_within_counts),
        TEST(real_images_have_levels_too),
        TEST(levels_are_those_of_one_channel),
        TEST(steps_follow_each_other),
        TEST(corners_connect_or_do_not),
        TEST(the_first_of_the_largest_stays),
        TEST(borders_do_not_erode),
        TEST(empty_masks_stay_empty),
        TEST(numbers_of_classes_are_kept),
        TEST(gray_and_color_images_are_changed_by_shapes_only),
        TEST(wrong_combinations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
