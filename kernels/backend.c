/* kernels/backend.c - a device, as a table of functions */
#include "kernels/backend.h"

#include "base/text.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cuda_plugin.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

/* How to add a device: one row. */
static const struct {
    const char *name; /* what its numeric classes begin with */
    ost_rc (*open)(const char *numeric_class, int threads,
                   ost_backend **backend, ost_err *err);
} devices[] = {
    { "cpu", ost_cpu_open },
    { "cuda", ost_cuda_plugin_open },
    { "sim", ost_cuda_plugin_open },
};

ost_rc ost_backend_open(const char *numeric_class, int threads,
                        ost_backend **backend, ost_err *err)
{
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
        if (ost_starts_with(numeric_class, devices[i].name))
            return devices[i].open(numeric_class, threads, backend, err);
    return ost_fail(err, OST_EUNSUPPORTED, "no backend computes '%s'",
                    numeric_class);
}

void ost_backend_close(ost_backend *backend)
{
    if (backend)
        backend->close(backend);
}

void ost_backend_enter(ost_backend *backend, const char *what)
{
    if (backend->enter)
        backend->enter(backend, what);
}

void ost_backend_leave(ost_backend *backend)
{
    if (backend->leave)
        backend->leave(backend);
}

ost_rc ost_backend_no_memory(ost_backend *backend, ost_err *err,
                             const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    ost_fail(err, OST_ENOMEM, "no memory for %s", text);
    if (backend->explain_memory && err)
        backend->explain_memory(backend, err);
    return err ? err->rc : OST_ENOMEM;
}
