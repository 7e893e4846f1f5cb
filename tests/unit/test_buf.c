/* tests/unit/test_buf.c - what is written to a buffer is read back */
/* links: base */
#include "base/alloc.h"
#include "base/buf.h"
#include "tests/support/check.h"

#include <string.h>

#include "base/banned.h"

static void an_empty_buffer_is_empty_text(void **state)
{
    ost_buf b = { 0 };
    size_t n = 9;
    unsigned char *data;

    (void)state;
    assert_string_equal(ost_buf_str(&b), "");
    ost_buf_reset(&b);
    data = ost_buf_detach(&b, &n);
    assert_int_equal(n, 0);
    assert_string_equal((char *)data, "");
    ost_free(data);
    ost_buf_release(&b);
}

static void text_grows_and_always_ends_with_zero(void **state)
{
    ost_buf b = { 0 };

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        ost_buf_addc(&b, 'x');
        assert_int_equal(b.len, i + 1);
        assert_int_equal(b.data[b.len], 0);
    }
    ost_buf_reset(&b);
    assert_string_equal(ost_buf_str(&b), "");
    ost_buf_adds(&b, "a");
    ost_buf_add(&b, "bcd", 2);
    ost_buf_add(&b, NULL, 0);
    assert_string_equal(ost_buf_str(&b), "abc");
    ost_buf_release(&b);
}

static void formatted_text_of_any_length_fits(void **state)
{
    char word[5001];
    ost_buf b = { 0 };

    (void)state;
    memset(word, 'w', 5000);
    word[5000] = '\0';
    ost_buf_addf(&b, "%d ", 12);
    ost_buf_addf(&b, "%s!", word);
    assert_int_equal(b.len, 5004);
    assert_memory_equal(b.data, "12 www", 6);
    assert_string_equal(ost_buf_str(&b) + 5000, "www!");
    ost_buf_release(&b);
}

static void detached_bytes_belong_to_the_caller(void **state)
{
    ost_buf b = { 0 };
    unsigned char *data;
    size_t n;

    (void)state;
    ost_buf_adds(&b, "femur");
    data = ost_buf_detach(&b, &n);
    assert_int_equal(n, 5);
    assert_string_equal((char *)data, "femur");
    assert_null(b.data);
    ost_free(data);
}

static void check_json(const char *s, size_t n, const char *want)
{
    ost_buf b = { 0 };

    ost_buf_add_json(&b, s, n);
    assert_string_equal(ost_buf_str(&b), want);
    ost_buf_release(&b);
}

static void json_strings_have_the_shortest_escapes(void **state)
{
    (void)state;
    check_json("", 0, "\"\"");
    check_json("a/b", 3, "\"a/b\"");
    check_json("\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    check_json("\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\"");
    check_json("a\0b", 3, "\"a\\u0000b\"");
    check_json("\xc3\xa9\xf0\x9f\xa6\xb4", 6, "\"\xc3\xa9\xf0\x9f\xa6\xb4\"");
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    (void)state;
    check_json("a\xff", 2, "\"a\xef\xbf\xbd\"");
    check_json("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void html_is_escaped(void **state)
{
    ost_buf b = { 0 };

    (void)state;
    ost_buf_add_html(&b, "<a href=\"x\">&'\xc3\xa9\n\x01\x1bx");
    assert_string_equal(ost_buf_str(&b),
                        "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\xc3\xa9\n  x");
    ost_buf_release(&b);
}

static void numbers_are_little_endian(void **state)
{
    static const unsigned char want[] = {
        0x12,                                           /* u8 */
        0x78, 0x56, 0x34, 0x12,                         /* u32 */
        0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, /* u64 */
        0,    0,    0,    0,    0,    0,    0xf8, 0x3f, /* 1.5 */
        0xac, 0x02,                                     /* varint 300 */
    };
    ost_buf b = { 0 };

    (void)state;
    ost_buf_u8(&b, 0x12);
    ost_buf_u32(&b, 0x12345678);
    ost_buf_u64(&b, 0x0123456789abcdef);
    ost_buf_f64(&b, 1.5);
    ost_buf_varint(&b, 300);
    assert_int_equal(b.len, sizeof(want));
    assert_memory_equal(b.data, want, sizeof(want));
    ost_buf_release(&b);
}

static const uint64_t varints[] = {
    0,
    1,
    127,
    128,
    16383,
    16384,
    UINT32_MAX,
    (uint64_t)1 << 62,
    (uint64_t)1 << 63,
    UINT64_MAX,
};

enum { VARINTS = sizeof(varints) / sizeof(varints[0]) };

static void add_one_of_each(ost_buf *b)
{
    ost_buf_u8(b, 200);
    ost_buf_u32(b, 4000000000u);
    ost_buf_u64(b, UINT64_MAX - 1);
    ost_buf_f64(b, -0.1);
    for (size_t i = 0; i < VARINTS; i++)
        ost_buf_varint(b, varints[i]);
    ost_buf_bytes(b, "a\0b", 3);
    ost_buf_string(b, "tibia");
    ost_buf_string(b, NULL);
}

/* Reads the same and returns the number of values that were right. */
static int read_one_of_each(ost_reader *r)
{
    const unsigned char *p;
    int good = 0;
    size_t n;

    good += ost_read_u8(r) == 200;
    good += ost_read_u32(r) == 4000000000u;
    good += ost_read_u64(r) == UINT64_MAX - 1;
    good += ost_read_f64(r) == -0.1;
    for (size_t i = 1; i < VARINTS; i++)
        good += ost_read_varint(r) == varints[i - 1];
    good += ost_read_varint(r) == UINT64_MAX;
    p = ost_read_bytes(r, &n);
    good += n == 3 && memcmp(p, "a\0b", 3) == 0;
    p = ost_read_bytes(r, &n);
    good += n == 5 && memcmp(p, "tibia", 5) == 0;
    ost_read_bytes(r, &n);
    return good + (n == 0);
}

static void everything_written_is_read_back(void **state)
{
    ost_buf b = { 0 };
    ost_reader r;

    (void)state;
    add_one_of_each(&b);
    r = ost_reader_of(b.data, b.len);
    assert_int_equal(ost_read_left(&r), b.len);
    assert_int_equal(read_one_of_each(&r), 4 + VARINTS + 3);
    assert_false(r.bad);
    assert_int_equal(ost_read_left(&r), 0);
    ost_buf_release(&b);
}

/* Each prefix is copied to memory of its own size, so that the address
 * sanitizer sees a read behind its end. */
static void every_truncation_is_noticed_and_nothing_is_read_behind(void **state)
{
    ost_buf b = { 0 };

    (void)state;
    add_one_of_each(&b);
    for (size_t n = 0; n < b.len; n++) {
        unsigned char *prefix = ost_xalloc(n);
        ost_reader r;

        memcpy(prefix, b.data, n);
        r = ost_reader_of(prefix, n);
        read_one_of_each(&r);
        assert_true(r.bad);
        assert_int_equal(ost_read_left(&r), 0);
        ost_free(prefix);
    }
    ost_buf_release(&b);
}

static void after_a_bad_read_everything_is_zero(void **state)
{
    ost_reader r = ost_reader_of("\x05ok", 3);
    size_t n = 7;

    (void)state;
    assert_string_equal((const char *)ost_read_bytes(&r, &n), "");
    assert_int_equal(n, 0);
    assert_true(r.bad);
    assert_int_equal(ost_read_u8(&r), 0);
    assert_int_equal(ost_read_u64(&r), 0);
    assert_int_equal(ost_read_varint(&r), 0);
    assert_true(ost_read_f64(&r) == 0);
    assert_null(ost_read_raw(&r, 0));
}

static void check_bad_varint(const char *bytes, size_t n)
{
    ost_reader r = ost_reader_of(bytes, n);

    assert_int_equal(ost_read_varint(&r), 0);
    assert_true(r.bad);
}

static void a_varint_has_one_encoding_only(void **state)
{
    (void)state;
    check_bad_varint("\x80\x00", 2);
    check_bad_varint("\xff\x80\x00", 3);
    check_bad_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    check_bad_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
}

static void a_length_near_the_largest_number_is_refused(void **state)
{
    ost_buf b = { 0 };
    ost_reader r;
    size_t n;

    (void)state;
    ost_buf_varint(&b, UINT64_MAX);
    ost_buf_adds(&b, "abc");
    r = ost_reader_of(b.data, b.len);
    ost_read_bytes(&r, &n);
    assert_true(r.bad);
    r = ost_reader_of(NULL, 0);
    assert_int_equal(ost_read_left(&r), 0);
    assert_non_null(ost_read_raw(&r, 0));
    ost_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_empty_text),
        cmocka_unit_test(text_grows_and_always_ends_with_zero),
        cmocka_unit_test(formatted_text_of_any_length_fits),
        cmocka_unit_test(detached_bytes_belong_to_the_caller),
        cmocka_unit_test(json_strings_have_the_shortest_escapes),
        cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(everything_written_is_read_back),
        cmocka_unit_test(
            every_truncation_is_noticed_and_nothing_is_read_behind),
        cmocka_unit_test(after_a_bad_read_everything_is_zero),
        cmocka_unit_test(a_varint_has_one_encoding_only),
        cmocka_unit_test(a_length_near_the_largest_number_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
