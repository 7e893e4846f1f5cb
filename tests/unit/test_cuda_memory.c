/* tests/unit/test_cuda_memory.c - memory that came back serves larger pieces */
/* links: base kernels */
/* on: cuda */
#include "tests/support/backend_case.h"

#include "base/banned.h"

enum { SMALL = 8 << 20, SMALLS = 5, LARGE = SMALL * SMALLS };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_pieces_become_a_large_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
