/* tests/unit/test_cuda_lost.c - who asks a lost device for memory is told so */
/* links: base kernels */
/* on: cuda */
#include "tests/support/backend_case.h"

#include "base/banned.h"

static ost_backend *open_or_skip(void)
{
    if (backend_case_is_cpu())
        skip();
    return backend_case_open(1);
}

static void fail_at(const char *what)
{
    setenv("OSTEON_CUDASIM_FAIL", what, 1);
}

static void lack_of_memory_is_told_as_a_loss(void **state)
{
    ost_backend *b = open_or_skip();
    uint64_t *number = b->alloc(b, sizeof(*number), "a number");
    ost_err err = { 0 };

    (void)state;
    assert_non_null(number);
    assert_null(b->alloc(b, (size_t)1 << 50, "too much"));
    assert_int_equal(ost_backend_no_memory(b, &err, "too much"), OST_ENOMEM);
    fail_at("device_lost:1");
    assert_ok(b->set(number, 1, &err), &err);
    unsetenv("OSTEON_CUDASIM_FAIL");
    assert_int_equal(b->finish(b, NULL), OST_EDEVICE);
    assert_null(b->alloc(b, sizeof(*number), "a try"));
    assert_int_equal(ost_backend_no_memory(b, &err, "a try"), OST_EDEVICE);
    assert_int_equal(err.rc, OST_EDEVICE);
    assert_non_null(strstr(err.text, "cudaErrorLaunchFailure"));
    assert_null(b->host_alloc(b, sizeof(*number)));
    err = (ost_err){ 0 };
    assert_int_equal(ost_backend_no_memory(b, &err, "a try"), OST_EDEVICE);
    assert_non_null(strstr(err.text, "cudaErrorLaunchFailure"));
    b->release(b, number);
    ost_backend_close(b);
}

/* Of the device's memory nothing is said then. */
static void lack_of_the_host_s_memory_is_told_as_that(void **state)
{
    ost_backend *b = open_or_skip();
    const void *lent;
    float v = 1;
    ost_err err = { 0 };

    (void)state;
    fail_at("malloc_host:1");
    assert_int_equal(b->lend(b, &v, sizeof(v), &lent, &err), OST_ENOMEM);
    unsetenv("OSTEON_CUDASIM_FAIL");
    assert_string_equal(err.text,
                        "no memory for numbers that go to the device or come "
                        "from it (1.0 MiB of the host's pinned memory wanted)");
    lent = device_lent(b, &v, sizeof(v));
    assert_non_null(lent);
    device_finish(b);
    ost_backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* What is lost stays lost. */
        cmocka_unit_test(lack_of_the_host_s_memory_is_told_as_that),
        cmocka_unit_test(lack_of_memory_is_told_as_a_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
