/* tests/support/fake_nvml.c - a management library with the GPUs of one's
 * choice
 *
 * Built as libcudasim.so of a folder of its own, for tests of what the engine
 * makes of GPUs; nothing computes.  FAKE_GPUS lists them, separated by spaces:
 *
 *   gpu=UUID,MEMORY,FREE,CAPABILITY   in GB; 90 for 9.0
 *   mig=UUID,MEMORY,FREE              a slice of the GPU before it
 *   pid=PID,MEMORY                    a process on what stands before it
 *
 * FAKE_CUDA is the version of the driver (13000 by default), FAKE_INIT what
 * nvmlInit_v2() gives.
 */
#include "stages/nvml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MANY = 16 };

struct nvml_device_handle {
    char uuid[64];
    unsigned memory; /* GB */
    unsigned free;
    unsigned capability;
    struct nvml_device_handle *parent; /* of a slice */
    unsigned n_users;
    unsigned pids[MANY];
    unsigned taken[MANY];
};

static struct nvml_device_handle found[MANY];
static unsigned n_found;

#define XX(result, name, args, needed) result name args;
NVML_CALLS(XX)
#undef XX

static int number_of(const char *variable, int otherwise)
{
    const char *text = getenv(variable);

    return text ? (int)strtol(text, NULL, 10) : otherwise;
}

static void add_user(const char *word)
{
    struct nvml_device_handle *d = &found[n_found - 1];

    if (sscanf(word, "pid=%u,%u", &d->pids[d->n_users],
               &d->taken[d->n_users]) == 2)
        d->n_users++;
}

static void add_device(const char *word)
{
    struct nvml_device_handle *d = &found[n_found];

    memset(d, 0, sizeof(*d));
    if (sscanf(word, "gpu=%63[^,],%u,%u,%u", d->uuid, &d->memory, &d->free,
               &d->capability) == 4) {
        n_found++;
    } else if (sscanf(word, "mig=%63[^,],%u,%u", d->uuid, &d->memory,
                      &d->free) == 3) {
        d->parent = d - 1;
        while (d->parent->parent)
            d->parent--;
        n_found++;
    }
}

int nvmlInit_v2(void)
{
    char words[1024];
    char *rest = NULL;

    n_found = 0;
    snprintf(words, sizeof(words), "%s",
             getenv("FAKE_GPUS") ? getenv("FAKE_GPUS") : "");
    for (char *w = strtok_r(words, " ", &rest); w && n_found < MANY;
         w = strtok_r(NULL, " ", &rest)) {
        if (strncmp(w, "pid=", 4) == 0 && n_found > 0)
            add_user(w);
        else
            add_device(w);
    }
    return number_of("FAKE_INIT", NVML_SUCCESS);
}

int nvmlShutdown(void)
{
    return NVML_SUCCESS;
}

const char *nvmlErrorString(int result)
{
    return result == 9 ? "Driver Not Loaded" : "Unknown Error";
}

int nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    snprintf(version, length, "580.65");
    return NVML_SUCCESS;
}

int nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    *version = number_of("FAKE_CUDA", 13000);
    return NVML_SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = 0;
    for (unsigned i = 0; i < n_found; i++)
        *count += found[i].parent == NULL;
    return NVML_SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml_device *device)
{
    for (unsigned i = 0; i < n_found; i++) {
        *device = &found[i];
        if (!found[i].parent && index-- == 0)
            return strncmp(found[i].uuid, "HIDDEN", 6) == 0 ? NVML_NO_PERMISSION
                                                            : NVML_SUCCESS;
    }
    return NVML_NOT_FOUND;
}

int nvmlDeviceGetUUID(nvml_device device, char *uuid, unsigned length)
{
    snprintf(uuid, length, "%s", device->uuid);
    return NVML_SUCCESS;
}

int nvmlDeviceGetName(nvml_device device, char *name, unsigned length)
{
    snprintf(name, length, "Fake %uGB%s", device->memory,
             device->parent ? " MIG" : "");
    return NVML_SUCCESS;
}

int nvmlDeviceGetMemoryInfo(nvml_device device, nvml_memory *memory)
{
    memory->total = device->memory * 1000000000ull;
    memory->free = device->free * 1000000000ull;
    memory->used = memory->total - memory->free;
    return NVML_SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(nvml_device device, int *major,
                                       int *minor)
{
    *major = (int)device->capability / 10;
    *minor = (int)device->capability % 10;
    return NVML_SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(nvml_device device, unsigned *count,
                                            nvml_process *processes)
{
    unsigned room = *count;

    *count = device->n_users;
    if (room < device->n_users)
        return NVML_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < device->n_users; i++)
        processes[i] =
            (nvml_process){ .pid = device->pids[i],
                            .memory = device->taken[i]
                                          ? device->taken[i] * 1000000000ull
                                          : ~0ull };
    return NVML_SUCCESS;
}

/* A capability of 0 stands for a GPU in MIG mode without slices. */
int nvmlDeviceGetMigMode(nvml_device device, unsigned *current,
                         unsigned *pending)
{
    *current = device->capability == 0 ||
               (device + 1 < found + n_found && device[1].parent == device);
    *pending = *current;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(nvml_device device, unsigned *count)
{
    (void)device;
    *count = 7;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(nvml_device device, unsigned index,
                                        nvml_device *slice)
{
    for (unsigned i = 0; i < n_found; i++) {
        *slice = &found[i];
        if (found[i].parent == device && index-- == 0)
            return NVML_SUCCESS;
    }
    return NVML_NOT_FOUND;
}
