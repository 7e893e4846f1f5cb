/* tests/unit/test_fault.c - calls that fail on demand */
/* links: base */
#include "base/fault.h"
#include "tests/support/check.h"

#include <stdlib.h>

#include "base/banned.h"

static void with_faults(const char *text)
{
    if (text)
        setenv("OSTEON_FAULT", text, 1);
    else
        unsetenv("OSTEON_FAULT");
    ost_fault_reload();
}

static void nothing_fails_without_being_asked(void **state)
{
    (void)state;
    with_faults(NULL);
    for (int i = 0; i < 10; i++)
        assert_false(ost_fault("alloc"));
}

static void the_nth_pass_fails_once(void **state)
{
    (void)state;
    with_faults("alloc:3");
    assert_false(ost_fault("alloc"));
    assert_false(ost_fault("alloc"));
    assert_true(ost_fault("alloc"));
    assert_false(ost_fault("alloc"));
    assert_false(ost_fault("allo"));
}

static void with_a_plus_every_later_pass_fails(void **state)
{
    (void)state;
    with_faults("blob.write:2+");
    assert_false(ost_fault("blob.write"));
    for (int i = 0; i < 5; i++)
        assert_true(ost_fault("blob.write"));
}

static void points_are_counted_apart(void **state)
{
    (void)state;
    with_faults("a:1,b:2,,b:3");
    assert_false(ost_fault("b"));
    assert_true(ost_fault("a"));
    assert_true(ost_fault("b"));
    assert_true(ost_fault("b"));
    assert_false(ost_fault("b"));
    assert_false(ost_fault("a"));
}

static void reloading_counts_from_the_start(void **state)
{
    (void)state;
    with_faults("a:2");
    assert_false(ost_fault("a"));
    with_faults("a:2");
    assert_false(ost_fault("a"));
    assert_true(ost_fault("a"));
}

static void what_is_malformed_names_no_point(void **state)
{
    (void)state;
    with_faults("a,a:,:1,a:0,a:-1,a:x,a:+,a:99999999999999999999999999999");
    for (int i = 0; i < 5; i++)
        assert_false(ost_fault("a"));
    with_faults(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails_without_being_asked),
        cmocka_unit_test(the_nth_pass_fails_once),
        cmocka_unit_test(with_a_plus_every_later_pass_fails),
        cmocka_unit_test(points_are_counted_apart),
        cmocka_unit_test(reloading_counts_from_the_start),
        cmocka_unit_test(what_is_malformed_names_no_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
