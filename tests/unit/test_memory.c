/* tests/unit/test_memory.c - allocation, arenas and growing arrays */
/* links: base */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/vec.h"
#include "tests/support/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static bool all_zero(const void *p, size_t n)
{
    const unsigned char *bytes = p;

    for (size_t i = 0; i < n; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

static void memory_comes_zeroed(void **state)
{
    void *a = ost_xalloc(1000), *b = ost_try_alloc(10, 100);

    (void)state;
    assert_true(all_zero(a, 1000));
    assert_non_null(b);
    assert_true(all_zero(b, 1000));
    ost_free(a);
    ost_free(b);
    ost_free(NULL);
}

static void nothing_is_a_pointer_too(void **state)
{
    void *a = ost_xalloc(0), *b = ost_try_alloc(0, 8);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    ost_free(a);
    ost_free(b);
}

static void a_product_that_overflows_is_refused(void **state)
{
    (void)state;
    assert_null(ost_try_alloc(SIZE_MAX / 2, 3));
    assert_null(ost_try_alloc(SIZE_MAX, 1));
    assert_null(ost_try_alloc_aligned(SIZE_MAX / 2, 3));
    assert_null(ost_try_alloc_aligned(SIZE_MAX - 8, 1));
}

static void aligned_memory_is_aligned(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n += 37) {
        unsigned char *p = ost_try_alloc_aligned(n, 1);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 1, n);
        ost_free(p);
    }
}

static void allocations_fail_on_demand(void **state)
{
    void *p;

    (void)state;
    setenv("OSTEON_FAULT", "alloc:2", 1);
    ost_fault_reload();
    p = ost_try_alloc(1, 8);
    assert_non_null(p);
    ost_free(p);
    assert_null(ost_try_alloc_aligned(1, 8));
    p = ost_try_alloc(1, 8);
    assert_non_null(p);
    ost_free(p);
    unsetenv("OSTEON_FAULT");
    ost_fault_reload();
}

static void strings_are_copied_and_printed(void **state)
{
    char *a = ost_xstrdup("bone"), *b = ost_xstrndup("bones", 4);
    char *c = ost_xstrndup("bone", 99), *d = ost_xprintf("%s-%d", a, 7);

    (void)state;
    assert_string_equal(a, "bone");
    assert_string_equal(b, "bone");
    assert_string_equal(c, "bone");
    assert_string_equal(d, "bone-7");
    ost_free(a);
    ost_free(b);
    ost_free(c);
    ost_free(d);
}

static void an_arena_hands_out_aligned_zeroed_memory(void **state)
{
    ost_arena a = { 0 };

    (void)state;
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = ost_arena_alloc(&a, n);

        assert_int_equal((uintptr_t)p % 16, 0);
        assert_true(all_zero(p, n));
        memset(p, 0xee, n);
    }
    ost_arena_release(&a);
    ost_arena_release(&a);
}

static void pieces_of_an_arena_do_not_overlap(void **state)
{
    enum { PIECES = 2000 };
    static unsigned char *piece[PIECES];
    ost_arena a = { 0 };

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        size_t n = i % 100 == 99 ? 50000 : i % 50 + 1;

        piece[i] = ost_arena_alloc(&a, n);
        memset(piece[i], (int)(i % 251), n);
    }
    for (size_t i = 0; i < PIECES; i++) {
        size_t n = i % 100 == 99 ? 50000 : i % 50 + 1;

        for (size_t k = 0; k < n; k++)
            assert_int_equal(piece[i][k], i % 251);
    }
    ost_arena_release(&a);
}

static void a_reset_arena_is_empty_and_clean_again(void **state)
{
    ost_arena a = { 0 };

    (void)state;
    ost_arena_reset(&a);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 100; i++) {
            unsigned char *p = ost_arena_alloc(&a, 5000);

            assert_true(all_zero(p, 5000));
            memset(p, 0xee, 5000);
        }
        assert_true(a.used >= 500000);
        ost_arena_reset(&a);
        assert_int_equal(a.used, 0);
    }
    ost_arena_release(&a);
}

static void an_arena_copies_strings(void **state)
{
    ost_arena a = { 0 };
    const int numbers[] = { 1, 2, 3 };
    int *copy = ost_arena_copy(&a, numbers, sizeof(numbers));

    (void)state;
    assert_memory_equal(copy, numbers, sizeof(numbers));
    assert_non_null(ost_arena_copy(&a, NULL, 0));
    assert_string_equal(ost_arena_strdup(&a, "tibia"), "tibia");
    assert_string_equal(ost_arena_strndup(&a, "tibia", 3), "tib");
    assert_string_equal(ost_arena_printf(&a, "%05d|%s", 42, "x"), "00042|x");
    assert_string_equal(ost_arena_printf(&a, "%s", ""), "");
    ost_arena_release(&a);
}

typedef struct {
    int a;
    double b;
} pair;

static void arrays_grow_and_keep_their_elements(void **state)
{
    OST_VEC(pair) v = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++)
        ost_vec_push(&v, (pair){ i, i * 0.5 });
    assert_int_equal(v.len, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(v.data[i].a, i);
        assert_true(v.data[i].b == i * 0.5);
    }
    ost_vec_reserve(&v, 5000);
    assert_true(v.cap >= 5000);
    assert_int_equal(v.len, 1000);
    ost_vec_release(&v);
    assert_null(v.data);
    assert_int_equal(v.len + v.cap, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_zeroed),
        cmocka_unit_test(nothing_is_a_pointer_too),
        cmocka_unit_test(a_product_that_overflows_is_refused),
        cmocka_unit_test(aligned_memory_is_aligned),
        cmocka_unit_test(allocations_fail_on_demand),
        cmocka_unit_test(strings_are_copied_and_printed),
        cmocka_unit_test(an_arena_hands_out_aligned_zeroed_memory),
        cmocka_unit_test(pieces_of_an_arena_do_not_overlap),
        cmocka_unit_test(a_reset_arena_is_empty_and_clean_again),
        cmocka_unit_test(an_arena_copies_strings),
        cmocka_unit_test(arrays_grow_and_keep_their_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
