/* kernels/cuda_plugin.c - the CUDA backend, opened on use */
#include "kernels/cuda_plugin.h"

#include "base/alloc.h"
#include "base/proc.h"
#include "base/text.h"
#include "kernels/tuning.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Caller frees. */
static char *library_path(const char *standin)
{
    char *folder;
    char *path;

    if (standin)
        return ost_xprintf("%s/libosteon_cudasim.so", standin);
    folder = ost_proc_self_dir();
    path = ost_xprintf("%s/libosteon_cuda.so", folder ? folder : ".");
    ost_free(folder);
    return path;
}

ost_rc ost_cuda_plugin_open(const char *numeric_class, int threads,
                            ost_backend **backend, ost_err *err)
{
    const char *standin = getenv("OSTEON_CUDASIM");
    char *path = library_path(standin);
    ost_cuda_open_fn *open = NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *found = library ? dlsym(library, "ost_cuda_open") : NULL;
    ost_rc rc;

    (void)threads;
    ost_tuning_close();
    memcpy(&open, &found, sizeof(open));
    if (open)
        rc = open(numeric_class, backend, err);
    else
        rc = ost_fail(err, OST_EUNSUPPORTED, "cannot open the %s: %s",
                      standin ? "CUDA stand-in" : "CUDA backend", dlerror());
    if (!rc && strcmp(numeric_class, "cuda") != 0 &&
        strcmp(numeric_class, (*backend)->numeric_class) != 0) {
        rc = ost_fail(
            err, OST_EUNSUPPORTED, "'%s' was asked for, %s '%s'", numeric_class,
            standin ? "the CUDA stand-in computes" : "this device computes",
            (*backend)->numeric_class);
        ost_backend_close(*backend);
        *backend = NULL;
    }
    ost_free(path);
    return rc;
}
