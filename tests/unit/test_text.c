/* tests/unit/test_text.c - small things about words */
/* links: base */
#include "base/text.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static void the_edit_distance_counts_edits_and_swaps(void **state)
{
    (void)state;
    assert_int_equal(ost_edit_distance("", ""), 0);
    assert_int_equal(ost_edit_distance("abc", "abc"), 0);
    assert_int_equal(ost_edit_distance("", "abc"), 3);
    assert_int_equal(ost_edit_distance("abc", ""), 3);
    assert_int_equal(ost_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(ost_edit_distance("valeu", "value"), 1);
    assert_int_equal(ost_edit_distance("ca", "ac"), 1);
}

static void the_nearest_name_is_suggested(void **state)
{
    static const char *const names[] = { "canny", "train", "predict", "in" };

    (void)state;
    assert_string_equal(ost_nearest("cany", names, 4), "canny");
    assert_string_equal(ost_nearest("Train", names, 4), "train");
    assert_string_equal(ost_nearest("perdict", names, 4), "predict");
    assert_string_equal(ost_nearest("canny", names, 4), "canny");
    assert_string_equal(ost_nearest("im", names, 4), "in");
}

static void nothing_is_suggested_when_nothing_is_near(void **state)
{
    static const char *const names[] = { "canny", "train", "x" };
    char word[300];

    (void)state;
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_null(ost_nearest("report", names, 3));
    assert_null(ost_nearest("crane", names, 2));
    assert_null(ost_nearest("y", names, 3));
    assert_null(ost_nearest("", names, 3));
    assert_null(ost_nearest(word, names, 3));
    assert_null(ost_nearest("canny", names, 0));
}

static void the_first_of_equally_near_names_wins(void **state)
{
    static const char *const names[] = { "fold1", "fold2" };

    (void)state;
    assert_string_equal(ost_nearest("fold3", names, 2), "fold1");
}

static void beginnings_and_ends_are_compared(void **state)
{
    (void)state;
    assert_true(ost_starts_with("lib:cnn", "lib:"));
    assert_true(ost_starts_with("lib:", ""));
    assert_false(ost_starts_with("li", "lib:"));
    assert_true(ost_ends_with("a.png", ".png"));
    assert_false(ost_ends_with("png", ".png"));
}

static void integers_fill_the_whole_word(void **state)
{
    static const char *const wrong[] = {
        "",
        "-",
        "1 ",
        " 1",
        "1x",
        "0x10",
        "1.0",
        "1e3",
        "--1",
        "1-",
        "9223372036854775808",
    };
    int64_t v = 0;

    (void)state;
    assert_true(ost_parse_i64("-42", &v));
    assert_int_equal(v, -42);
    assert_true(ost_parse_i64("+7", &v));
    assert_int_equal(v, 7);
    assert_true(ost_parse_i64("-9223372036854775808", &v));
    assert_true(v == INT64_MIN);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(ost_parse_i64(wrong[i], &v));
}

static void reals_are_finite_and_fill_the_whole_word(void **state)
{
    static const char *const wrong[] = {
        "", "nan", "inf", "1e999", "0x1p3", "1 ", " 1", "1e", ".", "-", "1,5",
    };
    double v = 0;

    (void)state;
    assert_true(ost_parse_f64("-1.5e-3", &v));
    assert_true(v == -0.0015);
    assert_true(ost_parse_f64("7", &v));
    assert_true(v == 7);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(ost_parse_f64(wrong[i], &v));
}

static void hexadecimal_goes_there_and_back(void **state)
{
    const unsigned char bytes[] = { 0x00, 0xff, 0x1a };
    unsigned char back[3];
    char text[7];

    (void)state;
    ost_hex(text, bytes, 3);
    assert_string_equal(text, "00ff1a");
    assert_true(ost_unhex(back, text, 3));
    assert_memory_equal(back, bytes, 3);
    assert_true(ost_unhex(back, "00FF1A", 3));
    assert_memory_equal(back, bytes, 3);
    assert_false(ost_unhex(back, "00ff1", 3));
    assert_false(ost_unhex(back, "00ff1a0", 3));
    assert_false(ost_unhex(back, "00fg1a", 3));
    assert_false(ost_unhex(back, "", 3));
}

static void sizes_are_readable(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(ost_human_bytes(out, 0), "0 B");
    assert_string_equal(ost_human_bytes(out, 999), "999 B");
    assert_string_equal(ost_human_bytes(out, 1000), "1.0 kB");
    assert_string_equal(ost_human_bytes(out, 1540000000), "1.5 GB");
    assert_string_equal(ost_human_bytes(out, 15400), "15 kB");
    assert_string_equal(ost_human_bytes(out, 999999), "1.0 MB");
    assert_string_equal(ost_human_bytes(out, UINT64_MAX), "18 EB");
}

static void durations_are_readable(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(ost_human_seconds(out, 0.349), "0.35 s");
    assert_string_equal(ost_human_seconds(out, 12.4), "12 s");
    assert_string_equal(ost_human_seconds(out, 59.6), "1 min 0 s");
    assert_string_equal(ost_human_seconds(out, 200), "3 min 20 s");
    assert_string_equal(ost_human_seconds(out, 7500), "2 h 5 min");
    assert_string_equal(ost_human_seconds(out, 100000), "1 d 3 h");
    assert_string_equal(ost_human_seconds(out, (double)NAN), "unknown");
    assert_string_equal(ost_human_seconds(out, -1), "unknown");
}

static void text_is_shown_without_its_commands(void **state)
{
    static const char odd[] = "\t\n\x01\x80\xc3\xa9\xc2\x80z";
    static const char want[] = "\\x09\n\\x01\\x80\xc3\xa9\\xc2\\x80z";
    char out[64];

    (void)state;
    assert_int_equal(ost_utf8_shown(out, sizeof(out), odd, "\n"), strlen(want));
    assert_string_equal(out, want);
    for (size_t room = 1; room < sizeof(out); room++) {
        size_t n;

        memset(out, '#', sizeof(out));
        assert_int_equal(ost_utf8_shown(out, room, odd, "\n"), strlen(want));
        n = strlen(out);
        assert_true(n < room);
        assert_memory_equal(out, want, n);
        assert_true(ost_utf8_valid(out, n));
    }
}

static void utf8_is_told_from_other_bytes(void **state)
{
    static const char *const good[] = {
        "",
        "abc",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
    };
    static const char *const wrong[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80",
        "\xff",
        "a\xe2\x82z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(ost_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(ost_utf8_valid(wrong[i], strlen(wrong[i])));
}

static void columns_are_code_points(void **state)
{
    (void)state;
    assert_int_equal(ost_utf8_columns(""), 0);
    assert_int_equal(ost_utf8_columns("a\xc3\xa9\xf0\x9f\xa6\xb4"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_edit_distance_counts_edits_and_swaps),
        cmocka_unit_test(the_nearest_name_is_suggested),
        cmocka_unit_test(nothing_is_suggested_when_nothing_is_near),
        cmocka_unit_test(the_first_of_equally_near_names_wins),
        cmocka_unit_test(beginnings_and_ends_are_compared),
        cmocka_unit_test(integers_fill_the_whole_word),
        cmocka_unit_test(reals_are_finite_and_fill_the_whole_word),
        cmocka_unit_test(hexadecimal_goes_there_and_back),
        cmocka_unit_test(sizes_are_readable),
        cmocka_unit_test(durations_are_readable),
        cmocka_unit_test(text_is_shown_without_its_commands),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(columns_are_code_points),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
