/* tests/unit/test_cuda_lost.c - who asks a lost device for memory is told so */
/* links: base kernels */
/* on: cuda */
#include "tests/support/backend_case.h"

#include "base/banned.h"

static void lack_of_memory_is_told_as_a_loss(void **state)
{
    uint64_t *number;
    ost_backend *b;
    ost_err err = { 0 };

    (void)state;
    if (backend_case_is_cpu())
        skip();
    b = backend_case_open(1);
    number = b->alloc(b, sizeof(*number), "a number");
    assert_non_null(number);
    setenv("OSTEON_CUDASIM_FAIL", "device_lost:1", 1);
    assert_ok(b->set(number, 1, &err), &err);
    unsetenv("OSTEON_CUDASIM_FAIL");
    assert_int_equal(b->finish(b, NULL), OST_EDEVICE);
    assert_null(b->alloc(b, sizeof(*number), "a try"));
    assert_int_equal(ost_backend_no_memory(b, &err, "a try"), OST_EDEVICE);
    assert_int_equal(err.rc, OST_EDEVICE);
    assert_non_null(strstr(err.text, "cudaErrorLaunchFailure"));
    b->release(b, number);
    ost_backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lack_of_memory_is_told_as_a_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
