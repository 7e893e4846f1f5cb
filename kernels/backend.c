/* kernels/backend.c - a device, as a table of functions */
#include "kernels/backend.h"

#include "kernels/cpu/cpu.h"

#include <string.h>

#include "base/banned.h"

/* How to add a device: one row. */
static const struct {
    const char *name;
    ost_rc (*open)(int threads, unsigned flags, ost_backend **backend,
                   ost_err *err);
    const char *(*numeric_class)(unsigned flags);
} devices[] = {
    { "cpu", ost_cpu_open, ost_cpu_numeric_class },
};

enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

ost_rc ost_backend_open(const char *name, int threads, unsigned flags,
                        ost_backend **backend, ost_err *err)
{
    for (int i = 0; i < DEVICES; i++)
        if (strcmp(devices[i].name, name) == 0)
            return devices[i].open(threads, flags, backend, err);
    return ost_fail(err, OST_EUNSUPPORTED, "no backend is called '%s'", name);
}

void ost_backend_close(ost_backend *backend)
{
    if (backend)
        backend->close(backend);
}

const char *ost_backend_numeric_class(const char *name, unsigned flags)
{
    for (int i = 0; i < DEVICES; i++)
        if (strcmp(devices[i].name, name) == 0)
            return devices[i].numeric_class(flags);
    return NULL;
}
