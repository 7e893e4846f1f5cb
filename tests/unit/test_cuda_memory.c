/* tests/unit/test_cuda_memory.c - memory that came back serves larger pieces,
 * and what a lack of it is told as
 */
/* links: base kernels */
/* on: cuda */
#include "tests/support/backend_case.h"

#include "base/banned.h"

enum { SMALL = 8 << 20, SMALLS = 5, LARGE = SMALL * SMALLS };
enum { CRUMB = 100, CRUMBS = 10, LOAF = 1 << 20 };

static void small_pieces_become_a_large_one(void **state)
{
    void *small[SMALLS];
    void *large;
    ost_backend *b;

    (void)state;
    if (backend_case_is_cpu())
        skip();
    setenv("OSTEON_TEST_CUDA_WORKSPACE", "1048576", 1);
    setenv("OSTEON_GPU_MEMORY", "50331648", 1); /* six small ones */
    b = backend_case_open(1);
    for (int i = 0; i < SMALLS; i++)
        assert_non_null(small[i] = b->alloc(b, SMALL, "small"));
    for (int i = 0; i < SMALLS; i++)
        b->release(b, small[i]);
    large = b->alloc(b, LARGE, "large");
    assert_non_null(large);
    assert_null(b->alloc(b, SMALL, "too much"));
    b->release(b, large);
    ost_backend_close(b);
    unsetenv("OSTEON_GPU_MEMORY");
    unsetenv("OSTEON_TEST_CUDA_WORKSPACE");
}

static void the_largest_pieces_are_named(void **state)
{
    void *crumb[CRUMBS];
    void *loaf;
    ost_backend *b;
    ost_err err = { 0 };

    (void)state;
    if (backend_case_is_cpu())
        skip();
    setenv("OSTEON_GPU_MEMORY", "2097152", 1);
    setenv("OSTEON_TEST_CUDA_WORKSPACE", "2048", 1);
    b = backend_case_open(1);
    for (int i = 0; i < CRUMBS; i++) {
        crumb[i] = b->alloc(b, CRUMB, "a crumb");
        assert_non_null(crumb[i]);
    }
    loaf = b->alloc(b, LOAF, "a loaf");
    assert_non_null(loaf);
    assert_null(b->alloc(b, LOAF, "another loaf"));
    assert_int_equal(ost_backend_no_memory(b, &err, "%d loaves", 2),
                     OST_ENOMEM);
    assert_non_null(strstr(
        err.text, "no memory for 2 loaves (1.0 MiB wanted; in use 1.0 MiB of "
                  "at most 2.0 MiB, see needs.memory; free on the device "));
    assert_non_null(strstr(err.text,
                           "; largest: a loaf 1.0 MiB, workspace of libraries "
                           "2.0 KiB, a crumb 100 bytes, "));
    assert_non_null(strstr(err.text, ", 4 more of together 400 bytes)"));
    /* What is given back serves the next one. */
    b->release(b, loaf);
    loaf = b->alloc(b, LOAF, "another loaf");
    assert_non_null(loaf);
    b->release(b, loaf);
    for (int i = 0; i < CRUMBS; i++)
        b->release(b, crumb[i]);
    ost_backend_close(b);
    unsetenv("OSTEON_TEST_CUDA_WORKSPACE");
    unsetenv("OSTEON_GPU_MEMORY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_pieces_become_a_large_one),
        cmocka_unit_test(the_largest_pieces_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
