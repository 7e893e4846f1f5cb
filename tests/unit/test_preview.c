/* tests/unit/test_preview.c - pictures of items, for people */
/* links: cli store base */
#include "cli/preview.h"
#include "tests/support/check.h"
#include "tests/support/store.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    ost_store *store;
    ost_arena arena;
    ost_item item;
} fixture;

static int setup(void **state)
{
    fixture *f = ost_xalloc(sizeof(*f));

    f->store = new_store("store");
    f->item.id = "a";
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ost_store_close(f->store);
    ost_arena_release(&f->arena);
    ost_free(f);
    return 0;
}

static ost_field *add_field(fixture *f, const char *name, ost_dtype dtype,
                            int64_t h, int64_t w, const void *data, size_t size)
{
    ost_batch *b = ost_batch_new(f->store);
    ost_field field = { .name = name,
                        .dtype = dtype,
                        .ndim = 2,
                        .shape = { h, w },
                        .stride = { w, 1 } };
    ost_err err = { 0 };

    assert_ok(ost_batch_put_blob(b, data, size, &field.blob, &err), &err);
    commit(b);
    ost_batch_free(b);
    ost_item_set_field(&f->arena, &f->item, &field);
    return (ost_field *)(uintptr_t)ost_item_field(&f->item, name);
}

static ost_rc make(fixture *f, ost_preview_wish wish, ost_preview *p,
                   char words[200], ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc = ost_preview_make(f->store, &f->item, &wish, p, &text, err);

    (void)snprintf(words, 200, "%s", ost_buf_str(&text));
    ost_buf_release(&text);
    return rc;
}

static const uint8_t counting[24] = { 0,  1,  2,  3,  4,  5,  6,  7,
                                      8,  9,  10, 11, 12, 13, 14, 15,
                                      16, 17, 18, 19, 20, 21, 22, 23 };

static void views_show_their_part(void **state)
{
    fixture *f = *state;
    ost_field *field =
        add_field(f, "image", OST_U8, 4, 6, counting, sizeof(counting));
    ost_preview p;
    ost_err err = { 0 };
    char words[200];

    field->offset = 8;
    field->shape[0] = 2;
    field->shape[1] = 3;
    assert_ok(make(f, (ost_preview_wish){ 0 }, &p, words, &err), &err);
    assert_string_equal(words, "image u8 2 x 3");
    assert_memory_equal(p.rgb,
                        "\x08\x08\x08\x09\x09\x09\x0a\x0a\x0a"
                        "\x0e\x0e\x0e\x0f\x0f\x0f\x10\x10\x10",
                        18);
    ost_preview_release(&p);
}

static void masks_of_frames_lie_on_their_frame(void **state)
{
    static const char *const names[] = { "frames", "mask.x" };
    fixture *f = *state;
    uint8_t mask[24] = { 0 };
    ost_preview plain, p;
    ost_err err = { 0 };
    char words[200];

    mask[12 + 7] = 1;
    for (int k = 0; k < 2; k++) {
        ost_field *field = add_field(f, names[k], OST_U8, 4, 6,
                                     k ? mask : counting, sizeof(mask));

        field->ndim = 3;
        memcpy(field->shape, (int64_t[]){ 2, 2, 6 }, 3 * sizeof(int64_t));
        memcpy(field->stride, (int64_t[]){ 12, 6, 1 }, 3 * sizeof(int64_t));
    }
    for (int64_t frame = 0; frame < 2; frame++) {
        assert_ok(make(f,
                       (ost_preview_wish){ .field = "frames", .frame = frame },
                       &plain, words, &err),
                  &err);
        assert_ok(
            make(f, (ost_preview_wish){ .frame = frame }, &p, words, &err),
            &err);
        for (int i = 0; i < 12; i++)
            assert_true((memcmp(p.rgb + 3 * i, plain.rgb + 3 * i, 3) != 0) ==
                        (frame == 1 && i == 7));
        ost_preview_release(&plain);
        ost_preview_release(&p);
    }
}

/* Items may come from elsewhere: nothing outside the blob is read. */
static void views_beyond_their_blob_are_refused(void **state)
{
    static const struct {
        uint64_t offset;
        int64_t h, w, sy, sx;
    } rows[] = {
        { 24, 1, 1, 1, 1 },
        { 0, 5, 6, 6, 1 },
        { 1, 4, 6, 6, 1 },
        { 0, 4, 6, -6, 1 },
        { 0, 0, 6, 6, 1 },
        { UINT64_MAX, 1, 1, 1, 1 },
        { 0, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX },
        { 0, 2, 2, INT64_MAX, INT64_MAX },
    };
    fixture *f = *state;
    ost_field *field =
        add_field(f, "image", OST_U8, 4, 6, counting, sizeof(counting));
    ost_preview p;
    char words[200];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_err err = { 0 };

        field->offset = rows[i].offset;
        field->shape[0] = rows[i].h;
        field->shape[1] = rows[i].w;
        field->stride[0] = rows[i].sy;
        field->stride[1] = rows[i].sx;
        assert_int_equal(make(f, (ost_preview_wish){ 0 }, &p, words, &err),
                         OST_ECORRUPT);
        assert_null(p.rgb);
    }
}

static void values_that_are_none_are_black(void **state)
{
    const float values[4] = { NAN, -1, 1, INFINITY };
    fixture *f = *state;
    ost_preview p;
    ost_err err = { 0 };
    char words[200];

    (void)add_field(f, "image", OST_F32, 1, 4, values, sizeof(values));
    assert_ok(make(f, (ost_preview_wish){ 0 }, &p, words, &err), &err);
    assert_memory_equal(p.rgb, "\0\0\0\0\0\0\xff\xff\xff\0\0\0", 12);
    ost_preview_release(&p);
    assert_non_null(strstr(words, "-1 .. 1 (0.5 and 99.5"));
}

static void masks_stand_alone_or_fit_their_image(void **state)
{
    const uint8_t mask[4] = { 0, 1, 255, 2 };
    fixture *f = *state;
    ost_preview p;
    ost_err err = { 0 };
    char words[200];

    (void)add_field(f, "mask", OST_U8, 1, 4, mask, sizeof(mask));
    assert_ok(make(f, (ost_preview_wish){ 0 }, &p, words, &err), &err);
    assert_string_equal(words, "no image; mask");
    assert_memory_equal(p.rgb, "\0\0\0", 3);
    assert_memory_equal(p.rgb + 3, p.rgb + 6, 3); /* 255 is the first class */
    assert_memory_not_equal(p.rgb + 3, p.rgb + 9, 3);
    ost_preview_release(&p);
    (void)add_field(f, "image", OST_U8, 2, 3, counting, 6);
    assert_ok(make(f, (ost_preview_wish){ 0 }, &p, words, &err), &err);
    assert_string_equal(words, "image u8 2 x 3; mask has another size");
    ost_preview_release(&p);
}

/* Whatever the numbers are, only pixels of the picture are drawn. */
static void boxes_outside_do_no_harm(void **state)
{
    const float boxes[24] = { -5,  -5, -1,   -1,   1e30f,  1,      2e30f, 3,
                              NAN, 0,  1,    1,    3,      3,      1,     1,
                              0,   0,  9e9f, 9e9f, -1e30f, -3e38f, 3e38f, 1 };
    fixture *f = *state;
    ost_preview p;
    ost_err err = { 0 };
    char words[200];

    (void)add_field(f, "image", OST_U8, 4, 6, counting, sizeof(counting));
    (void)add_field(f, "boxes", OST_F32, 6, 4, boxes, sizeof(boxes));
    assert_ok(make(f, (ost_preview_wish){ 0 }, &p, words, &err), &err);
    assert_string_equal(words, "image u8 4 x 6; 6 boxes");
    ost_preview_release(&p);
}

static void pictures_fit_the_space(void **state)
{
    uint8_t *large = ost_xalloc(300 * 200);
    fixture *f = *state;
    ost_preview p;
    ost_err err = { 0 };
    char words[200];

    (void)add_field(f, "image", OST_U8, 300, 200, large, 300 * 200);
    ost_free(large);
    for (int64_t side = 1; side < 400; side += 7) {
        const ost_preview_wish wish = { .max_width = side,
                                        .max_height = 401 - side };

        assert_ok(make(f, wish, &p, words, &err), &err);
        assert_in_range(p.width, 1, side < 200 ? side : 200);
        assert_in_range(p.height, 1, side > 101 ? 401 - side : 300);
        ost_preview_release(&p);
    }
}

/* More colors than a terminal has are brought to 216 of them. */
static void sixels_have_at_most_256_colors(void **state)
{
    ost_preview p = { .height = 64, .width = 64 };
    ost_buf out = { 0 };

    (void)state;
    p.rgb = ost_xalloc(64 * 64 * 3);
    for (int i = 0; i < 64 * 64; i++) {
        p.rgb[3 * i] = (uint8_t)(i % 64 * 4);
        p.rgb[3 * i + 1] = (uint8_t)(i / 64 * 4);
    }
    ost_preview_sixel(&p, &out);
    assert_non_null(strstr(ost_buf_str(&out), "#215;2;100;100;100"));
    assert_null(strstr(ost_buf_str(&out), "#216;"));
    ost_preview_release(&p);
    ost_buf_release(&out);
}

#define preview_test(test) \
    cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        preview_test(views_show_their_part),
        preview_test(masks_of_frames_lie_on_their_frame),
        preview_test(views_beyond_their_blob_are_refused),
        preview_test(values_that_are_none_are_black),
        preview_test(masks_stand_alone_or_fit_their_image),
        preview_test(boxes_outside_do_no_harm),
        preview_test(pictures_fit_the_space),
        preview_test(sixels_have_at_most_256_colors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
