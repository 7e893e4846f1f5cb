/* tests/unit/test_safetensors.c - tensors as bytes, and hostile bytes */
/* links: stages kernels store base */
#include "stages/model_transfer.h"
#include "stages/safetensors.h"
#include "tests/support/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

const ost_stage *const ost_stages[] = { NULL };

/* A file of this header and `room` bytes 0, 1, 2, ... */
static void make_file(ost_buf *out, const char *header, size_t room)
{
    ost_buf_reset(out);
    ost_buf_u64(out, strlen(header));
    ost_buf_adds(out, header);
    for (size_t i = 0; i < room; i++)
        ost_buf_u8(out, (uint8_t)i);
}

static void expect_refused(const char *header, size_t room, const char *text)
{
    ost_safetensors *file = NULL;
    ost_buf bytes = { 0 };
    ost_err err = { 0 };

    make_file(&bytes, header, room);
    assert_int_equal(ost_safetensors_open(bytes.data, bytes.len, &file, &err),
                     OST_EINPUT);
    if (!strstr(err.text, text))
        fail_msg("%s: %s", header, err.text);
    ost_buf_release(&bytes);
}

static void hostile_headers_are_refused_by_name(void **state)
{
    static const struct {
        const char *header;
        size_t room;
        const char *text;
    } cases[] = {
        { "[]", 0, "the header is no JSON object" },
        { "{", 0, "safetensors header:1:2" },
        { "{\"a\":7}", 0, "tensor 'a' has no 'dtype'" },
        { "{\"a\":{\"dtype\":\"F99\",\"shape\":[],\"data_offsets\":[0,4]}}", 4,
          "tensor 'a' has unknown type 'F99'" },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4,
          "tensor 'a' has no 'shape'" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1],"
          "\"data_offsets\":[0,4]}}",
          4, "tensor 'a' has too many sides" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
          4, "tensor 'a' has a shape that cannot be" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}",
          4, "tensor 'a' has a shape that cannot be" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],"
          "\"data_offsets\":[0,4]}}",
          4, "tensor 'a' has a shape that cannot be" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],"
          "\"data_offsets\":[0,0]}}",
          0, "tensor 'a' has 0 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 4,
          "tensor 'a' lies at 0 to 8 of 4 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4,
          "tensor 'a' lies at 4 to 0 of 4 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}",
          4, "tensor 'a' lies at -4 to 0 of 4 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
          "tensor 'a' has no 'data_offsets'" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
          "tensor 'a' has 8 bytes, its shape and type F32 need 12" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
          "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
          12, "tensor 'b' overlaps 'a'" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
          12, "4 bytes in front of tensor 'b' belong to none" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 6,
          "2 bytes at the end belong to no tensor" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
          1, "tensor 'a' is there twice" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refused(cases[i].header, cases[i].room, cases[i].text);
}

static void a_header_longer_than_the_file_is_refused(void **state)
{
    unsigned char bytes[16] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    };
    ost_safetensors *file = NULL;
    ost_err err = { 0 };

    (void)state;
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        assert_int_equal(ost_safetensors_open(bytes, n, &file, &err),
                         OST_EINPUT);
        assert_non_null(strstr(err.text, "not in the safetensors format"));
    }
}

static void numbers_of_every_float_type_are_read(void **state)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[20,28]},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[28,32]},"
        "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[32,40]}}";
    const double d[] = { 0.1, -3.0 };
    const float f = 2.5f;
    /* 1, the least above 0, -65504, -infinity */
    const uint16_t h[] = { 0x3c00, 0x0001, 0xfbff, 0xfc00 };
    const uint16_t b[] = { 0x3f80, 0xc040 }; /* 1, -3 */
    ost_safetensors *file = NULL;
    ost_buf bytes = { 0 };
    ost_err err = { 0 };
    float got[4];

    (void)state;
    make_file(&bytes, header, 0);
    ost_buf_add(&bytes, d, sizeof(d));
    ost_buf_add(&bytes, &f, sizeof(f));
    ost_buf_add(&bytes, h, sizeof(h));
    ost_buf_add(&bytes, b, sizeof(b));
    ost_buf_u64(&bytes, 7);
    assert_ok(ost_safetensors_open(bytes.data, bytes.len, &file, &err), &err);
    assert_int_equal(ost_safetensors_count(file), 5);
    assert_ok(
        ost_stored_tensor_read(ost_safetensors_find(file, "d"), got, &err),
        &err);
    assert_true(got[0] == 0.1f && got[1] == -3.0f);
    assert_ok(
        ost_stored_tensor_read(ost_safetensors_find(file, "f"), got, &err),
        &err);
    assert_true(got[0] == 2.5f);
    assert_ok(
        ost_stored_tensor_read(ost_safetensors_find(file, "h"), got, &err),
        &err);
    assert_true(got[0] == 1.0f && got[1] == 0x1p-24f);
    assert_true(got[2] == -65504.0f && got[3] == -INFINITY);
    assert_ok(
        ost_stored_tensor_read(ost_safetensors_find(file, "b"), got, &err),
        &err);
    assert_true(got[0] == 1.0f && got[1] == -3.0f);
    assert_int_equal(
        ost_stored_tensor_read(ost_safetensors_find(file, "i"), got, &err),
        OST_EINPUT);
    assert_non_null(strstr(err.text, "tensor 'i' is of type I64"));
    assert_null(ost_safetensors_find(file, "j"));
    ost_safetensors_close(file);
    ost_buf_release(&bytes);
}

/* --- from one network to another --------------------------------------- */

static ost_weight *add_weight(ost_weights *w, const char *name, int ndim,
                              const int64_t *shape, float first)
{
    ost_weight like = { .name = (char *)(uintptr_t)name, .ndim = ndim };
    ost_weight *made;
    ost_err err = { 0 };
    float plain[64];

    memcpy(like.shape, shape, (size_t)ndim * sizeof(*shape));
    assert_ok(ost_weights_declare(w, &like, &made, &err), &err);
    assert_ok(
        ost_weights_place(w, made, ost_weight_count(made), NULL, false, &err),
        &err);
    for (int64_t i = 0; i < ost_weight_count(made); i++)
        plain[i] = first + (float)i;
    assert_ok(ost_weights_set(w, made, OST_PART_DATA, plain, &err), &err);
    return made;
}

static float number_of(ost_weights *w, const char *name, int64_t i)
{
    ost_err err = { 0 };
    float plain[64];

    assert_ok(ost_weights_get(w, ost_weights_find(w, name), OST_PART_DATA,
                              plain, &err),
              &err);
    return plain[i];
}

static void what_fits_is_transferred_and_the_rest_is_named(void **state)
{
    ost_backend *b = NULL;
    ost_weights *from, *to;
    json_t *report = NULL;
    ost_buf text = { 0 };
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_backend_open("cpu", 1, &b, &err), &err);
    from = ost_weights_new(b);
    to = ost_weights_new(b);
    add_weight(from, "conv1.weight", 4, (int64_t[]){ 2, 3, 1, 2 }, 0);
    add_weight(from, "bn1.bias", 1, (int64_t[]){ 2 }, 50);
    add_weight(from, "fc.weight", 2, (int64_t[]){ 5, 2 }, 60);
    add_weight(from, "aux", 1, (int64_t[]){ 1 }, 0);
    add_weight(to, "conv1.weight", 4, (int64_t[]){ 2, 1, 1, 2 }, 0);
    add_weight(to, "bn1.bias", 1, (int64_t[]){ 2 }, 0);
    add_weight(to, "fc.weight", 2, (int64_t[]){ 3, 2 }, -7);
    assert_ok(ost_weights_transfer(from, to, &report, &err), &err);
    /* 0..11 as (2, 3, 1, 2): the mean over the second side */
    assert_true(number_of(to, "conv1.weight", 0) == 2.0f);
    assert_true(number_of(to, "conv1.weight", 1) == 3.0f);
    assert_true(number_of(to, "conv1.weight", 2) == 8.0f);
    assert_true(number_of(to, "conv1.weight", 3) == 9.0f);
    assert_true(number_of(to, "bn1.bias", 1) == 51.0f);
    assert_true(number_of(to, "fc.weight", 0) == -7.0f);
    ost_transfer_text(report, &text);
    assert_string_equal(ost_buf_str(&text),
                        "1 weights loaded, 1 averaged, 2 skipped (fc.weight: "
                        "5x2 does not fit 3x2, aux: the network has no such "
                        "weight), 1 new");
    ost_buf_release(&text);
    json_decref(report);
    ost_weights_free(to);
    ost_weights_free(from);
    ost_backend_close(b);
}

static void a_model_of_which_nothing_fits_is_refused(void **state)
{
    ost_backend *b = NULL;
    ost_weights *from, *to;
    json_t *report = NULL;
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_backend_open("cpu", 1, &b, &err), &err);
    from = ost_weights_new(b);
    to = ost_weights_new(b);
    add_weight(from, "a", 1, (int64_t[]){ 2 }, 0);
    add_weight(to, "b", 1, (int64_t[]){ 2 }, 0);
    assert_int_equal(ost_weights_transfer(from, to, &report, &err), OST_EINPUT);
    assert_string_equal(err.text,
                        "no weight of the model fits the network: the first is "
                        "'a' there and 'b' here");
    ost_weights_free(to);
    ost_weights_free(from);
    ost_backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_headers_are_refused_by_name),
        cmocka_unit_test(a_header_longer_than_the_file_is_refused),
        cmocka_unit_test(numbers_of_every_float_type_are_read),
        cmocka_unit_test(what_fits_is_transferred_and_the_rest_is_named),
        cmocka_unit_test(a_model_of_which_nothing_fits_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
