/* tests/unit/test_baseline_images.c - images that need no generator */
/* links: stages store base kernels */
#include "tests/support/image_stages.h"
#include "tests/support/seed.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_baseline_images;
const ost_stage *const ost_stages[] = { &ost_stage_baseline_images, NULL };

static ost_item pixels(fixture *f, const char *id, ost_dtype dtype, int ndim,
                       const int64_t *shape, const void *data)
{
    ost_item item = new_item(id, "p", "x", &f->arena);

    add_field(f, &item, "image", dtype, ndim, shape, data);
    return item;
}

static void the_mean_is_that_of_each_number(void **state)
{
    fixture *f = *state;
    const int64_t shape[] = { 1, 2, 2 };
    ost_item items[3] = {
        pixels(f, "a", OST_U16, 3, shape, (uint16_t[]){ 0, 9, 65535, 1 }),
        pixels(f, "b", OST_U16, 3, shape, (uint16_t[]){ 1, 9, 65535, 2 }),
        pixels(f, "c", OST_U16, 3, shape, (uint16_t[]){ 4, 9, 65535, 2 }),
    };
    result r = apply(f, &ost_stage_baseline_images, "{'kind':'mean'}",
                     dataset(f, items, 3));

    assert_int_equal(r.n, 3);
    for (size_t i = 0; i < 3; i++) {
        const uint16_t *got = bytes_of(f, &r.items[i], "image");
        char *id = ost_xprintf("mean-%05zu", i);

        assert_string_equal(r.items[i].id, id);
        assert_string_equal(r.items[i].group, id);
        assert_string_equal(ost_item_attr(&r.items[i], "kind")->text, "mean");
        assert_int_equal(r.items[i].n_labels, 0);
        assert_int_equal(got[0], 2); /* 5 / 3 */
        assert_int_equal(got[1], 9);
        assert_int_equal(got[2], 65535);
        assert_int_equal(got[3], 2);
        ost_free(id);
    }
}

static void means_of_numbers_without_steps_are_not_rounded(void **state)
{
    fixture *f = *state;
    const int64_t shape[] = { 1, 1 };
    ost_item items[2] = {
        pixels(f, "a", OST_F32, 2, shape, (float[]){ -1.0f }),
        pixels(f, "b", OST_F32, 2, shape, (float[]){ 0.5f }),
    };
    result r = apply(f, &ost_stage_baseline_images, "{'kind':'mean','count':1}",
                     dataset(f, items, 2));

    assert_int_equal(r.n, 1);
    assert_true(((float *)bytes_of(f, r.items, "image"))[0] == -0.25f);
}

/* Two channels of their own mean and deviation. */
static void noise_has_the_mean_and_deviation_of_each_channel(void **state)
{
    fixture *f = *state;
    const int64_t shape[] = { 2, 1, 2 };
    const double mean[] = { 100.0, 30.0 };
    const double deviation[] = { 20.0, 2.0 };
    ost_item one =
        pixels(f, "a", OST_U8, 3, shape, (uint8_t[]){ 80, 28, 120, 32 });
    result r = apply(f, &ost_stage_baseline_images,
                     "{'kind':'noise','count':2000}", dataset(f, &one, 1));

    assert_int_equal(r.n, 2000);
    for (int c = 0; c < 2; c++) {
        double sum = 0.0;
        double squares = 0.0;

        for (size_t i = 0; i < r.n; i++) {
            const uint8_t *got = bytes_of(f, &r.items[i], "image");

            for (int k = 0; k < 2; k++) {
                double off = (double)got[2 * k + c] - mean[c];

                sum += off / 4000.0;
                squares += off * off / 4000.0;
            }
        }
        assert_true(fabs(sum) < 0.1 * deviation[c]);
        assert_true(fabs(sqrt(squares) / deviation[c] - 1.0) < 0.1);
    }
}

static void noise_is_drawn_image_by_image(void **state)
{
    fixture *f = *state;
    const int64_t shape[] = { 1, 8 };
    ost_item one = pixels(f, "a", OST_U8, 2, shape,
                          (uint8_t[]){ 0, 255, 0, 255, 0, 255, 0, 255 });
    ost_digest d = dataset(f, &one, 1);
    result few =
        apply(f, &ost_stage_baseline_images, "{'kind':'noise','count':2}", d);
    result many =
        apply(f, &ost_stage_baseline_images, "{'kind':'noise','count':300}", d);

    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(bytes_of(f, &few.items[i], "image"),
                            bytes_of(f, &many.items[i], "image"), 8);
    assert_memory_not_equal(bytes_of(f, &many.items[0], "image"),
                            bytes_of(f, &many.items[299], "image"), 8);
}

static void what_has_no_mean_is_refused(void **state)
{
    fixture *f = *state;
    const uint8_t bytes[4] = { 0 };
    ost_item items[2] = {
        pixels(f, "a", OST_U8, 2, (int64_t[]){ 2, 2 }, bytes),
        pixels(f, "b", OST_U8, 2, (int64_t[]){ 1, 2 }, bytes),
    };

    refuses(f, &ost_stage_baseline_images, "{'kind':'mean'}", items, 0,
            "there are no images");
    refuses(f, &ost_stage_baseline_images, "{'kind':'mean'}", items, 2,
            "item 'b' is 1 x 2 x 1, item 'a' 2 x 2 x 1 (a 'resize' stage makes "
            "them alike)");
    refuses(f, &ost_stage_baseline_images, "{'kind':'noise','field':'x'}",
            items, 1, "item 'a': there is no field 'x' (there is 'image')");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_mean_is_that_of_each_number),
        TEST(means_of_numbers_without_steps_are_not_rounded),
        TEST(noise_has_the_mean_and_deviation_of_each_channel),
        TEST(noise_is_drawn_image_by_image),
        TEST(what_has_no_mean_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
