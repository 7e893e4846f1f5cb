/* tests/unit/test_json_canonical.c - one value, one text */
/* links: base */
#include "base/json.h"
#include "tests/support/check.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

static void check(const char *text, const char *want)
{
    ost_err err = { 0 };
    ost_json_doc *doc;
    ost_buf b = { 0 };

    if (ost_json_parse("t", text, strlen(text), &doc, &err))
        fail_msg("%s", err.text);
    ost_json_canonical(&b, ost_json_root(doc));
    assert_string_equal(ost_buf_str(&b), want);
    ost_buf_release(&b);
    ost_json_free(doc);
}

static void spaces_and_order_do_not_matter(void **state)
{
    (void)state;
    check(" { \"b\" : [ 1 , true , null ] , \"a\" : { } }",
          "{\"a\":{},\"b\":[1,true,null]}");
    check("{\"a\":{},\"b\":[1,true,null]}", "{\"a\":{},\"b\":[1,true,null]}");
}

static void members_are_sorted_by_bytes(void **state)
{
    (void)state;
    check("{\"b\":1,\"\xc3\xa9\":2,\"a\":3,\"B\":4,\"ab\":5,\"\":6}",
          "{\"\":6,\"B\":4,\"a\":3,\"ab\":5,\"b\":1,\"\xc3\xa9\":2}");
}

static void an_integral_real_is_that_integer(void **state)
{
    (void)state;
    check("[1, 1.0, 1e0, 10e-1, -0, -0.0, 1e3, 4503599627370497.0]",
          "[1,1,1,1,0,0,1000,4503599627370497]");
}

static void reals_have_the_shortest_text(void **state)
{
    (void)state;
    check("[0.1, 0.10, 1e-7, 0.0000001, 1e300, 1E+22, -2.5, 123456.789]",
          "[0.1,0.1,1e-7,1e-7,1e300,1e22,-2.5,123456.789]");
    check("[0.30000000000000004, 5e-324, 2.2250738585072014e-308]",
          "[0.30000000000000004,5e-324,2.2250738585072014e-308]");
    check("[1.7976931348623157e308, 9007199254740993.0]",
          "[1.7976931348623157e308,9007199254740992]");
}

static void strings_are_utf8_with_few_escapes(void **state)
{
    (void)state;
    check("[\"\\u00e9\\/\\u001F\\n\\\"\\ud83e\\uddb4\"]",
          "[\"\xc3\xa9/\\u001f\\n\\\"\xf0\x9f\xa6\xb4\"]");
}

static void what_no_text_can_say_is_null(void **state)
{
    ost_buf b = { 0 };

    (void)state;
    ost_json_add_real(&b, (double)NAN);
    ost_json_add_real(&b, (double)INFINITY);
    ost_json_canonical(&b, NULL);
    assert_string_equal(ost_buf_str(&b), "nullnullnull");
    ost_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spaces_and_order_do_not_matter),
        cmocka_unit_test(members_are_sorted_by_bytes),
        cmocka_unit_test(an_integral_real_is_that_integer),
        cmocka_unit_test(reals_have_the_shortest_text),
        cmocka_unit_test(strings_are_utf8_with_few_escapes),
        cmocka_unit_test(what_no_text_can_say_is_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
