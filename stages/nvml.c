/* stages/nvml.c - the calls of NVIDIA's management library that we make */
#include "stages/nvml.h"

#include "base/alloc.h"
#include "stages/devices.h"

#include <dlfcn.h>
#include <string.h>

#include "base/banned.h"

static void *open_library(char **name)
{
    const char *standin = ost_gpu_standin();

    *name = standin ? ost_xprintf("%s/libcudasim.so", standin)
                    : ost_xstrdup("libnvidia-ml.so.1");
    return dlopen(*name, RTLD_NOW | RTLD_LOCAL);
}

/* The name of the first call that is missing, or NULL. */
static const char *bind_calls(nvml_library *nvml)
{
    const char *missing = NULL;
    void *found;

#define XX(result, name, args, needed)               \
    found = dlsym(nvml->handle, #name);              \
    memcpy(&nvml->name, &found, sizeof(nvml->name)); \
    if (!found && (needed) && !missing)              \
        missing = #name;
    NVML_CALLS(XX)
#undef XX
    return missing;
}

ost_rc ost_nvml_open(nvml_library *nvml, ost_err *err)
{
    const char *missing;
    ost_rc rc = OST_OK;
    char *name;
    int result;

    *nvml = (nvml_library){ .handle = open_library(&name) };
    if (!nvml->handle) {
        rc = ost_fail(err, OST_EUNSUPPORTED, "%s not found", name);
        goto out;
    }
    missing = bind_calls(nvml);
    if (missing) {
        rc = ost_fail(err, OST_EUNSUPPORTED,
                      "%s has no %s: the driver is too "
                      "old",
                      name, missing);
        goto out;
    }
    result = nvml->nvmlInit_v2();
    if (result != NVML_SUCCESS)
        rc = ost_fail(err, OST_EUNSUPPORTED, "%s: %s", name,
                      nvml->nvmlErrorString(result));
    nvml->initialized = !rc;
out:
    ost_free(name);
    return rc;
}

void ost_nvml_close(nvml_library *nvml)
{
    if (nvml->initialized)
        nvml->nvmlShutdown();
    if (nvml->handle)
        dlclose(nvml->handle);
    *nvml = (nvml_library){ 0 };
}
