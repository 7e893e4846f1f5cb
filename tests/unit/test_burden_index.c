/* tests/unit/test_burden_index.c - the burden index of made-up frames */
/* links: stages store base kernels */
#include "tests/support/image_stages.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_burden_index;
const ost_stage *const ost_stages[] = { &ost_stage_burden_index, NULL };

enum { ROWS = 10, COLS = 100 };

/* A frame of ROWS x COLS pixels of 1 whose first `lesion` pixels are lesion
 * and whose last `bladder` ones are bladder. */
static ost_item plain_frame(fixture *f, int lesion, int bladder)
{
    ost_item item = new_item("a", "p", "x", &f->arena);
    uint8_t image[ROWS * COLS], l[ROWS * COLS] = { 0 }, b[ROWS * COLS] = { 0 };
    const int64_t shape[] = { ROWS, COLS };

    memset(image, 1, sizeof(image));
    memset(l, 255, (size_t)lesion);
    memset(b + ROWS * COLS - bladder, 1, (size_t)bladder);
    add_field(f, &item, "image", OST_U8, 2, shape, image);
    add_field(f, &item, "mask.lesion", OST_U8, 2, shape, l);
    add_field(f, &item, "mask.bladder", OST_U8, 2, shape, b);
    return item;
}

static double burden_of(fixture *f, const char *with, const ost_item *item)
{
    result r = apply_to_one(f, &ost_stage_burden_index, with, item);

    return number_of(&r.items[0], "burden");
}

static double plain_burden(fixture *f, const char *with, int lesion,
                           int bladder)
{
    ost_item item = plain_frame(f, lesion, bladder);

    return burden_of(f, with, &item);
}

static void its_ends_are_nothing_and_all(void **state)
{
    fixture *f = *state;

    assert_true(plain_burden(f, "{}", 0, 0) == 0.0);
    assert_true(plain_burden(f, "{}", 0, 100) == 0.0);
    assert_true(plain_burden(f, "{}", 1000, 0) == 1.0);
    assert_true(plain_burden(f, "{}", 900, 100) == 1.0);
    /* Lesions in the bladder do not count, so that it is never above 1. */
    assert_true(plain_burden(f, "{}", 1000, 100) == 1.0);
    /* Nothing is left of the frame. */
    assert_true(plain_burden(f, "{}", 1000, 1000) == 0.0);
    assert_true(plain_burden(f, "{}", 0, 1000) == 0.0);
}

static void it_spreads_the_share_of_lesions(void **state)
{
    static const int lesions[] = { 1, 2, 50, 333, 500, 799, 800 };
    fixture *f = *state;
    double last = 0.0;

    for (size_t i = 0; i < sizeof(lesions) / sizeof(lesions[0]); i++) {
        double x = lesions[i] / 800.0;
        double y = plain_burden(f, "{}", lesions[i], 200);

        assert_true(plain_burden(f, "{'k':1}", lesions[i], 200) == x);
        assert_true(fabs(y - 5 * x / (4 * x + 1)) < 1e-15);
        assert_true(fabs(x - y / (5 - 4 * y)) < 1e-15);
        assert_true(y > last);
        last = y;
    }
}

/* The numbers of Liu et al. come of shares between 0 and 1. */
static void published_numbers_are_shares(void **state)
{
    static const struct {
        double index;
        double share;
    } printed[] = { { 0.7531, 0.3789 }, { 0.8420, 0.5159 }, { 0.5160, 0.1757 },
                    { 0.7940, 0.4353 }, { 0.0181, 0.0037 }, { 0.1379, 0.0310 },
                    { 0.4432, 0.1373 } };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
        ost_item item = new_item("a", "p", "x", &f->arena);
        const float uptake[2] = { (float)printed[i].share,
                                  1.0f - (float)printed[i].share };
        const uint8_t lesion[2] = { 1, 0 };

        add_field(f, &item, "image", OST_F32, 2, (int64_t[]){ 1, 2 }, uptake);
        add_field(f, &item, "mask.lesion", OST_U8, 2, (int64_t[]){ 1, 2 },
                  lesion);
        assert_true(fabs(burden_of(f, "{'missing':'zero'}", &item) -
                         printed[i].index) < 3e-4);
    }
}

static void dark_spots_are_uptake_too(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const uint8_t shown[4] = { 255, 155, 55, 255 };
    const uint8_t lesion[4] = { 255, 0, 255, 0 };
    const uint16_t wide[4] = { 65535, 65435, 65335, 65535 };
    const float real[4] = { 10, 9, 8, 10 };
    const int64_t shape[] = { 2, 2 };
    const char *zero = "{'hot':'dark','k':1,'missing':'zero'}";

    add_field(f, &item, "image", OST_U8, 2, shape, shown);
    add_field(f, &item, "mask.lesion", OST_U8, 2, shape, lesion);
    assert_true(burden_of(f, zero, &item) == 200.0 / 300.0);
    add_field(f, &item, "image", OST_U16, 2, shape, wide);
    assert_true(burden_of(f, zero, &item) == 200.0 / 300.0);
    add_field(f, &item, "image", OST_F32, 2, shape, real);
    assert_true(burden_of(f, "{'hot':'dark','white':10,'k':1,'missing':'zero'}",
                          &item) == 2.0 / 3.0);
    refuses(f, &ost_stage_burden_index, zero, &item, 1,
            "item 'a': field 'image' is of f32: param 'white' says what no "
            "uptake is");
    refuses(f, &ost_stage_burden_index,
            "{'hot':'dark','white':9,'k':1,'missing':'zero'}", &item, 1,
            "item 'a': field 'image' is no uptake: its sums are 0 in lesions "
            "and -1 in all, and no value can be below 0");
}

static void frames_of_a_montage_have_their_own(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const uint8_t image[8] = { 1, 3, 2, 2, /**/ 0, 0, 5, 5 };
    const uint8_t lesion[8] = { 1, 0, 0, 0, /**/ 1, 1, 1, 1 };
    const uint8_t bladder[8] = { 0, 0, 1, 0, /**/ 0, 0, 0, 1 };
    const int64_t shape[] = { 2, 4 };
    result r;

    add_field(f, &item, "image", OST_U8, 2, shape, image);
    add_field(f, &item, "mask.lesion", OST_U8, 2, shape, lesion);
    add_field(f, &item, "mask.bladder", OST_U8, 2, shape, bladder);
    r = apply_to_one(f, &ost_stage_burden_index,
                     "{'k':1,'rows':2,'cols':2,'to':'tb'}", &item);
    assert_true(number_of(&r.items[0], "tb.frame1") == 0.25);
    assert_true(number_of(&r.items[0], "tb.frame2") == 0.0);
    assert_true(number_of(&r.items[0], "tb.frame3") == 0.0);
    assert_true(number_of(&r.items[0], "tb.frame4") == 1.0);
    assert_true(number_of(&r.items[0], "tb") == 0.3125);
}

static void what_is_no_scan_is_named(void **state)
{
    fixture *f = *state;
    ost_item item = plain_frame(f, 5, 5);
    const float image[2] = { 1, NAN };

    refuses(f, &ost_stage_burden_index, "{'cols':3}", &item, 1,
            "item 'a': a picture of 10 x 100 is not 1 x 3 cells of equal size");
    refuses(f, &ost_stage_burden_index, "{'lesion':'mask.tumor'}", &item, 1,
            "item 'a': there is no field 'mask.tumor' (there is 'image', "
            "'mask.bladder', 'mask.lesion')");
    add_field(f, &item, "image", OST_F32, 2, (int64_t[]){ 1, 2 }, image);
    refuses(f, &ost_stage_burden_index, "{}", &item, 1,
            "item 'a': field 'mask.lesion' is not a mask of the size of "
            "'image'");
    refuses(f, &ost_stage_burden_index,
            "{'lesion':'none','bladder':'none','missing':'zero'}", &item, 1,
            "item 'a': field 'image' is no uptake: its sums are 0 in lesions "
            "and nan in all, and no value can be below 0");
    refuses_params(&ost_stage_burden_index, "{\"white\": 4}",
                   "'white' is for hot spots that are dark ('hot')");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_ends_are_nothing_and_all),
        TEST(it_spreads_the_share_of_lesions),
        TEST(published_numbers_are_shares),
        TEST(dark_spots_are_uptake_too),
        TEST(frames_of_a_montage_have_their_own),
        TEST(what_is_no_scan_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
