/* tests/unit/test_key.c - digests are SHA-256, keys depend on every component
 */
/* links: base store */
#include "store/key.h"
#include "tests/support/check.h"

#include <string.h>

#include "base/banned.h"

static const char *hex_of(const char *text)
{
    static char hex[OST_DIGEST_HEX];
    ost_digest d = ost_digest_of(text, strlen(text));

    return ost_digest_hex(&d, hex);
}

static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    assert_string_equal(hex_of(""), "e3b0c44298fc1c149afbf4c8996fb924"
                                    "27ae41e4649b934ca495991b7852b855");
    assert_string_equal(hex_of("abc"), "ba7816bf8f01cfea414140de5dae2223"
                                       "b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(
        hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039"
        "a33ce45964ff2167f6ecedd419db06c1");
}

static void hashing_in_pieces_gives_the_same_digest(void **state)
{
    unsigned char data[1000];
    ost_digest whole;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(i * 7);
    whole = ost_digest_of(data, sizeof(data));
    for (size_t piece = 1; piece < 200; piece += 13) {
        ost_hash *h = ost_hash_new();
        ost_digest d;

        for (size_t at = 0; at < sizeof(data); at += piece)
            ost_hash_add(h, data + at,
                         at + piece > sizeof(data) ? sizeof(data) - at : piece);
        d = ost_hash_final(h);
        assert_true(ost_digest_equal(&d, &whole));
    }
}

static void hexadecimal_text_reads_back(void **state)
{
    char hex[OST_DIGEST_HEX];
    ost_digest d = ost_digest_of("x", 1), back;

    (void)state;
    ost_digest_hex(&d, hex);
    assert_int_equal(strlen(hex), 64);
    assert_true(ost_digest_parse(&back, hex));
    assert_true(ost_digest_equal(&d, &back));
    hex[63] = 'g';
    assert_false(ost_digest_parse(&back, hex));
    hex[63] = '\0';
    assert_false(ost_digest_parse(&back, hex));
    assert_false(ost_digest_parse(&back, ""));
}

static void the_zero_digest_is_none(void **state)
{
    ost_digest d = { { 0 } };

    (void)state;
    assert_true(ost_digest_is_zero(&d));
    d.b[31] = 1;
    assert_false(ost_digest_is_zero(&d));
}

static void digests_sort_by_their_bytes(void **state)
{
    ost_digest a = { { 1 } }, b = { { 2 } };

    (void)state;
    assert_true(ost_digest_compare(&a, &b) < 0);
    assert_true(ost_digest_compare(&b, &a) > 0);
    assert_int_equal(ost_digest_compare(&a, &a), 0);
}

static void components_are_lines_that_cannot_be_forged(void **state)
{
    ost_buf one = { 0 }, two = { 0 };
    ost_key a, b;

    (void)state;
    ost_key_text(&one, "x", "1\ny=2");
    ost_key_text(&two, "x", "1");
    ost_key_text(&two, "y", "2");
    assert_string_equal(ost_buf_str(&one), "x=1\\ny=2\n");
    assert_string_equal(ost_buf_str(&two), "x=1\ny=2\n");
    a = ost_key_of(&one);
    b = ost_key_of(&two);
    assert_false(ost_digest_equal(&a, &b));
    ost_buf_reset(&one);
    ost_key_text(&one, "p", "a\\b");
    assert_string_equal(ost_buf_str(&one), "p=a\\\\b\n");
    ost_buf_release(&one);
    ost_buf_release(&two);
}

static void a_digest_is_a_component_in_hexadecimal(void **state)
{
    ost_digest d = ost_digest_of("abc", 3);
    ost_buf text = { 0 };

    (void)state;
    ost_key_digest(&text, "in", &d);
    assert_string_equal(ost_buf_str(&text),
                        "in=ba7816bf8f01cfea414140de5dae2223"
                        "b00361a396177a9cb410ff61f20015ad\n");
    ost_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(hashing_in_pieces_gives_the_same_digest),
        cmocka_unit_test(hexadecimal_text_reads_back),
        cmocka_unit_test(the_zero_digest_is_none),
        cmocka_unit_test(digests_sort_by_their_bytes),
        cmocka_unit_test(components_are_lines_that_cannot_be_forged),
        cmocka_unit_test(a_digest_is_a_component_in_hexadecimal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
