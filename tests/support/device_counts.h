/* tests/support/device_counts.h - what the stand-in for CUDA has counted */
#ifndef OST_TESTS_SUPPORT_DEVICE_COUNTS_H
#define OST_TESTS_SUPPORT_DEVICE_COUNTS_H

#include "base/alloc.h"
#include "base/fs.h"
#include "tests/cudasim/counters.h"
#include "tests/support/check.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Until now; a backend of the stand-in has been opened before. */
static inline cudasim_counts device_counts(void)
{
    typedef const cudasim_counts *counters_fn(void);
    const char *folder = getenv("OSTEON_CUDASIM");
    char *path = ost_path_join(folder ? folder : ".", "libcudasim.so");
    void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    void *found = library ? dlsym(library, "cudasim_counters") : NULL;
    counters_fn *counters = NULL;

    if (!found)
        fail_msg("%s has no counters, or is not open", path);
    memcpy(&counters, &found, sizeof(counters));
    dlclose(library);
    ost_free(path);
    return *counters();
}

#define CUDASIM_MINUS(name) .name = now.name - before.name,

/* What was counted since `before`. */
static inline cudasim_counts device_counts_since(cudasim_counts before)
{
    cudasim_counts now = device_counts();

    return (cudasim_counts){ CUDASIM_COUNTERS(CUDASIM_MINUS) };
}

#endif
