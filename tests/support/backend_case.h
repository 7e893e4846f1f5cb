/* tests/support/backend_case.h - tests that run on every device
 *
 * A test whose first lines have "on: cpu cuda" is run on the CPU, and once more
 * as cuda.NAME where the stand-in for CUDA is built, with OSTEON_TEST_BACKEND
 * set to "cuda".  It opens its backend with backend_case_open(), keeps numbers
 * in memory of its own and copies them to and from the device's.  What it
 * expects to a rounding, it expects to backend_tolerance(); what is about the
 * CPU alone begins with cpu_alone().
 */
#ifndef OST_TESTS_SUPPORT_BACKEND_CASE_H
#define OST_TESTS_SUPPORT_BACKEND_CASE_H

#include "base/alloc.h"
#include "kernels/backend.h"
#include "kernels/tensor.h"
#include "tests/support/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* "cpu" or "cuda" */
static inline const char *backend_case_name(void)
{
    const char *name = getenv("OSTEON_TEST_BACKEND");

    return name && *name ? name : "cpu";
}

static inline bool backend_case_is_cpu(void)
{
    return strcmp(backend_case_name(), "cpu") == 0;
}

/* For step messages. */
static inline const char *backend_case_numeric(void)
{
    return backend_case_is_cpu() ? "cpu" : "sim-f32";
}

/* Caller closes with ost_backend_close(). */
static inline ost_backend *backend_case_open(int threads)
{
    ost_backend *backend = NULL;
    ost_err err = { 0 };

    if (ost_backend_open(backend_case_name(), threads, &backend, &err))
        fail_msg("%s", err.text);
    return backend;
}

/* Leaves the test out where it is not the CPU that is looked at. */
static inline void cpu_alone(void)
{
    if (!backend_case_is_cpu())
        skip();
}

/* How far from the truth numbers may be, in parts of the largest: of the CPU,
 * or of a device that adds up in another order. */
static inline double backend_tolerance(double cpu, double other)
{
    return backend_case_is_cpu() ? cpu : other;
}

/* --- numbers of the device ------------------------------------------------ */

static inline void device_put(ost_backend *backend, float *to, const float *v,
                              int64_t count)
{
    ost_err err = { 0 };

    assert_ok(backend->write(backend, to, v, (size_t)count * sizeof(*v), &err),
              &err);
}

static inline void device_get(ost_backend *backend, const float *from, float *v,
                              int64_t count)
{
    ost_err err = { 0 };

    assert_ok(backend->read(backend, v, from, (size_t)count * sizeof(*v), &err),
              &err);
}

/* All numbers of a contiguous tensor of the device. */
static inline void device_fill(ost_backend *backend, const ost_tensor *to,
                               const float *v)
{
    device_put(backend, to->data, v, ost_tensor_count(to));
}

/* A copy of them; caller frees with ost_free(). */
static inline float *device_numbers(ost_backend *backend, const ost_tensor *t)
{
    int64_t count = ost_tensor_count(t);
    float *v = ost_xalloc((size_t)(count + 1) * sizeof(*v));

    device_get(backend, t->data, v, count);
    return v;
}

/* Memory of the device with these numbers, or zeros (NULL); caller gives it
 * back with backend->release(). */
static inline float *device_floats(ost_backend *backend, const float *v,
                                   int64_t count)
{
    float *data =
        backend->alloc(backend, (size_t)count * sizeof(*data), "test");

    assert_non_null(data);
    if (v)
        device_put(backend, data, v, count);
    return data;
}

/* Memory of the host as operators of the device read it, until
 * device_finish(). */
static inline const void *device_lent(ost_backend *backend, const void *host,
                                      size_t bytes)
{
    const void *lent = NULL;
    ost_err err = { 0 };

    assert_ok(backend->lend(backend, host, bytes, &lent, &err), &err);
    return lent;
}

/* Losses are there after it. */
static inline void device_finish(ost_backend *backend)
{
    ost_err err = { 0 };

    assert_ok(backend->finish(backend, &err), &err);
}

#endif
