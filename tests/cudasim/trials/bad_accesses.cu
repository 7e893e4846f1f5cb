/* tests/cudasim/trials/bad_accesses.cu - what only the checked build sees */
#include "tests/cudasim/trials/trial.h"

using namespace trial;

namespace
{

struct Hidden {
    float *x;
};

__global__ void add_one_kernel(float *x)
{
    x[threadIdx.x] += 1;
}

__global__ void hidden_kernel(Hidden h)
{
    h.x[threadIdx.x] = 2;
}

__global__ void read_past_kernel(const float *x, float *sum)
{
    *sum = x[0] + x[4];
}

__global__ void turn_kernel(float *x)
{
    __shared__ float part[64];

    part[threadIdx.x] = 0;
    __syncthreads();
    part[threadIdx.x] = x[threadIdx.x];
    x[threadIdx.x] = part[63 - threadIdx.x];
}

__global__ void half_shared_kernel(float *x)
{
    __shared__ float part[64];

    if (threadIdx.x < 32)
        part[threadIdx.x] = 1;
    __syncthreads();
    x[threadIdx.x] = part[threadIdx.x];
}

__global__ void blocks_kernel(float *x)
{
    x[0] = static_cast<float>(blockIdx.x);
}

__global__ void reader_kernel(float *x)
{
    if (blockIdx.x == 0)
        x[0] = 5;
    else
        x[blockIdx.x] = x[0];
}

__global__ void plain_and_atomic_kernel(int *x)
{
    if (blockIdx.x == 0)
        x[0] = 5;
    else
        atomicAdd(x, 1);
}

__global__ void lanes_kernel(float *x)
{
    __shared__ float part[32];

    part[threadIdx.x] = 0;
    __syncwarp();
    part[threadIdx.x] = x[threadIdx.x];
    if (threadIdx.x < 16)
        x[threadIdx.x] = part[threadIdx.x + 16];
}

} /* namespace */

TRIAL(bad_unwritten)
{
    MUST(OST_LAUNCH(add_one_kernel, 1, 4, 0, nullptr, on_device<float>(4)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_unwritten_copy)
{
    return static_cast<int>(to_host(on_device<float>(4), 4)[0]);
}

TRIAL(bad_hidden_pointer)
{
    float x[4] = {};

    MUST(OST_LAUNCH(hidden_kernel, 1, 4, 0, nullptr, Hidden{ x }));
    return cudaDeviceSynchronize();
}

TRIAL(bad_read_past_end)
{
    MUST(OST_LAUNCH(read_past_kernel, 1, 1, 0, nullptr,
                    to_device(std::vector<float>(4)), on_device<float>(1)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_shared_race)
{
    MUST(OST_LAUNCH(turn_kernel, 1, 64, 0, nullptr,
                    to_device(std::vector<float>(64))));
    return cudaDeviceSynchronize();
}

TRIAL(bad_lane_race)
{
    MUST(OST_LAUNCH(lanes_kernel, 1, 32, 0, nullptr,
                    to_device(std::vector<float>(32))));
    return cudaDeviceSynchronize();
}

TRIAL(bad_shared_unwritten)
{
    MUST(OST_LAUNCH(half_shared_kernel, 1, 64, 0, nullptr,
                    on_device<float>(64)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_block_race)
{
    MUST(OST_LAUNCH(blocks_kernel, 2, 1, 0, nullptr, on_device<float>(1)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_block_read)
{
    MUST(OST_LAUNCH(reader_kernel, 3, 1, 0, nullptr,
                    to_device(std::vector<float>(3))));
    return cudaDeviceSynchronize();
}

TRIAL(bad_plain_and_atomic)
{
    MUST(OST_LAUNCH(plain_and_atomic_kernel, 2, 1, 0, nullptr,
                    to_device(std::vector<int>(1))));
    return cudaDeviceSynchronize();
}

/* In order by chance, as OSTEON_CUDASIM_ORDER=eager has it. */
TRIAL(bad_stream_race)
{
    cudaStream_t first, second;
    float *x = to_device(std::vector<float>(4));

    MUST(cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking));
    MUST(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking));
    MUST(OST_LAUNCH(add_one_kernel, 1, 4, 0, first, x));
    MUST(OST_LAUNCH(add_one_kernel, 1, 4, 0, second, x));
    return cudaDeviceSynchronize();
}

/* Nodes of a graph that were captured without a wait between them. */
TRIAL(bad_graph_race)
{
    cudaStream_t main, side;
    cudaEvent_t fork, join;
    cudaGraphExec_t exec;
    cudaGraph_t graph;
    float *x = to_device(std::vector<float>(4));

    MUST(cudaStreamCreateWithFlags(&main, cudaStreamNonBlocking));
    MUST(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking));
    MUST(cudaEventCreate(&fork));
    MUST(cudaEventCreate(&join));
    MUST(cudaStreamBeginCapture(main, cudaStreamCaptureModeThreadLocal));
    MUST(cudaEventRecord(fork, main));
    MUST(cudaStreamWaitEvent(side, fork, 0));
    MUST(OST_LAUNCH(add_one_kernel, 1, 4, 0, main, x));
    MUST(OST_LAUNCH(add_one_kernel, 1, 4, 0, side, x));
    MUST(cudaEventRecord(join, side));
    MUST(cudaStreamWaitEvent(main, join, 0));
    MUST(cudaStreamEndCapture(main, &graph));
    MUST(cudaGraphInstantiate(&exec, graph, 0));
    MUST(cudaGraphLaunch(exec, main));
    return cudaDeviceSynchronize();
}
