/* tests/cudasim/trials/good_graphs.cu - work captured and told again */
#include "tests/cudasim/counters.h"
#include "tests/cudasim/trials/trial.h"

using namespace trial;

namespace
{

__global__ void scale_kernel(int *x, int by)
{
    x[threadIdx.x] *= by;
}

__global__ void sum_kernel(const int *a, const int *b, int *sum)
{
    sum[threadIdx.x] = a[threadIdx.x] + b[threadIdx.x];
}

/* sum = 2 a + 3 b, on two streams. */
cudaGraph_t capture(cudaStream_t main, cudaStream_t side, cudaEvent_t fork,
                    cudaEvent_t join, int *a, int *b, int *sum, int times)
{
    cudaGraph_t graph;

    MUST(cudaStreamBeginCapture(main, cudaStreamCaptureModeThreadLocal));
    MUST(cudaEventRecord(fork, main));
    MUST(cudaStreamWaitEvent(side, fork, 0));
    MUST(OST_LAUNCH(scale_kernel, 1, 32, 0, main, a, 2));
    MUST(OST_LAUNCH(scale_kernel, 1, 32, 0, side, b, times));
    MUST(cudaEventRecord(join, side));
    MUST(cudaStreamWaitEvent(main, join, 0));
    MUST(OST_LAUNCH(sum_kernel, 1, 32, 0, main, a, b, sum));
    MUST(cudaStreamEndCapture(main, &graph));
    return graph;
}

} /* namespace */

TRIAL(good_graph)
{
    cudaStream_t main, side;
    cudaEvent_t fork, join;
    cudaGraph_t graph, other;
    cudaGraphExec_t exec;
    cudaGraphExecUpdateResultInfo info;
    size_t count = 0;
    int *a = to_device(std::vector<int>(32, 1));
    int *b = to_device(std::vector<int>(32, 10));
    int *sum = on_device<int>(32);

    MUST(cudaStreamCreateWithFlags(&main, cudaStreamNonBlocking));
    MUST(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking));
    MUST(cudaEventCreate(&fork));
    MUST(cudaEventCreate(&join));
    graph = capture(main, side, fork, join, a, b, sum, 3);
    MUST(cudaGraphGetNodes(graph, nullptr, &count));
    EXPECT(count == 3);
    MUST(cudaGraphInstantiate(&exec, graph, 0));
    for (int i = 0; i < 2; i++)
        MUST(cudaGraphLaunch(exec, main));
    MUST(cudaStreamSynchronize(main));
    EXPECT(to_host(sum, 32)[31] == 4 + 90);
    other = capture(main, side, fork, join, a, b, sum, 7);
    MUST(cudaGraphExecUpdate(exec, other, &info));
    MUST(cudaGraphLaunch(exec, main));
    MUST(cudaStreamSynchronize(main));
    EXPECT(to_host(sum, 32)[0] == 8 + 630);
    EXPECT(cudasim_counters()->graph_launches == 3);
    EXPECT(cudasim_counters()->graph_nodes == 9);
    EXPECT(cudasim_counters()->launches == 0);
    MUST(cudaGraphDestroy(graph));
    MUST(cudaGraphDestroy(other));
    MUST(cudaGraphExecDestroy(exec));
    MUST(cudaEventDestroy(fork));
    MUST(cudaEventDestroy(join));
    MUST(cudaStreamDestroy(main));
    MUST(cudaStreamDestroy(side));
    MUST(cudaFree(a));
    MUST(cudaFree(b));
    MUST(cudaFree(sum));
    return 0;
}

TRIAL(good_unjoined)
{
    cudaStream_t main, side;
    cudaEvent_t fork;
    cudaGraph_t graph;
    int *a = to_device(std::vector<int>(32, 1));

    MUST(cudaStreamCreateWithFlags(&main, cudaStreamNonBlocking));
    MUST(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking));
    MUST(cudaEventCreate(&fork));
    MUST(cudaStreamBeginCapture(main, cudaStreamCaptureModeThreadLocal));
    MUST(cudaEventRecord(fork, main));
    MUST(cudaStreamWaitEvent(side, fork, 0));
    MUST(OST_LAUNCH(scale_kernel, 1, 32, 0, side, a, 2));
    EXPECT(cudaStreamEndCapture(main, &graph) ==
           cudaErrorStreamCaptureUnjoined);
    (void)cudaGetLastError();
    MUST(cudaStreamBeginCapture(main, cudaStreamCaptureModeGlobal));
    EXPECT(cudaStreamSynchronize(main) == cudaErrorStreamCaptureUnsupported);
    (void)cudaGetLastError();
    EXPECT(cudaStreamEndCapture(main, &graph) ==
           cudaErrorStreamCaptureInvalidated);
    (void)cudaGetLastError();
    MUST(cudaEventDestroy(fork));
    MUST(cudaStreamDestroy(main));
    MUST(cudaStreamDestroy(side));
    MUST(cudaFree(a));
    return 0;
}
