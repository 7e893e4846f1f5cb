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

int slices()
{
    return static_cast<int>(std::min<int64_t>(
        std::max<int64_t>(setting("OSTEON_CUDASIM_MIG", 0), 0), 7));
}

size_t device_memory(const Place &place)
{
    const size_t all =
        static_cast<size_t>(setting("OSTEON_CUDASIM_MEMORY", 4096)) << 20;

    return place.slice < 0 ? all : all / static_cast<size_t>(slices());
}

std::string device_name(const Place &place)
{
    return place.slice < 0
               ? text("CUDA stand-in %d", place.device)
               : text("CUDA stand-in %d MIG %d", place.device, place.slice);
}

void place_uuid(const Place &place, unsigned char *uuid)
{
    memcpy(uuid, "osteon standin", 14);
    uuid[14] = static_cast<unsigned char>(place.slice + 1);
    uuid[15] = static_cast<unsigned char>(place.device);
}

std::string place_uuid_text(const Place &place)
{
    unsigned char u[16];
    std::string all = place.slice < 0 ? "GPU-" : "MIG-";

    place_uuid(place, u);
    for (int i = 0; i < 16; i++)
        all += text(i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                    u[i]);
    return all;
}

namespace
{

/* The place that a word of CUDA_VISIBLE_DEVICES names. */
bool find_place(const std::string &word, Place *place)
{
    for (int i = 0; i < all_devices(); i++)
        for (int slice = -1; slice < slices(); slice++) {
            const Place here = { i, slice };
            const std::string uuid = place_uuid_text(here);
            if (word != std::to_string(i) &&
                (word.size() <= 4 || uuid.compare(0, word.size(), word) != 0))
                continue;
            *place = here;
            if (slice < 0 && slices())
                place->slice = 0;
            return true;
        }
    return false;
}

/* What the process may see, in its order. */
const std::vector<Place> &visible()
{
    static auto &all = lasting<std::vector<Place>>();
    static bool known;
    const char *given = getenv("CUDA_VISIBLE_DEVICES");

    if (known)
        return all;
    known = true;
    if (!given) {
        for (int i = 0; i < all_devices(); i++)
            all.push_back(Place{ i, slices() ? 0 : -1 });
        return all;
    }
    std::string rest = given;
    while (!rest.empty()) {
        const size_t comma = rest.find(',');
        Place place;
        if (!find_place(rest.substr(0, comma), &place))
            break; /* as CUDA does: what follows is not seen */
        all.push_back(place);
        rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    }
    return all;
}

} /* namespace */

int device_count()
{
    return static_cast<int>(visible().size());
}

const Place &visible_place(int device)
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
             device_name(visible_place(device)).c_str());
    place_uuid(visible_place(device),
               reinterpret_cast<unsigned char *>(&prop->uuid));
    prop->totalGlobalMem = device_memory(visible_place(device));
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
    prop->pciBusID = visible_place(device).device + 1;
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
             visible_place(device).device + 1);
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

    *total = device_memory(visible_place(current_device));
    *free_bytes = *total - std::min(*total, arena_used(current_device));
    return call.refused();
}

} /* extern "C" */
