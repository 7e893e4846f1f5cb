/* tests/unit/test_map.c - from byte strings to integers */
/* links: base */
#include "base/map.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static void an_empty_map_finds_nothing(void **state)
{
    ost_map m = { 0 };

    (void)state;
    assert_false(ost_map_get(&m, "a", 1, NULL));
    ost_map_release(&m);
    ost_map_release(&m);
}

static void a_key_is_found_with_its_value(void **state)
{
    ost_map m = { 0 };
    uint64_t v = 0;

    (void)state;
    assert_true(ost_map_put(&m, "femur", 5, 7));
    assert_true(ost_map_get(&m, "femur", 5, &v));
    assert_int_equal(v, 7);
    assert_true(ost_map_get(&m, "femur", 5, NULL));
    assert_false(ost_map_get(&m, "femu", 4, &v));
    assert_false(ost_map_get(&m, "femurs", 6, &v));
    ost_map_release(&m);
}

static void putting_again_replaces_the_value(void **state)
{
    ost_map m = { 0 };
    uint64_t v = 0;

    (void)state;
    assert_true(ost_map_put(&m, "k", 1, 1));
    assert_false(ost_map_put(&m, "k", 1, UINT64_MAX));
    assert_true(ost_map_get(&m, "k", 1, &v));
    assert_true(v == UINT64_MAX);
    assert_int_equal(m.len, 1);
    ost_map_release(&m);
}

static void keys_are_copied_and_may_hold_any_bytes(void **state)
{
    char key[] = { 'a', 0, 'b' };
    ost_map m = { 0 };
    uint64_t v = 0;

    (void)state;
    ost_map_put(&m, key, 3, 1);
    ost_map_put(&m, key, 1, 2);
    ost_map_put(&m, key, 0, 3);
    memset(key, 'x', 3);
    assert_true(ost_map_get(&m, "a\0b", 3, &v));
    assert_int_equal(v, 1);
    assert_true(ost_map_get(&m, "a", 1, &v));
    assert_int_equal(v, 2);
    assert_true(ost_map_get(&m, "", 0, &v));
    assert_int_equal(v, 3);
    assert_true(ost_map_get(&m, NULL, 0, &v));
    ost_map_release(&m);
}

static void many_keys_are_all_found(void **state)
{
    enum { N = 50000 };
    ost_map m = { 0 };
    char key[64];
    int n;

    (void)state;
    for (int i = 0; i < N; i++) {
        n = snprintf(key, sizeof(key), "patient-%d/image-%d.png", i / 7, i);
        assert_true(ost_map_put(&m, key, (size_t)n, (uint64_t)i));
    }
    assert_int_equal(m.len, N);
    for (int i = 0; i < N; i++) {
        uint64_t v = 0;

        n = snprintf(key, sizeof(key), "patient-%d/image-%d.png", i / 7, i);
        assert_true(ost_map_get(&m, key, (size_t)n, &v));
        assert_int_equal(v, i);
    }
    assert_false(ost_map_get(&m, "patient-0", 9, NULL));
    ost_map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_finds_nothing),
        cmocka_unit_test(a_key_is_found_with_its_value),
        cmocka_unit_test(putting_again_replaces_the_value),
        cmocka_unit_test(keys_are_copied_and_may_hold_any_bytes),
        cmocka_unit_test(many_keys_are_all_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
