/* tests/unit/test_cuda_visit.c - image operators of a GPU that fails on the way
 *
 * The stand-in fails the first, the second, ... call of a kind, until none of
 * an operator's is left.  The operator says so, gives everything back, and the
 * next one is as if nothing had been.
 */
/* links: base kernels */
/* on: cuda */
#include "base/alloc.h"
#include "kernels/connected.h"
#include "kernels/cpu/cpu.h"
#include "tests/support/image_case.h"
#include "tests/support/image_ops.h"

#include <pthread.h>
#include <stdio.h>

#include "base/banned.h"

enum { SIDE = 40, CALLS = 64 };

static image_case in, out;

/* Without what hangs on chance: the same image for all. */
static void draw(ost_dtype dtype)
{
    ost_rng r = ost_rng_of(7, 11);

    image_case_make(&r, dtype, SIDE, SIDE, 1, &in);
    image_case_make(&r, OST_U8, SIDE, SIDE, 1, &out);
}

/* ---- operators that come to the right result, or fail ---- */

static ost_rc find_edges(ost_err *err)
{
    ost_canny_spec spec = { 40, 120, 3, false };
    ost_rc rc;

    draw(OST_U8);
    rc = images()->canny(&in.view, &spec, &out.view, err);
    if (rc)
        return rc;
    assert_ok(ost_cpu_canny(&in.packed, &spec, &out.packed, err), err);
    assert_true(image_case_agrees(&out));
    return OST_OK;
}

static ost_rc find_components(ost_err *err)
{
    ost_components found, right;
    ost_rc rc;

    draw(OST_U8);
    rc = images()->components(&in.view, OST_COMPONENTS_ZEROS, &found, err);
    if (rc) {
        assert_null(found.runs);
        return rc;
    }
    assert_ok(ost_cpu_components(&in.packed, OST_COMPONENTS_ZEROS, &right, err),
              err);
    assert_int_equal(found.count, right.count);
    ost_components_release(&found);
    ost_components_release(&right);
    return OST_OK;
}

static ost_rc find_percentile(ost_err *err)
{
    const double percent = 70.0;
    double found, right;
    ost_rc rc;

    draw(OST_F32);
    rc = images()->percentiles(&in.view, &percent, 1, &found, err);
    if (rc)
        return rc;
    assert_ok(ost_cpu_percentiles(&in.packed, &percent, 1, &right, err), err);
    assert_memory_equal(&found, &right, sizeof(right));
    return OST_OK;
}

/* ---- failures ---- */

/* Lets the n-th call of `kind` fail in one use after another; how often that
 * was before a use had fewer.  The stand-in counts on: `before` is how many
 * calls of the kind it has seen while it was to fail one. */
static int fail_each(const char *kind, int *before, ost_rc expected,
                     ost_rc (*use)(ost_err *))
{
    char text[64];

    for (int n = 1; n < CALLS; n++) {
        ost_err err = { 0 };
        ost_rc rc;

        snprintf(text, sizeof(text), "%s:%d", kind, *before + n);
        setenv("OSTEON_CUDASIM_FAIL", text, 1);
        rc = use(&err);
        unsetenv("OSTEON_CUDASIM_FAIL");
        if (rc == OST_OK) {
            *before += n - 1;
            return n - 1;
        }
        /* Memory that cannot be cleared is none. */
        assert_true(rc == expected || rc == OST_ENOMEM);
        assert_true(err.text[0] != '\0');
        *before += n;
        assert_ok(use(&err), &err);
    }
    return CALLS;
}

static void operators_outlive_a_failed(const char *kind, ost_rc expected)
{
    ost_rc (*const uses[])(ost_err *) = { find_edges, find_components,
                                          find_percentile };
    int before = 0;

    if (backend_case_is_cpu())
        skip();
    (void)images();
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
        assert_in_range(fail_each(kind, &before, expected, uses[i]), 1,
                        CALLS - 1);
}

static void operators_outlive_a_lack_of_memory(void **state)
{
    (void)state;
    operators_outlive_a_failed("malloc", OST_ENOMEM);
}

static void operators_outlive_a_failed_launch(void **state)
{
    (void)state;
    operators_outlive_a_failed("launch", OST_EFAIL);
}

static void operators_outlive_a_failed_copy(void **state)
{
    (void)state;
    operators_outlive_a_failed("copy", OST_EDEVICE);
}

/* ---- several threads ---- */

enum { THREADS = 4, ROUNDS = 10 };

/* What one thread works on; `wrong` counts what was not right. */
typedef struct worker {
    image_case in;
    image_case out;
    int wrong;
} worker;

static worker workers[THREADS];

static void *work(void *user)
{
    const ost_canny_spec spec = { 30, 90, 3, false };
    worker *w = user;

    for (int i = 0; i < ROUNDS; i++) {
        memset(w->out.view_data, IMAGE_AROUND, sizeof(w->out.view_data));
        if (images()->canny(&w->in.view, &spec, &w->out.view, NULL) ||
            !image_case_agrees(&w->out))
            w->wrong++;
    }
    return NULL;
}

static void operators_come_from_several_threads(void **state)
{
    const ost_canny_spec spec = { 30, 90, 3, false };
    pthread_t thread[THREADS];
    ost_err err = { 0 };

    (void)state;
    (void)images();
    for (int i = 0; i < THREADS; i++) {
        ost_rng r = ost_rng_of((uint64_t)i, 3);
        worker *w = &workers[i];

        image_case_make(&r, OST_U8, SIDE + i, SIDE - i, 1, &w->in);
        image_case_make(&r, OST_U8, SIDE + i, SIDE - i, 1, &w->out);
        memset(w->out.kept, IMAGE_AROUND, sizeof(w->out.kept));
        assert_ok(ost_cpu_canny(&w->in.packed, &spec, &w->out.packed, &err),
                  &err);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, &workers[i]),
                         0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_outlive_a_lack_of_memory),
        cmocka_unit_test(operators_outlive_a_failed_launch),
        cmocka_unit_test(operators_outlive_a_failed_copy),
        cmocka_unit_test(operators_come_from_several_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
