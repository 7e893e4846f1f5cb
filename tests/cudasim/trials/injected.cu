/* tests/cudasim/trials/injected.cu - errors that OSTEON_CUDASIM_FAIL asks for
 */
#include "tests/cudasim/trials/trial.h"

#include <cudnn.h>

using namespace trial;

namespace
{

__global__ void one_kernel(int *x)
{
    *x = 1;
}

} /* namespace */

TRIAL(injected_malloc)
{
    void *a, *b = nullptr;

    MUST(cudaMalloc(&a, 16));
    EXPECT(cudaMalloc(&b, 16) == cudaErrorMemoryAllocation);
    EXPECT(cudaGetLastError() == cudaErrorMemoryAllocation);
    MUST(cudaMalloc(&b, 16));
    MUST(cudaFree(a));
    MUST(cudaFree(b));
    return 0;
}

TRIAL(injected_launch)
{
    int *x = on_device<int>(1);

    EXPECT(OST_LAUNCH(one_kernel, 1, 1, 0, nullptr, x) ==
           cudaErrorLaunchOutOfResources);
    (void)cudaGetLastError();
    MUST(OST_LAUNCH(one_kernel, 1, 1, 0, nullptr, x));
    EXPECT(to_host(x, 1)[0] == 1);
    MUST(cudaFree(x));
    return 0;
}

TRIAL(injected_copy)
{
    int *x = on_device<int>(1), y = 4;

    EXPECT(cudaMemcpy(x, &y, sizeof y, cudaMemcpyHostToDevice));
    (void)cudaGetLastError();
    MUST(cudaMemcpy(x, &y, sizeof y, cudaMemcpyHostToDevice));
    EXPECT(to_host(x, 1)[0] == 4);
    MUST(cudaFree(x));
    return 0;
}

TRIAL(injected_capture)
{
    cudaStream_t stream;

    MUST(cudaStreamCreate(&stream));
    EXPECT(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    (void)cudaGetLastError();
    MUST(cudaStreamDestroy(stream));
    return 0;
}

/* The device is lost while it works: what waits learns of it, then all. */
TRIAL(injected_loss)
{
    int *x = on_device<int>(1), y;

    MUST(OST_LAUNCH(one_kernel, 1, 1, 0, nullptr, x));
    EXPECT(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
    EXPECT(cudaGetLastError() == cudaErrorLaunchFailure);
    EXPECT(cudaMemcpy(&y, x, 4, cudaMemcpyDeviceToHost) ==
           cudaErrorLaunchFailure);
    EXPECT(cudaGetLastError() == cudaErrorLaunchFailure);
    EXPECT(cudaGetLastError() == cudaErrorLaunchFailure);
    EXPECT(cudaFree(x) == cudaErrorLaunchFailure);
    return 0;
}
