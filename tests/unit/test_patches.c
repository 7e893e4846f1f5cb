/* tests/unit/test_patches.c - patches cut, blended back, and masks measured */
/* links: stages store base kernels */
#include "kernels/areas.h"
#include "kernels/threshold.h"
#include "tests/support/image_stages.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_blend, ost_stage_measure, ost_stage_patches;
const ost_stage *const ost_stages[] = { &ost_stage_blend, &ost_stage_measure,
                                        &ost_stage_patches, NULL };

enum { SIDE = 60 };

/* ---- alpha ---- */

/* The weights that a patch of ones leaves on zeros. */
static void alphas(int n, int64_t h, int64_t w, float *out)
{
    float ones[81];
    ost_tensor one = ost_tensor_of(ones, OST_F32, 2, (int64_t[]){ h, w });
    ost_tensor to = ost_tensor_of(out, OST_F32, 2, (int64_t[]){ h, w });

    for (int i = 0; i < 81; i++) {
        ones[i] = 1;
        out[i] = 0;
    }
    assert_int_equal(ost_cpu_blend(&one, n, &to, NULL), OST_OK);
}

static void alpha_has_the_published_values(void **state)
{
    static const struct {
        int n;
        double half;
    } rows[] = { { 1, 0.70711 }, { 2, 0.92388 }, { 4, 0.99518 } };
    float a[81];

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        alphas(rows[k].n, 5, 5, a);
        assert_true(a[2 * 5 + 2] == 1);
        assert_true(fabs((double)a[2 * 5 + 1] - rows[k].half) < 5e-6);
        assert_true(fabs((double)a[3 * 5 + 2] - rows[k].half) < 5e-6);
        assert_true(fabs((double)a[5 + 1] - rows[k].half * rows[k].half) <
                    1e-5);
        for (int i = 0; i < 5; i++) {
            assert_true(a[i] == 0 && a[20 + i] == 0 && a[5 * i] == 0 &&
                        a[5 * i + 4] == 0);
            for (int j = 0; j < 5; j++)
                assert_true(a[5 * i + j] == a[5 * (4 - i) + 4 - j] &&
                            a[5 * i + j] == a[5 * j + i]);
        }
    }
}

static void thin_patches_change_nothing(void **state)
{
    float a[81];

    (void)state;
    alphas(4, 1, 9, a);
    for (int i = 0; i < 9; i++)
        assert_true(a[i] == 0);
    alphas(4, 2, 9, a);
    for (int i = 0; i < 18; i++)
        assert_true(a[i] == 0);
}

static void what_cannot_be_blended_is_refused(void **state)
{
    float a[4] = { 0 };
    ost_tensor x = ost_tensor_of(a, OST_F32, 2, (int64_t[]){ 2, 2 });
    ost_tensor y = ost_tensor_of(a, OST_F32, 2, (int64_t[]){ 1, 2 });

    (void)state;
    assert_int_equal(ost_cpu_blend(&x, 4, &y, NULL), OST_EINPUT);
    assert_int_equal(ost_cpu_blend(&x, 0, &x, NULL), OST_EINPUT);
}

/* ---- patches ---- */

/* An image of noise with a bright half at the right, and boxes. */
static ost_item big_item(fixture *f, const char *id, const float *boxes,
                         int64_t n)
{
    ost_item item = new_item(id, "p", "x", &f->arena);
    unsigned char pixels[SIDE * SIDE];

    fill_bytes(pixels, sizeof(pixels), 3);
    for (int i = 0; i < SIDE * SIDE; i++)
        pixels[i] =
            (unsigned char)(pixels[i] / 8 + (i % SIDE >= SIDE / 2 ? 180 : 0));
    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ SIDE, SIDE }, pixels);
    if (n)
        add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ n, 4 }, boxes);
    return item;
}

static void expect_view(fixture *f, const ost_item *parent, const ost_item *p)
{
    const uint8_t *from = bytes_of(f, parent, "image");
    const uint8_t *to = pixels_of(f, p, "image");
    int64_t y0 = (int64_t)number_of(p, "patch.y");
    int64_t x0 = (int64_t)number_of(p, "patch.x");
    int64_t h = (int64_t)number_of(p, "patch.height");
    int64_t w = (int64_t)number_of(p, "patch.width");

    assert_int_equal(ost_item_field(p, "image")->shape[0], h);
    assert_int_equal(ost_item_field(p, "image")->shape[1], w);
    assert_true(ost_digest_equal(&ost_item_field(p, "image")->blob,
                                 &ost_item_field(parent, "image")->blob));
    for (int64_t y = 0; y < h; y++)
        assert_memory_equal(to + y * w, from + (y0 + y) * SIDE + x0, w);
    assert_true(number_of(p, "parent.height") == SIDE);
    assert_string_equal(p->parents[0], parent->id);
    assert_string_equal(p->group, "p");
}

static void patches_hold_their_boxes(void **state)
{
    fixture *f = *state;
    const float boxes[8] = { 20.2f, 30, 28, 41.5f, 1, 1, 4, 3 };
    ost_item item = big_item(f, "a", boxes, 2);
    double least = 9, most = 0;
    result r;

    r = apply(f, &ost_stage_patches, "{'copies':300}", dataset(f, &item, 1));
    assert_int_equal(r.n, 600);
    for (size_t i = 0; i < r.n; i++) {
        const ost_item *p = &r.items[i];
        const float *b = pixels_of(f, p, "boxes");
        int64_t n = ost_item_field(p, "boxes")->shape[0];
        double side = number_of(p, "patch.side");
        bool holds = false;

        expect_view(f, &item, p);
        for (int64_t k = 0; k < n; k++)
            holds = holds || (b[4 * k + 2] - b[4 * k] > 2.5f &&
                              b[4 * k + 3] - b[4 * k + 1] > 1.5f);
        assert_true(holds);
        if (side > 12) { /* of the first box, whose longer side is 12 */
            least = fmin(least, side / 12);
            most = fmax(most, side / 12);
            assert_true(
                number_of(p, "patch.y") <= 30 &&
                number_of(p, "patch.y") + number_of(p, "patch.height") >= 42);
            assert_true(number_of(p, "patch.x") <= 20 &&
                        number_of(p, "patch.x") + number_of(p, "patch.width") >=
                            28);
        }
    }
    assert_true(least >= 1.16 && least < 1.3 && most > 2.4 && most <= 2.55);
    r = apply(f, &ost_stage_patches, "{'around':['mask']}",
              dataset(f, &item, 1));
    assert_int_equal(r.n, 0);
}

static void components_of_masks_are_boxes_too(void **state)
{
    fixture *f = *state;
    ost_item item = big_item(f, "a", NULL, 0);
    unsigned char mask[SIDE * SIDE] = { 0 };
    result r;

    mask[5 * SIDE + 5] = 1;
    mask[40 * SIDE + 40] = mask[41 * SIDE + 41] = 1;
    add_field(f, &item, "mask.m", OST_U8, 2, (int64_t[]){ SIDE, SIDE }, mask);
    r = apply(f, &ost_stage_patches,
              "{'around':['mask.*'],'scale':[3,3],'copies':2}",
              dataset(f, &item, 1));
    assert_int_equal(r.n, 4);
    assert_true(number_of(&r.items[0], "patch.side") == 3);
    assert_true(number_of(&r.items[3], "patch.side") == 6);
    for (int i = 0; i < 4; i++)
        assert_non_null(
            memchr(pixels_of(f, &r.items[i], "mask.m"), 1, i < 2 ? 9 : 36));
}

/* One object that moves by a pixel is one component. */
static void masks_of_frames_are_one_mask(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const int64_t shape[] = { 2, SIDE, SIDE };
    unsigned char mask[2 * SIDE * SIDE] = { 0 };
    const unsigned char *m;
    result r;

    add_field(f, &item, "frames", OST_U8, 3, shape, mask);
    mask[5 * SIDE + 5] = 1;
    mask[SIDE * SIDE + 6 * SIDE + 6] = 9;
    add_field(f, &item, "mask.m", OST_U8, 3, shape, mask);
    r = apply(f, &ost_stage_patches,
              "{'around':['mask.*'],'scale':[2,2],'copies':3}",
              dataset(f, &item, 1));
    assert_int_equal(r.n, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(number_of(&r.items[i], "patch.side") == 4);
        assert_int_equal(ost_item_field(&r.items[i], "frames")->shape[1], 4);
        m = pixels_of(f, &r.items[i], "mask.m");
        assert_non_null(memchr(m, 1, 16));
        assert_non_null(memchr(m + 16, 9, 16));
    }
}

static void free_patches_are_bright_and_of_like_sizes(void **state)
{
    fixture *f = *state;
    const float boxes[8] = { 10, 10, 18, 16, 30, 30, 36, 35 };
    ost_item lesion = big_item(f, "a", boxes, 2);
    ost_item item = big_item(f, "b", NULL, 0);
    const uint8_t *image = bytes_of(f, &item, "image");
    ost_tensor t = ost_tensor_of((void *)(uintptr_t)image, OST_U8, 2,
                                 (int64_t[]){ SIDE, SIDE });
    bool corner = false;
    double level;
    result like, r;

    like = apply(f, &ost_stage_patches, "{'copies':5}", dataset(f, &lesion, 1));
    r = apply_both(f, &ost_stage_patches, "{'place':'free','copies':100}",
                   dataset(f, &item, 1), "like", like.digest);
    assert_int_equal(ost_cpu_otsu(&t, NULL, &level, NULL), OST_OK);
    assert_int_equal(r.n, 100);
    for (size_t i = 0; i < r.n; i++) {
        const ost_item *p = &r.items[i];
        int64_t side = (int64_t)number_of(p, "patch.side");
        const uint8_t *v = pixels_of(f, p, "image");
        double sum = 0;
        bool known = false;

        expect_view(f, &item, p);
        for (int64_t k = 0; k < side * side; k++)
            sum += v[k];
        assert_true(sum > level * (double)(side * side));
        for (size_t k = 0; k < like.n; k++)
            known = known ||
                    (int64_t)number_of(&like.items[k], "patch.side") == side;
        assert_true(known);
        corner = corner || number_of(p, "patch.x") < SIDE / 2 - 1;
    }
    assert_true(corner);
    r = apply(f, &ost_stage_patches,
              "{'place':'free','sides':[3,90],'copies':50}",
              dataset(f, &item, 1));
    for (size_t i = 0; i < r.n; i++)
        assert_true(number_of(&r.items[i], "patch.height") <= SIDE);
    refuses(f, &ost_stage_patches, "{'place':'free'}", &item, 1,
            "neither 'sides' nor patches at 'like' say how large free patches "
            "are");
}

/* ---- blend ---- */

static void an_unchanged_patch_gives_its_source(void **state)
{
    fixture *f = *state;
    const float box[4] = { 20, 30, 28, 41 };
    ost_item item = big_item(f, "a", box, 1);
    ost_digest source = dataset(f, &item, 1);
    result patches, r;

    patches = apply(f, &ost_stage_patches, "{'copies':4}", source);
    r = apply_both(f, &ost_stage_blend, "{'mask':'mask.patch'}", patches.digest,
                   "source", source);
    assert_int_equal(r.n, 4);
    for (int i = 0; i < 4; i++) {
        const ost_item *p = &patches.items[i], *o = &r.items[i];
        const uint8_t *m = bytes_of(f, o, "mask.patch");
        int64_t marked = 0;

        assert_string_equal(o->id, p->id);
        assert_memory_equal(bytes_of(f, o, "image"),
                            bytes_of(f, &item, "image"), SIDE * SIDE);
        assert_int_equal(ost_item_field(o, "boxes")->shape[0], 1);
        for (int k = 0; k < SIDE * SIDE; k++)
            marked += m[k];
        assert_int_equal(marked, (int64_t)(number_of(p, "patch.height") *
                                           number_of(p, "patch.width")));
        assert_int_equal(m[(int64_t)number_of(p, "patch.y") * SIDE +
                           (int64_t)number_of(p, "patch.x")],
                         1);
    }
}

/* Patches of another size and content: the middle is theirs, the border and
 * all around it that of the source. */
static void borders_stay_bit_for_bit(void **state)
{
    fixture *f = *state;
    const float box[4] = { 20, 30, 29, 39 };
    ost_item item = big_item(f, "a", box, 1);
    ost_digest source = dataset(f, &item, 1);
    const uint8_t *before = bytes_of(f, &item, "image");
    unsigned char white[13 * 17];
    ost_item made[20];
    result patches, r;

    memset(white, 255, sizeof(white));
    patches = apply(f, &ost_stage_patches, "{'copies':20}", source);
    for (int i = 0; i < 20; i++) {
        made[i] = patches.items[i];
        add_field(f, &made[i], "image", OST_U8, 2, (int64_t[]){ 13, 17 },
                  white);
    }
    r = apply_both(f, &ost_stage_blend, "{'n':2}", dataset(f, made, 20),
                   "source", source);
    assert_int_equal(r.n, 20);
    for (int i = 0; i < 20; i++) {
        const uint8_t *after = bytes_of(f, &r.items[i], "image");
        int y0 = (int)number_of(&made[i], "patch.y");
        int x0 = (int)number_of(&made[i], "patch.x");
        int y1 = y0 + (int)number_of(&made[i], "patch.height") - 1;
        int x1 = x0 + (int)number_of(&made[i], "patch.width") - 1;
        int whitest = 0;

        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                bool inside = y > y0 && y < y1 && x > x0 && x < x1;

                if (!inside)
                    assert_int_equal(after[y * SIDE + x], before[y * SIDE + x]);
                else
                    assert_true(after[y * SIDE + x] >= before[y * SIDE + x]);
                whitest = after[y * SIDE + x] > whitest ? after[y * SIDE + x]
                                                        : whitest;
            }
        assert_true(whitest > 250);
    }
}

/* A generated patch has the patch for parent. */
static void patches_of_patches_find_their_root(void **state)
{
    fixture *f = *state;
    const float box[4] = { 20, 30, 28, 41 };
    ost_item item = big_item(f, "a", box, 1);
    ost_digest source = dataset(f, &item, 1);
    const char *parents[] = { "a#0" };
    ost_step_input inputs[2];
    ost_done_msg done;
    ost_item made;
    result r;

    made = apply(f, &ost_stage_patches, "{}", source).items[0];
    made.id = "a#0#0";
    made.parents = parents;
    r = apply_both(f, &ost_stage_blend, "{'by':'root'}", dataset(f, &made, 1),
                   "source", source);
    assert_int_equal(r.n, 1);
    assert_memory_equal(bytes_of(f, &r.items[0], "image"),
                        bytes_of(f, &item, "image"), SIDE * SIDE);
    inputs[0] = at_port("in", dataset(f, &made, 1));
    inputs[1] = at_port("source", source);
    done = run_stage(f->batch, &ost_stage_blend, "{}", inputs, 2, &f->arena);
    assert_string_equal(done.error,
                        "item 'a#0#0': its source 'a#0' is not there (a patch "
                        "that became another one has that for parent: \"by\": "
                        "\"root\")");
}

static void sources_have_to_be_there_and_alike(void **state)
{
    fixture *f = *state;
    const float box[4] = { 20, 30, 29, 39 };
    ost_item item = big_item(f, "a", box, 1), other = big_item(f, "b", box, 1);
    result patches = apply(f, &ost_stage_patches, "{}", dataset(f, &item, 1));
    ost_item odd = patches.items[0];
    float deep[4] = { 0 };
    ost_step_input inputs[2] = { at_port("in", patches.digest),
                                 at_port("source", dataset(f, &other, 1)) };
    ost_done_msg done;

    done = run_stage(f->batch, &ost_stage_blend, "{}", inputs, 2, &f->arena);
    assert_string_equal(done.error, "item 'a#0': its source 'a' is not there");
    add_field(f, &odd, "image", OST_F32, 2, (int64_t[]){ 2, 2 }, deep);
    inputs[0] = at_port("in", dataset(f, &odd, 1));
    inputs[1] = at_port("source", dataset(f, &item, 1));
    done = run_stage(f->batch, &ost_stage_blend, "{}", inputs, 2, &f->arena);
    assert_string_equal(done.error,
                        "item 'a#0': the patch is f32 of 1 channels and its "
                        "source u8 of 1 (a 'normalize' stage converts it)");
    inputs[0] = inputs[1];
    inputs[0].port = "in";
    done = run_stage(f->batch, &ost_stage_blend, "{'by':'id'}", inputs, 2,
                     &f->arena);
    assert_string_equal(done.error, "item 'a': it has no attribute 'patch.y': "
                                    "'patches' gives it");
}

/* ---- measure ---- */

static void masks_are_measured(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const uint8_t image[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    const uint8_t mask[12] = { 1, 0, 0, 9, 0, 2, 0, 0, 0, 0, 0, 255 };
    result r;

    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ 3, 4 }, image);
    add_field(f, &item, "mask.m", OST_U8, 2, (int64_t[]){ 3, 4 }, mask);
    ost_item_set_number(&f->arena, &item, "spacing.y", 0.5);
    ost_item_set_number(&f->arena, &item, "spacing.x", 2);
    r = apply_to_one(f, &ost_stage_measure,
                     "{'mask':'mask.m','measures':['area','fraction',"
                     "'area_mm2','sum','mean','components']}",
                     &item);
    assert_true(number_of(&r.items[0], "mask.m.area") == 4);
    assert_true(number_of(&r.items[0], "mask.m.fraction") == 4.0 / 12);
    assert_true(number_of(&r.items[0], "mask.m.area_mm2") == 4);
    assert_true(number_of(&r.items[0], "mask.m.sum") == 1 + 4 + 6 + 12);
    assert_true(number_of(&r.items[0], "mask.m.mean") == 23.0 / 4);
    assert_true(number_of(&r.items[0], "mask.m.components") == 3);
    r = apply_to_one(f, &ost_stage_measure,
                     "{'mask':'mask.m','measures':['components'],"
                     "'neighbors':4,'to':'n'}",
                     &item);
    assert_true(number_of(&r.items[0], "n.components") == 4);
    r = apply_to_one(f, &ost_stage_measure,
                     "{'mask':'mask.m','measures':['components'],'least':2}",
                     &item);
    assert_true(number_of(&r.items[0], "mask.m.components") == 1);
    r = apply_to_one(f, &ost_stage_measure,
                     "{'mask':'mask.m','measures':['frame_components'],"
                     "'cols':2}",
                     &item);
    assert_true(number_of(&r.items[0], "mask.m.frame_components") == 2);
    refuses(f, &ost_stage_measure,
            "{'mask':'mask.m','measures':['frame_components'],'rows':2}", &item,
            1, "item 'a': a picture of 3 x 4 is not 2 x 1 cells of equal size");
}

static void nothing_marked_has_no_mean(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const uint8_t zeros[4] = { 0 };
    result r;

    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ 2, 2 }, "abcd");
    refuses(f, &ost_stage_measure, "{}", &item, 1,
            "item 'a': there is no field 'mask' (there is 'image')");
    r = apply_to_one(f, &ost_stage_measure,
                     "{'missing':'zero','measures':['area','sum','mean']}",
                     &item);
    assert_true(number_of(&r.items[0], "mask.area") == 0);
    assert_null(ost_item_attr(&r.items[0], "mask.mean"));
    add_field(f, &item, "mask", OST_U8, 2, (int64_t[]){ 2, 2 }, zeros);
    r = apply_to_one(f, &ost_stage_measure, "{'measures':['mean','sum']}",
                     &item);
    assert_true(number_of(&r.items[0], "mask.sum") == 0);
    assert_null(ost_item_attr(&r.items[0], "mask.mean"));
    refuses(f, &ost_stage_measure, "{'measures':['area_mm2']}", &item, 1,
            "item 'a': it has no 'spacing.y' and 'spacing.x' for area_mm2");
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
    check_says(&ost_stage_patches, "{\"scale\":[2,1.5]}",
               "'scale' is not in order");
    check_says(&ost_stage_patches, "{\"sides\":[2]}",
               "'sides' needs two numbers: least and largest");
    check_says(&ost_stage_patches, "{\"sides\":[9,3]}",
               "'sides' is not in order");
    check_says(&ost_stage_blend, "{\"mask\":\"x\"}",
               "'mask' is \"mask\" or begins with \"mask.\"");
    check_says(&ost_stage_measure, "{\"measures\":[\"aera\"]}",
               "'measures' names no measure 'aera' (did you mean 'area'?)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alpha_has_the_published_values),
        cmocka_unit_test(thin_patches_change_nothing),
        cmocka_unit_test(what_cannot_be_blended_is_refused),
        TEST(patches_hold_their_boxes),
        TEST(components_of_masks_are_boxes_too),
        TEST(masks_of_frames_are_one_mask),
        TEST(free_patches_are_bright_and_of_like_sizes),
        TEST(an_unchanged_patch_gives_its_source),
        TEST(patches_of_patches_find_their_root),
        TEST(borders_stay_bit_for_bit),
        TEST(sources_have_to_be_there_and_alike),
        TEST(masks_are_measured),
        TEST(nothing_marked_has_no_mean),
        cmocka_unit_test(wrong_combinations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
