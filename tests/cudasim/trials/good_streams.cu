/* tests/cudasim/trials/good_streams.cu - streams, events, pools */
#include "tests/cudasim/trials/trial.h"

using namespace trial;

namespace
{

__global__ void add_kernel(int *x, int n, int by)
{
    for (int64_t i = ost::first_index(); i < n; i += ost::index_stride())
        x[i] += by;
}

} /* namespace */

TRIAL(good_events)
{
    cudaStream_t copies, work;
    cudaEvent_t there, done;
    int *pinned, *x = on_device<int>(100);
    float ms;

    MUST(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking));
    MUST(cudaStreamCreateWithPriority(&work, cudaStreamNonBlocking, -1));
    MUST(cudaEventCreate(&there));
    MUST(cudaEventCreate(&done));
    MUST(cudaMallocHost(reinterpret_cast<void **>(&pinned), 400));
    for (int i = 0; i < 100; i++)
        pinned[i] = i;
    MUST(cudaMemcpyAsync(x, pinned, 400, cudaMemcpyHostToDevice, copies));
    MUST(cudaEventRecord(there, copies));
    MUST(cudaStreamWaitEvent(work, there, 0));
    MUST(OST_LAUNCH(add_kernel, 2, 32, 0, work, x, 100, 5));
    MUST(cudaMemcpyAsync(pinned, x, 400, cudaMemcpyDeviceToHost, work));
    MUST(cudaEventRecord(done, work));
    MUST(cudaEventSynchronize(done));
    for (int i = 0; i < 100; i++)
        EXPECT(pinned[i] == i + 5);
    MUST(cudaEventQuery(done));
    MUST(cudaEventElapsedTime(&ms, there, done));
    EXPECT(ms > 0);
    MUST(cudaEventDestroy(there));
    MUST(cudaEventDestroy(done));
    MUST(cudaStreamDestroy(copies));
    MUST(cudaStreamDestroy(work));
    MUST(cudaFreeHost(pinned));
    MUST(cudaFree(x));
    return 0;
}

TRIAL(good_pool)
{
    struct cudaMemPoolProps props = {};
    cudaMemPool_t pool;
    cudaStream_t stream;
    uint64_t used = 1;
    void *a, *b;

    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    props.maxSize = 1 << 20;
    MUST(cudaStreamCreate(&stream));
    MUST(cudaMemPoolCreate(&pool, &props));
    MUST(cudaMallocFromPoolAsync(&a, 1 << 19, pool, stream));
    EXPECT(cudaMallocFromPoolAsync(&b, 1 << 20, pool, stream) ==
           cudaErrorMemoryAllocation);
    EXPECT(cudaGetLastError() == cudaErrorMemoryAllocation);
    MUST(cudaMemsetAsync(a, 0, 1 << 19, stream));
    MUST(cudaFreeAsync(a, stream));
    /* What is kept of it is too small, and in the way. */
    EXPECT(cudaMallocFromPoolAsync(&b, 1 << 20, pool, stream) ==
           cudaErrorMemoryAllocation);
    EXPECT(cudaGetLastError() == cudaErrorMemoryAllocation);
    MUST(cudaStreamSynchronize(stream));
    MUST(cudaMemPoolTrimTo(pool, 0));
    MUST(cudaMallocFromPoolAsync(&b, 1 << 20, pool, stream));
    MUST(cudaFreeAsync(b, stream));
    MUST(cudaStreamSynchronize(stream));
    MUST(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
    EXPECT(used == 0);
    MUST(cudaMemPoolTrimTo(pool, 0));
    MUST(cudaMemPoolDestroy(pool));
    MUST(cudaStreamDestroy(stream));
    return 0;
}

/* Nothing runs before somebody waits or asks again. */
TRIAL(good_lazy)
{
    cudaStream_t stream;
    int *pinned, *x = to_device(std::vector<int>(4, 1));

    MUST(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    MUST(cudaMallocHost(reinterpret_cast<void **>(&pinned), 16));
    MUST(OST_LAUNCH(add_kernel, 1, 4, 0, stream, x, 4, 5));
    MUST(cudaMemcpyAsync(pinned, x, 16, cudaMemcpyDeviceToHost, stream));
    EXPECT(cudaStreamQuery(stream) == cudaErrorNotReady);
    EXPECT(pinned[0] == -1);
    MUST(cudaStreamQuery(stream));
    EXPECT(pinned[0] == 6);
    MUST(cudaStreamDestroy(stream));
    MUST(cudaFreeHost(pinned));
    MUST(cudaFree(x));
    return 0;
}
