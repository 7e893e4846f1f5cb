/* tests/cudasim/memory_calls.cc - device memory, its pools, and pinned memory
 *
 * Memory of a pool belongs to a place in the order of a stream.  It counts as
 * given back when the host asks for that, and is gone when the stream gets
 * there.
 */
#include "tests/cudasim/fake_devices.h"

#include <algorithm>
#include <set>
#include <stdlib.h>
#include <string.h>

namespace cudasim
{

namespace
{

struct Pool {
    int device = 0;
    size_t most = 0; /* 0: as much as the device has */
    uint64_t threshold = 0, used = 0, high = 0, reserved = 0, reserved_high = 0;
    uint64_t largest = 0; /* piece that came back since the last trimming */
    bool own = true;
};

auto &pools = lasting<std::map<int, Pool *>>(); /* the default ones */
size_t leaving;        /* bytes that streams have still to give back */
bool lacking, trimmed; /* after a failure on demand, trimming is vain */

Pool *default_pool(int device)
{
    Pool *&pool = pools[device];

    if (!pool) {
        pool = new Pool;
        pool->device = device;
        pool->own = false;
    }
    return pool;
}

bool fits(int device, size_t bytes)
{
    const size_t used = arena_used(device);
    const size_t all = device_memory(visible_place(device));

    return bytes <= all && used - std::min(leaving, used) <= all - bytes;
}

/* What a pool keeps serves pieces that are not larger than one of it; for
 * others it has to grow. */
bool grows(Pool *pool, size_t bytes)
{
    const size_t all = device_memory(visible_place(pool->device));
    const size_t most = pool->most ? std::min(pool->most, all) : all;

    if (bytes > pool->largest) {
        if (pool->reserved + bytes > most)
            return false;
        pool->reserved += bytes;
    }
    return pool->used + bytes <= most;
}

cudaError_t take(Call *call, void **memory, size_t bytes, Pool *pool)
{
    cudaError_t error = call->refused();

    if (error)
        return error;
    const bool again = lacking && trimmed;
    lacking = trimmed = false;
    if (again)
        return call->give(cudaErrorMemoryAllocation);
    if (injected("malloc")) {
        lacking = true;
        return call->give(cudaErrorMemoryAllocation);
    }
    const int device = pool ? pool->device : current_device;
    if (!fits(device, bytes) ||
        (pool && pool->own && bytes && !grows(pool, bytes)))
        return call->give(cudaErrorMemoryAllocation);
    if (!bytes) {
        *memory = nullptr;
        return cudaSuccess;
    }
    *memory = arena_take(device, bytes, pool, call->name());
    if (pool) {
        pool->used += bytes;
        pool->high = std::max(pool->high, pool->used);
        pool->reserved = std::max(pool->reserved, pool->used);
        pool->reserved_high = std::max(pool->reserved_high, pool->reserved);
    }
    return cudaSuccess;
}

void come_back(Pool *pool, size_t bytes)
{
    pool->used -= bytes;
    pool->largest = std::max<uint64_t>(pool->largest, bytes);
}

Allocation *to_be_freed(void *memory, const char *name)
{
    Allocation *one = arena_find(memory);

    if (!one || one->start != memory || one->freed)
        die("%s is given what is no allocation, or freed already: %s", name,
            describe(memory).c_str());
    return one;
}

Pool *pool_of(cudaMemPool_t handle, const char *call)
{
    Pool *pool = reinterpret_cast<Pool *>(handle);

    if (pool && !pool->own && pools[pool->device] == pool)
        return pool;
    handle_check(pool, "memory pool", call);
    return pool;
}

} /* namespace */

} /* namespace cudasim */

using namespace cudasim;

extern "C" {

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    Call call("cudaMalloc");

    if (forbidden_in_capture("cudaMalloc"))
        return call.give(cudaErrorStreamCaptureUnsupported);
    return take(&call, memory, bytes, nullptr);
}

cudaError_t cudaFree(void *memory)
{
    Call call("cudaFree");
    const cudaError_t error = Call::lost() ? call.refused() : cudaSuccess;

    if (!memory)
        return error;
    if (forbidden_in_capture("cudaFree"))
        return call.give(cudaErrorStreamCaptureUnsupported);
    Allocation *one = to_be_freed(memory, "cudaFree");
    if (!error)
        host_wait_all();
    if (one->pool)
        come_back(static_cast<Pool *>(one->pool), one->bytes);
    arena_give(one->start);
    return call.give(error);
}

cudaError_t cudaMallocFromPoolAsync(void **memory, size_t bytes,
                                    cudaMemPool_t pool, cudaStream_t stream)
{
    Call call("cudaMallocFromPoolAsync", true);

    device_of(stream);
    if (is_capturing(stream))
        return call.give(cudaErrorStreamCaptureUnsupported);
    const cudaError_t error =
        take(&call, memory, bytes, pool_of(pool, "cudaMallocFromPoolAsync"));
    if (error || !*memory)
        return error;
    Operation operation;
    operation.name = "cudaMallocFromPoolAsync";
    return call.give(submit(stream, std::move(operation)));
}

cudaError_t cudaMallocAsync(void **memory, size_t bytes, cudaStream_t stream)
{
    return cudaMallocFromPoolAsync(
        memory, bytes,
        reinterpret_cast<cudaMemPool_t>(default_pool(current_device)), stream);
}

cudaError_t cudaFreeAsync(void *memory, cudaStream_t stream)
{
    Call call("cudaFreeAsync", !Call::lost());
    const cudaError_t error = call.refused();

    if (!memory)
        return error;
    if (is_capturing(stream))
        return call.give(cudaErrorStreamCaptureUnsupported);
    Allocation *one = to_be_freed(memory, "cudaFreeAsync");
    if (one->pool)
        come_back(static_cast<Pool *>(one->pool), one->bytes);
    if (error) {
        arena_give(one->start);
        return error;
    }
    one->freed = true;
    const size_t bytes = one->bytes;
    leaving += bytes;
    Operation operation;
    operation.name = "cudaFreeAsync";
    operation.run = [memory, bytes]() {
        shadow_write(memory, bytes, "cudaFreeAsync");
        arena_give(static_cast<char *>(memory));
        leaving -= bytes;
    };
    return call.give(submit(stream, std::move(operation)));
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t *handle,
                              const struct cudaMemPoolProps *props)
{
    Call call("cudaMemPoolCreate");
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (props->allocType != cudaMemAllocationTypePinned ||
        props->location.type != cudaMemLocationTypeDevice ||
        props->location.id < 0 || props->location.id >= device_count())
        return call.give(cudaErrorInvalidValue);
    Pool *pool = new Pool;
    pool->device = props->location.id;
    pool->most = props->maxSize;
    handle_add(pool, "memory pool");
    *handle = reinterpret_cast<cudaMemPool_t>(pool);
    return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle)
{
    Call call("cudaMemPoolDestroy");
    Pool *pool = pool_of(handle, call.name());

    if (!pool->own)
        return call.give(cudaErrorInvalidValue);
    if (!Call::lost())
        host_wait_all();
    if (pool->used)
        die("cudaMemPoolDestroy: %llu bytes of the pool are still in use",
            static_cast<unsigned long long>(pool->used));
    handle_remove(pool, "memory pool");
    delete pool;
    return call.refused();
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device)
{
    Call call("cudaDeviceGetDefaultMemPool");

    *pool = reinterpret_cast<cudaMemPool_t>(default_pool(device));
    return call.refused();
}

static uint64_t *pool_number(Pool *pool, enum cudaMemPoolAttr attribute)
{
    switch (static_cast<int>(attribute)) {
    case cudaMemPoolAttrReleaseThreshold:
        return &pool->threshold;
    case cudaMemPoolAttrReservedMemCurrent:
        return &pool->reserved;
    case cudaMemPoolAttrReservedMemHigh:
        return &pool->reserved_high;
    case cudaMemPoolAttrUsedMemCurrent:
        return &pool->used;
    case cudaMemPoolAttrUsedMemHigh:
        return &pool->high;
    }
    return nullptr;
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t handle,
                                    enum cudaMemPoolAttr attribute, void *value)
{
    Call call("cudaMemPoolGetAttribute");
    const uint64_t *number =
        pool_number(pool_of(handle, call.name()), attribute);

    if (number)
        memcpy(value, number, sizeof *number);
    else
        memset(value, 0, sizeof(int)); /* the reuse flags */
    return call.refused();
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle,
                                    enum cudaMemPoolAttr attribute, void *value)
{
    Call call("cudaMemPoolSetAttribute");
    uint64_t *number = pool_number(pool_of(handle, call.name()), attribute);

    if (number)
        memcpy(number, value, sizeof *number);
    return call.refused();
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t handle, size_t keep)
{
    Call call("cudaMemPoolTrimTo");
    Pool *pool = pool_of(handle, call.name());

    trimmed = true;
    pool->largest = 0;
    pool->reserved = std::max<uint64_t>(
        pool->used, std::min<uint64_t>(pool->reserved, keep));
    return call.refused();
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    Call call("cudaHostAlloc");
    const cudaError_t error = call.refused();

    (void)flags;
    if (error)
        return error;
    if (injected("malloc_host"))
        return call.give(cudaErrorMemoryAllocation);
    *memory = aligned_alloc(4096, (bytes + 4096) / 4096 * 4096);
    if (!*memory)
        return call.give(cudaErrorMemoryAllocation);
    memset(*memory, 0xff, bytes);
    pinned_add(*memory, bytes);
    handle_add(*memory, "pinned memory");
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    return cudaHostAlloc(memory, bytes, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void *memory)
{
    Call call("cudaFreeHost");

    if (!memory)
        return call.refused();
    if (!Call::lost())
        host_wait_all();
    if (!pinned_remove(memory))
        die("cudaFreeHost is given what is no pinned memory: %s",
            describe(memory).c_str());
    handle_remove(memory, "pinned memory");
    free(memory);
    return call.refused();
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes,
                                     const void *pointer)
{
    Call call("cudaPointerGetAttributes");
    const Allocation *one = arena_find(pointer);
    void *address = const_cast<void *>(pointer);

    memset(attributes, 0, sizeof *attributes);
    attributes->type = one                     ? cudaMemoryTypeDevice
                       : is_pinned(pointer, 1) ? cudaMemoryTypeHost
                                               : cudaMemoryTypeUnregistered;
    attributes->device = one ? one->device : current_device;
    attributes->devicePointer =
        attributes->type == cudaMemoryTypeUnregistered ? nullptr : address;
    attributes->hostPointer = one ? nullptr : address;
    return call.refused();
}

} /* extern "C" */
