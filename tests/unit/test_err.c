/* tests/unit/test_err.c - codes, messages and places */
/* links: base */
#include "base/err.h"
#include "base/text.h"
#include "tests/support/check.h"

#include <errno.h>
#include <string.h>

#include "base/banned.h"

static void failing_writes_the_message_and_returns_the_code(void **state)
{
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_fail(&err, OST_EINPUT, "item '%s' is odd", "a"),
                     OST_EINPUT);
    assert_int_equal(err.rc, OST_EINPUT);
    assert_string_equal(err.text, "item 'a' is odd");
}

static void failing_without_an_error_still_returns_the_code(void **state)
{
    (void)state;
    assert_int_equal(ost_fail(NULL, OST_EPROTO, "x"), OST_EPROTO);
    assert_int_equal(ost_fail_errno(NULL, OST_EIO, ENOSPC, "x"), OST_ENOSPC);
    ost_err_at(NULL, "x");
}

static void a_message_may_quote_the_one_before(void **state)
{
    ost_err err = { 0 };

    (void)state;
    ost_fail(&err, OST_EIO, "inner");
    ost_fail(&err, OST_EFAIL, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
    assert_int_equal(err.rc, OST_EFAIL);
}

static void a_place_goes_in_front_and_keeps_the_code(void **state)
{
    ost_err err = { 0 };

    (void)state;
    ost_fail(&err, OST_EINPUT, "too small");
    ost_err_at(&err, "param '%s'", "size");
    ost_err_at(&err, "node 'mask'");
    assert_string_equal(err.text, "node 'mask': param 'size': too small");
    assert_int_equal(err.rc, OST_EINPUT);
}

static void system_errors_add_their_words(void **state)
{
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_fail_errno(&err, OST_EIO, EACCES, "cannot open 'a'"),
                     OST_EIO);
    assert_string_equal(err.text, "cannot open 'a': Permission denied");
}

static void a_full_disk_or_quota_is_always_no_space(void **state)
{
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_fail_errno(&err, OST_EIO, ENOSPC, "a"), OST_ENOSPC);
    assert_int_equal(err.rc, OST_ENOSPC);
    assert_int_equal(ost_fail_errno(&err, OST_EFAIL, EDQUOT, "a"), OST_ENOSPC);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    char text[2 * OST_ERR_TEXT + 1];
    ost_err err = { 0 };
    size_t n;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    for (size_t shift = 0; shift < 2; shift++) {
        ost_fail(&err, OST_EINPUT, "%s%s", shift ? "x" : "", text);
        n = strlen(err.text);
        assert_true(n < OST_ERR_TEXT && n > OST_ERR_TEXT - 8);
        assert_true(ost_utf8_valid(err.text, n));
        assert_true(ost_ends_with(err.text, "..."));
    }
}

static void a_place_before_a_full_message_stays_readable(void **state)
{
    char text[OST_ERR_TEXT];
    ost_err err = { 0 };

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ost_fail(&err, OST_EINPUT, "%s", text);
    ost_err_at(&err, "node 'n'");
    assert_true(ost_starts_with(err.text, "node 'n': aaa"));
    assert_true(ost_ends_with(err.text, "aaa..."));
    assert_int_equal(strlen(err.text), OST_ERR_TEXT - 1);
}

static void a_message_holds_no_commands_to_a_terminal(void **state)
{
    char text[OST_ERR_TEXT];
    ost_err err = { 0 };

    (void)state;
    ost_fail(&err, OST_EINPUT, "file '%s'", "a\x1b[2J\xff\x7f\xc2\x9b\xc3\xa9");
    assert_string_equal(err.text,
                        "file 'a\\x1b[2J\\xff\\x7f\\xc2\\x9b\xc3\xa9'");
    ost_err_at(&err, "in '%s'", "\r");
    assert_string_equal(
        err.text, "in '\\x0d': file 'a\\x1b[2J\\xff\\x7f\\xc2\\x9b\xc3\xa9'");
    ost_fail(&err, OST_EINPUT, "w.json:1:2: wrong\n\tx\n\t^");
    assert_string_equal(err.text, "w.json:1:2: wrong\n\tx\n\t^");
    memset(text, '\x1b', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ost_fail(&err, OST_EINPUT, "%s", text);
    assert_true(ost_starts_with(err.text, "\\x1b\\x1b"));
    assert_true(ost_ends_with(err.text, "..."));
}

static void every_code_has_a_name_words_and_an_exit_status(void **state)
{
    (void)state;
#define XX(name, value, status, words)                          \
    assert_string_equal(ost_rc_name(OST_##name), "OST_" #name); \
    assert_string_equal(ost_rc_words(OST_##name), (words));     \
    assert_int_equal(ost_rc_exit_status(OST_##name), (status));
    OST_RC_MAP(XX)
#undef XX
    assert_int_equal(ost_rc_exit_status(OST_OK), 0);
    assert_int_equal(ost_rc_exit_status(OST_EGATE), 3);
    assert_int_equal(ost_rc_exit_status(OST_EINTERRUPTED), 130);
    assert_int_equal(ost_rc_exit_status((ost_rc)-9999), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_writes_the_message_and_returns_the_code),
        cmocka_unit_test(failing_without_an_error_still_returns_the_code),
        cmocka_unit_test(a_message_may_quote_the_one_before),
        cmocka_unit_test(a_place_goes_in_front_and_keeps_the_code),
        cmocka_unit_test(system_errors_add_their_words),
        cmocka_unit_test(a_full_disk_or_quota_is_always_no_space),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(a_place_before_a_full_message_stays_readable),
        cmocka_unit_test(a_message_holds_no_commands_to_a_terminal),
        cmocka_unit_test(every_code_has_a_name_words_and_an_exit_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
