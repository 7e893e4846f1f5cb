/* tests/unit/test_log.c - chatter on stderr, time and element types */
/* links: base */
#include "base/clock.h"
#include "base/dtype.h"
#include "base/fs.h"
#include "base/log.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static int kept = -1;

static void catch_stderr(void)
{
    int fd = open("stderr", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static void check_stderr(const char *want)
{
    ost_buf b = { 0 };

    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(ost_fs_read("stderr", 1 << 20, &b, NULL), OST_OK);
    assert_string_equal(ost_buf_str(&b), want);
    ost_buf_release(&b);
}

static void topics_are_silent_until_turned_on(void **state)
{
    ost_err err = { 0 };

    (void)state;
    catch_stderr();
    ost_log(PLAN, "step %d", 1);
    assert_false(ost_log_on(OST_LOG_PLAN));
    assert_int_equal(ost_log_enable("plan,stats", &err), OST_OK);
    assert_true(ost_log_on(OST_LOG_PLAN));
    assert_true(ost_log_on(OST_LOG_STATS));
    assert_false(ost_log_on(OST_LOG_STORE));
    ost_log(PLAN, "step %d", 2);
    ost_log(STORE, "step %d", 3);
    check_stderr("osteon: plan: step 2\n");
}

static void warnings_are_always_shown(void **state)
{
    (void)state;
    catch_stderr();
    ost_warn("group of '%s' is empty", "a");
    check_stderr("osteon: warning: group of 'a' is empty\n");
}

static void an_unknown_topic_gets_a_suggestion(void **state)
{
    char longer[100];
    ost_err err = { 0 };

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(ost_log_enable("stor", &err), OST_EUSAGE);
    assert_string_equal(err.text,
                        "unknown debug topic 'stor' (did you mean 'store'?)");
    assert_int_equal(ost_log_enable("what", &err), OST_EUSAGE);
    assert_string_equal(err.text,
                        "unknown debug topic 'what' ('list' shows them)");
    assert_int_equal(ost_log_enable(longer, &err), OST_EUSAGE);
    assert_int_equal(ost_log_enable(",,", &err), OST_OK);
}

static void topics_can_be_listed(void **state)
{
    (void)state;
    catch_stderr();
    assert_int_equal(ost_log_enable("list", NULL), OST_OK);
    check_stderr("plan       how the workflow became steps\n"
                 "explain    why each step is a hit or a miss\n"
                 "store      transactions, blobs, leases\n"
                 "worker     messages to and from worker processes\n"
                 "stats      where the time went\n");
}

static void time_goes_forward_and_has_a_text(void **state)
{
    uint64_t a = ost_now_ns(), b = ost_now_ns();
    char text[32];

    (void)state;
    assert_true(b >= a);
    assert_true(ost_now() >= (double)b * 1e-9);
    assert_true(ost_wall_ns() > 1700000000000000000u);
    assert_string_equal(ost_wall_text(text, 1772366400999999999u),
                        "2026-03-01T12:00:00Z");
    assert_string_equal(ost_wall_text(text, 0), "1970-01-01T00:00:00Z");
}

static void element_types_have_names_and_sizes(void **state)
{
    (void)state;
    assert_int_equal(ost_dtype_size(OST_U8), 1);
    assert_int_equal(ost_dtype_size(OST_F64), 8);
    assert_int_equal(ost_dtype_size((ost_dtype)0), 0);
    assert_int_equal(ost_dtype_size((ost_dtype)99), 0);
    assert_null(ost_dtype_name((ost_dtype)0));
    assert_null(ost_dtype_name((ost_dtype)99));
    for (int t = OST_U8; t <= OST_F64; t++)
        assert_int_equal(ost_dtype_of(ost_dtype_name((ost_dtype)t)), t);
    assert_int_equal(ost_dtype_of("u9"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_silent_until_turned_on),
        cmocka_unit_test(warnings_are_always_shown),
        cmocka_unit_test(an_unknown_topic_gets_a_suggestion),
        cmocka_unit_test(topics_can_be_listed),
        cmocka_unit_test(time_goes_forward_and_has_a_text),
        cmocka_unit_test(element_types_have_names_and_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
