/* tests/cudasim/nvml_calls.cc - the devices as NVIDIA's management library
 * tells of them
 *
 * OSTEON_CUDASIM_MIG=n cuts each device into n slices.  Processes that use a
 * device are those that OSTEON_CUDASIM_PROCESSES=device:pid:MiB,... names.
 */
#include "tests/cudasim/fake_devices.h"

extern "C" {
#include "stages/nvml.h"
#define XX(result, name, args, needed) result name args;
NVML_CALLS(XX)
#undef XX
}

#include <algorithm>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

using namespace cudasim;

namespace
{

enum { INVALID_ARGUMENT = 2, UNINITIALIZED = 1 };

int initialized;

/* A handle is the address of the number of its place. */
Place places[64];

Place *place_of(nvml_device device)
{
    return reinterpret_cast<Place *>(device);
}

nvml_device handle_of(int device, int slice)
{
    Place *place = &places[device * 8 + slice + 1];

    *place = Place{ device, slice };
    return reinterpret_cast<nvml_device>(place);
}

int put(char *to, unsigned length, const std::string &from)
{
    if (from.size() + 1 > length)
        return NVML_INSUFFICIENT_SIZE;
    memcpy(to, from.c_str(), from.size() + 1);
    return NVML_SUCCESS;
}

struct Process {
    int device;
    unsigned pid;
    unsigned long long mib;
};

std::vector<Process> processes(int device)
{
    std::vector<Process> all;
    const char *rest = getenv("OSTEON_CUDASIM_PROCESSES");

    while (rest && *rest) {
        Process one = {};
        if (sscanf(rest, "%d:%u:%llu", &one.device, &one.pid, &one.mib) == 3 &&
            one.device == device)
            all.push_back(one);
        rest = strchr(rest, ',');
        rest = rest ? rest + 1 : nullptr;
    }
    return all;
}

} /* namespace */

extern "C" {

int nvmlInit_v2(void)
{
    initialized++;
    return NVML_SUCCESS;
}

int nvmlShutdown(void)
{
    if (!initialized)
        return UNINITIALIZED;
    initialized--;
    return NVML_SUCCESS;
}

const char *nvmlErrorString(int result)
{
    switch (result) {
    case NVML_SUCCESS:
        return "Success";
    case UNINITIALIZED:
        return "Uninitialized";
    case INVALID_ARGUMENT:
        return "Invalid Argument";
    case NVML_NOT_SUPPORTED:
        return "Not Supported";
    case NVML_NO_PERMISSION:
        return "Insufficient Permissions";
    case NVML_NOT_FOUND:
        return "Not Found";
    case NVML_INSUFFICIENT_SIZE:
        return "Insufficient Size";
    }
    return "Unknown Error";
}

int nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    return put(version, length, "stand-in");
}

int nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    *version = CUDART_VERSION;
    return NVML_SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    if (!initialized)
        return UNINITIALIZED;
    *count = static_cast<unsigned>(all_devices());
    return NVML_SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml_device *device)
{
    if (!initialized)
        return UNINITIALIZED;
    if (index >= static_cast<unsigned>(all_devices()))
        return INVALID_ARGUMENT;
    *device = handle_of(static_cast<int>(index), -1);
    return NVML_SUCCESS;
}

int nvmlDeviceGetUUID(nvml_device device, char *uuid, unsigned length)
{
    return put(uuid, length, place_uuid_text(*place_of(device)));
}

int nvmlDeviceGetName(nvml_device device, char *name, unsigned length)
{
    return put(name, length, device_name(*place_of(device)));
}

int nvmlDeviceGetMemoryInfo(nvml_device device, nvml_memory *memory)
{
    const Place &place = *place_of(device);

    memory->total = device_memory(place);
    memory->used = 0;
    for (const Process &one : processes(place.device))
        if (place.slice <= 0)
            memory->used += one.mib << 20;
    memory->used = std::min(memory->used, memory->total);
    memory->free = memory->total - memory->used;
    return NVML_SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(nvml_device, int *major, int *minor)
{
    *major = 9;
    *minor = 0;
    return NVML_SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(nvml_device device, unsigned *count,
                                            nvml_process *told)
{
    const Place &place = *place_of(device);
    std::vector<Process> all;
    const unsigned room = *count;

    if (place.slice <= 0)
        all = processes(place.device);
    *count = static_cast<unsigned>(all.size());
    if (all.size() > room)
        return NVML_INSUFFICIENT_SIZE;
    for (size_t i = 0; i < all.size(); i++)
        told[i] = nvml_process{ all[i].pid, all[i].mib << 20, ~0u, ~0u };
    return NVML_SUCCESS;
}

int nvmlDeviceGetMigMode(nvml_device, unsigned *current, unsigned *pending)
{
    if (!slices())
        return NVML_NOT_SUPPORTED;
    *current = *pending = 1;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(nvml_device, unsigned *count)
{
    *count = slices() ? 7 : 0;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(nvml_device device, unsigned index,
                                        nvml_device *slice)
{
    if (index >= static_cast<unsigned>(slices()))
        return NVML_NOT_FOUND;
    *slice = handle_of(place_of(device)->device, static_cast<int>(index));
    return NVML_SUCCESS;
}

} /* extern "C" */
