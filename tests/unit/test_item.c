/* tests/unit/test_item.c - items change in copies and survive their encoding
 */
/* links: base store */
#include "store/artifact.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static ost_field image_field(const char *name, int64_t h, int64_t w)
{
    ost_field f = { .name = name, .dtype = OST_U8, .ndim = 2 };

    f.shape[0] = h;
    f.shape[1] = w;
    f.stride[0] = w;
    f.stride[1] = 1;
    f.blob = ost_digest_of(name, strlen(name));
    return f;
}

static void
ids_sort_bytewise_with_derived_ones_behind_their_parent(void **state)
{
    static const char *const order[] = { "a",  "a#0", "a#1", "a#1#0",   "a!",
                                         "a/", "aa",  "b",   "\xc3\xa9" };
    enum { N = sizeof(order) / sizeof(order[0]) };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            int c = ost_id_compare(order[i], order[j]);

            assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
        }
    }
}

static void changed_copies_leave_the_original_alone(void **state)
{
    ost_arena arena = { 0 };
    ost_field f = image_field("image", 4, 4), m = image_field("mask.a", 4, 4);
    ost_item item = { .id = "i", .group = "g", .fields = &f, .n_fields = 1 };
    ost_item copy = item;

    (void)state;
    ost_item_set_field(&arena, &copy, &m);
    assert_int_equal(copy.n_fields, 2);
    assert_int_equal(item.n_fields, 1);
    f.shape[0] = 9;
    assert_int_equal(ost_item_field(&copy, "image")->shape[0], 4);
    m.shape[0] = 2;
    ost_item_set_field(&arena, &copy, &m);
    assert_int_equal(copy.n_fields, 2);
    assert_int_equal(ost_item_field(&copy, "mask.a")->shape[0], 2);
    m = image_field("boxes", 1, 4);
    ost_item_set_field(&arena, &copy, &m);
    assert_string_equal(copy.fields[0].name, "boxes");
    ost_item_remove_field(&arena, &copy, "image");
    ost_item_remove_field(&arena, &copy, "none");
    assert_int_equal(copy.n_fields, 2);
    assert_null(ost_item_field(&copy, "image"));
    assert_non_null(ost_item_field(&copy, "boxes"));
    assert_non_null(ost_item_field(&copy, "mask.a"));
    ost_arena_release(&arena);
}

static void only_an_image_said_to_be_inverse_is(void **state)
{
    ost_arena arena = { 0 };
    ost_item item = { .id = "i", .group = "g" };

    (void)state;
    assert_false(ost_item_is_inverse(&item, "image"));
    ost_item_set_text(&arena, &item, "photometric", "MONOCHROME1");
    assert_true(ost_item_is_inverse(&item, "image"));
    assert_false(ost_item_is_inverse(&item, "contour"));
    ost_item_set_text(&arena, &item, "photometric", "MINISWHITE");
    assert_true(ost_item_is_inverse(&item, "image"));
    ost_item_set_text(&arena, &item, "photometric", "MONOCHROME2");
    assert_false(ost_item_is_inverse(&item, "image"));
    ost_item_set_number(&arena, &item, "photometric", 1);
    assert_false(ost_item_is_inverse(&item, "image"));
    ost_arena_release(&arena);
}

static void attributes_and_labels_are_replaced(void **state)
{
    ost_arena arena = { 0 };
    ost_item item = { .id = "i", .group = "g" };

    (void)state;
    assert_null(ost_item_label(&item));
    assert_null(ost_item_attr(&item, "age"));
    ost_item_set_number(&arena, &item, "age", 40);
    ost_item_set_text(&arena, &item, "site", "knee");
    ost_item_set_number(&arena, &item, "age", 41);
    assert_int_equal(item.n_attrs, 2);
    assert_true(ost_item_attr(&item, "age")->number == 41);
    assert_string_equal(ost_item_attr(&item, "site")->text, "knee");
    ost_item_set_text(&arena, &item, "age", "unknown");
    assert_int_equal(ost_item_attr(&item, "age")->kind, OST_ATTR_TEXT);
    ost_item_set_label(&arena, &item, "fracture");
    assert_string_equal(ost_item_label(&item), "fracture");
    ost_item_set_label(&arena, &item, NULL);
    assert_null(ost_item_label(&item));
    ost_arena_release(&arena);
}

static void order_of_attributes_and_fields_is_not_encoded(void **state)
{
    const ost_field fields[] = { image_field("a", 1, 2),
                                 image_field("b", 3, 4) };
    const ost_field swapped[] = { fields[1], fields[0] };
    const ost_attr attrs[] = {
        { .name = "x", .kind = OST_ATTR_NUMBER, .number = 1 },
        { .name = "y", .kind = OST_ATTR_TEXT, .text = "t" },
    };
    const ost_attr turned[] = { attrs[1], attrs[0] };
    ost_item one = { .id = "i",
                     .group = "g",
                     .fields = fields,
                     .n_fields = 2,
                     .attrs = attrs,
                     .n_attrs = 2 };
    ost_item two = one;
    ost_buf x = { 0 }, y = { 0 };

    (void)state;
    two.fields = swapped;
    two.attrs = turned;
    ost_item_encode(&x, &one);
    ost_item_encode(&y, &two);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    ost_buf_release(&x);
    ost_buf_release(&y);
}

static void every_not_a_number_is_the_same(void **state)
{
    ost_attr a = { .name = "x",
                   .kind = OST_ATTR_NUMBER,
                   .number = (double)NAN };
    ost_attr b = { .name = "x",
                   .kind = OST_ATTR_NUMBER,
                   .number = -(double)NAN };
    ost_item one = { .id = "i", .group = "i", .attrs = &a, .n_attrs = 1 };
    ost_item two = { .id = "i", .group = "i", .attrs = &b, .n_attrs = 1 };
    ost_buf x = { 0 }, y = { 0 };

    (void)state;
    ost_item_encode(&x, &one);
    ost_item_encode(&y, &two);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    ost_buf_release(&x);
    ost_buf_release(&y);
}

static void a_plain_item_takes_few_bytes(void **state)
{
    ost_field f = image_field("image", 256, 256);
    const char *label = "fracture";
    ost_item item = { .id = "site_a/0001",
                      .group = "site_a/0001",
                      .labels = &label,
                      .n_labels = 1,
                      .fields = &f,
                      .n_fields = 1 };
    ost_buf out = { 0 };

    (void)state;
    ost_item_encode(&out, &item);
    assert_true(out.len < 80);
    ost_buf_release(&out);
}

/* Arrays whose extent cannot be computed, or lies in front of the blob. */
static void impossible_arrays_are_malformed(void **state)
{
    const struct {
        int64_t shape, stride;
        uint64_t offset;
        bool good;
    } cases[] = {
        { 4, 1, 0, true },          { 4, -1, 3, true },
        { 4, -1, 2, false },        { 0, -5, 0, true },
        { INT64_MAX, 1, 0, false }, { 4, INT64_MAX / 2, 0, false },
        { 4, INT64_MIN, 0, false }, { 4, 1, UINT64_MAX, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ost_field f = { .name = "a", .dtype = OST_F32, .ndim = 1 };
        ost_item item = {
            .id = "i", .group = "i", .fields = &f, .n_fields = 1
        };
        ost_arena arena = { 0 };
        ost_buf out = { 0 };
        ost_item back;
        ost_reader r;

        f.shape[0] = cases[i].shape;
        f.stride[0] = cases[i].stride;
        f.offset = cases[i].offset;
        ost_item_encode(&out, &item);
        r = ost_reader_of(out.data, out.len);
        assert_int_equal(ost_item_decode(&r, &arena, &back), cases[i].good);
        ost_buf_release(&out);
        ost_arena_release(&arena);
    }
}

static void a_truncated_item_is_malformed(void **state)
{
    ost_field f = image_field("image", 5, 6);
    const char *text[] = { "p", "q" };
    ost_attr a = { .name = "x", .kind = OST_ATTR_TEXT, .text = "t" };
    ost_item item = { .id = "item",
                      .group = "group",
                      .labels = text,
                      .n_labels = 1,
                      .parents = text,
                      .n_parents = 2,
                      .attrs = &a,
                      .n_attrs = 1,
                      .exposure = f.blob,
                      .fields = &f,
                      .n_fields = 1 };
    ost_arena arena = { 0 };
    ost_buf out = { 0 };
    ost_item back;
    ost_reader r;

    (void)state;
    f.stride[0] = 12;
    ost_item_encode(&out, &item);
    for (size_t n = 0; n < out.len; n++) {
        r = ost_reader_of(out.data, n);
        assert_false(ost_item_decode(&r, &arena, &back));
        assert_true(r.bad);
    }
    r = ost_reader_of(out.data, out.len);
    assert_true(ost_item_decode(&r, &arena, &back));
    ost_buf_release(&out); /* what was decoded is a copy */
    assert_string_equal(back.id, "item");
    assert_string_equal(back.group, "group");
    assert_string_equal(back.parents[1], "q");
    assert_int_equal(back.fields[0].stride[0], 12);
    ost_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            ids_sort_bytewise_with_derived_ones_behind_their_parent),
        cmocka_unit_test(changed_copies_leave_the_original_alone),
        cmocka_unit_test(only_an_image_said_to_be_inverse_is),
        cmocka_unit_test(attributes_and_labels_are_replaced),
        cmocka_unit_test(order_of_attributes_and_fields_is_not_encoded),
        cmocka_unit_test(every_not_a_number_is_the_same),
        cmocka_unit_test(a_plain_item_takes_few_bytes),
        cmocka_unit_test(impossible_arrays_are_malformed),
        cmocka_unit_test(a_truncated_item_is_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
