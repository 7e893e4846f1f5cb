/* tests/cudasim/device_calls.cc - the devices and what they say of themselves
 *
 * OSTEON_CUDASIM_DEVICES (1) devices of OSTEON_CUDASIM_MEMORY (4096) MiB, of
 * which CUDA_VISIBLE_DEVICES shows some, by number or UUID.
 */
#include "tests/cudasim/fake_devices.h"

#include <algorithm>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace cudasim
{

int all_devices()
{
    return static_cast<int>(std::min<int64_t>(
        std::max<int64_t>(setting("OSTEON_CUDASIM_DEVICES", 1), 0), 8));
}

size_t device_memory()
{
    return static_cast<size_t>(setting("OSTEON_CUDASIM_MEMORY", 4096)) << 20;
}

std::string device_name(int device)
{
    return text("CUDA stand-in %d", device);
}

void device_uuid(int device, unsigned char *uuid)
{
    memcpy(uuid, "osteon-standin-", 15);
    uuid[15] = static_cast<unsigned char>(device);
}

std::string device_uuid_text(int device)
{
    unsigned char u[16];
    std::string all = "GPU-";

    device_uuid(device, u);
    for (int i = 0; i < 16; i++)
        all += text(i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                    u[i]);
    return all;
}

/* The devices that the process may see, in its order. */
static const std::vector<int> &visible()
{
    static std::vector<int> all;
    static bool known;
    const char *given = getenv("CUDA_VISIBLE_DEVICES");

    if (known)
        return all;
    known = true;
    if (!given) {
        for (int i = 0; i < all_devices(); i++)
            all.push_back(i);
        return all;
    }
    std::string rest = given;
    while (!rest.empty()) {
        const size_t comma = rest.find(',');
        const std::string one = rest.substr(0, comma);
        int found = -1;
        for (int i = 0; i < all_devices(); i++)
            if (!one.empty() &&
                (one == std::to_string(i) ||
                 (one.size() > 4 &&
                  device_uuid_text(i).compare(0, one.size(), one) == 0)))
                found = i;
        if (found < 0)
            break; /* as CUDA does: what follows is not seen */
        all.push_back(found);
        rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    }
    return all;
}

int device_count()
{
    return static_cast<int>(visible().size());
}

int physical_device(int device)
{
    return visible()[static_cast<size_t>(device)];
}

} /* namespace cudasim */

using namespace cudasim;

static bool exists(int device)
{
    return device >= 0 && device < device_count();
}

extern "C" {

cudaError_t cudaGetDeviceCount(int *count)
{
    Call call("cudaGetDeviceCount");
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (!device_count())
        return call.give(cudaErrorNoDevice);
    *count = device_count();
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    Call call("cudaSetDevice");

    if (!exists(device))
        return call.give(cudaErrorInvalidDevice);
    current_device = device;
    return call.refused();
}

cudaError_t cudaGetDevice(int *device)
{
    Call call("cudaGetDevice");

    *device = current_device;
    return call.refused();
}

cudaError_t cudaSetDeviceFlags(unsigned)
{
    Call call("cudaSetDeviceFlags");

    return call.refused();
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device)
{
    Call call("cudaGetDeviceProperties");

    if (!exists(device))
        return call.give(cudaErrorInvalidDevice);
    memset(prop, 0, sizeof *prop);
    snprintf(prop->name, sizeof prop->name, "%s",
             device_name(physical_device(device)).c_str());
    device_uuid(physical_device(device),
                reinterpret_cast<unsigned char *>(&prop->uuid));
    prop->totalGlobalMem = device_memory();
    prop->sharedMemPerBlock = 48 << 10;
    prop->sharedMemPerBlockOptin = 227 << 10;
    prop->sharedMemPerMultiprocessor = 228 << 10;
    prop->regsPerBlock = prop->regsPerMultiprocessor = 65536;
    prop->warpSize = 32;
    prop->maxThreadsPerBlock = 1024;
    prop->maxThreadsDim[0] = prop->maxThreadsDim[1] = 1024;
    prop->maxThreadsDim[2] = 64;
    prop->maxGridSize[0] = 0x7fffffff;
    prop->maxGridSize[1] = prop->maxGridSize[2] = 65535;
    prop->totalConstMem = 65536;
    prop->major = 9;
    prop->minor = 0;
    prop->textureAlignment = 512;
    prop->multiProcessorCount = 4;
    prop->maxThreadsPerMultiProcessor = 2048;
    prop->maxBlocksPerMultiProcessor = 32;
    prop->l2CacheSize = 4 << 20;
    prop->memoryBusWidth = 512;
    prop->concurrentKernels = 1;
    prop->asyncEngineCount = 2;
    prop->unifiedAddressing = 1;
    prop->memoryPoolsSupported = 1;
    prop->canMapHostMemory = 1;
    prop->streamPrioritiesSupported = 1;
    prop->pciBusID = physical_device(device) + 1;
    return call.refused();
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute,
                                   int device)
{
    Call call("cudaDeviceGetAttribute");

    if (!exists(device))
        return call.give(cudaErrorInvalidDevice);
    switch (static_cast<int>(attribute)) {
    case cudaDevAttrMaxThreadsPerBlock:
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY:
        *value = 1024;
        break;
    case cudaDevAttrMaxBlockDimZ:
        *value = 64;
        break;
    case cudaDevAttrMaxGridDimX:
        *value = 0x7fffffff;
        break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
        *value = 65535;
        break;
    case cudaDevAttrWarpSize:
        *value = 32;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = 48 << 10;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = 227 << 10;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = 4;
        break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = 2048;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = 9;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = 0;
        break;
    case cudaDevAttrAsyncEngineCount:
        *value = 2;
        break;
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrCanMapHostMemory:
        *value = 1;
        break;
    case cudaDevAttrL2CacheSize:
        *value = 4 << 20;
        break;
    case cudaDevAttrClockRate:
        *value = 1000000;
        break;
    case cudaDevAttrGlobalMemoryBusWidth:
        *value = 512;
        break;
    default:
        die("cudaDeviceGetAttribute: the stand-in does not know attribute %d",
            static_cast<int>(attribute));
    }
    return call.refused();
}

cudaError_t cudaDeviceGetPCIBusId(char *text, int size, int device)
{
    Call call("cudaDeviceGetPCIBusId");

    if (!exists(device))
        return call.give(cudaErrorInvalidDevice);
    snprintf(text, static_cast<size_t>(size), "0000:%02x:00.0",
             physical_device(device) + 1);
    return call.refused();
}

cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest)
{
    Call call("cudaDeviceGetStreamPriorityRange");

    *least = 0;
    *greatest = -5;
    return call.refused();
}

cudaError_t cudaDeviceReset(void)
{
    Call call("cudaDeviceReset");

    if (!Call::lost())
        host_wait_all();
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    const Call call("cudaDriverGetVersion");

    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    const Call call("cudaRuntimeGetVersion");

    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    Call call("cudaMemGetInfo");

    *total = device_memory();
    *free_bytes = *total - std::min(*total, arena_used(current_device));
    return call.refused();
}

} /* extern "C" */
