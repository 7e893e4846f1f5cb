/* tests/cudasim/trials/good_kernels.cu - kernels that a GPU runs, too */
#include "tests/cudasim/trials/trial.h"

#include <numeric>

using namespace trial;

namespace
{

__global__ void tree_kernel(const float *x, float *sums, int n)
{
    __shared__ float part[256];
    const unsigned t = threadIdx.x;
    float sum = 0;

    for (int i = static_cast<int>(blockIdx.x * 256 + t); i < n;
         i += static_cast<int>(gridDim.x) * 256)
        sum += x[i];
    part[t] = sum;
    __syncthreads();
    for (unsigned k = 128; k; k >>= 1) {
        if (t < k)
            part[t] += part[t + k];
        __syncthreads();
    }
    if (t == 0)
        sums[blockIdx.x] = part[0];
}

__global__ void warp_kernel(const int *x, int *sums, int n)
{
    OST_SHARED(int, part);
    int sum = 0;

    for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < n;
         i += static_cast<int>(gridDim.x * blockDim.x))
        sum += x[i];
    for (unsigned d = 16; d; d >>= 1)
        sum += __shfl_down_sync(~0u, sum, d);
    if (threadIdx.x % 32 == 0)
        part[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x >= 32)
        return;
    sum = threadIdx.x < blockDim.x / 32 ? part[threadIdx.x] : 0;
    for (int d = 16; d; d >>= 1)
        sum += __shfl_xor_sync(~0u, sum, d);
    if (threadIdx.x == 0)
        atomicAdd(sums, sum);
}

__global__ void histogram_kernel(const unsigned char *x, unsigned *bins, int n)
{
    __shared__ unsigned mine[256];

    mine[threadIdx.x] = 0;
    __syncthreads();
    for (int i = static_cast<int>(blockIdx.x * 256 + threadIdx.x); i < n;
         i += static_cast<int>(gridDim.x) * 256)
        atomicAdd(&mine[x[i]], 1u);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], mine[threadIdx.x]);
}

__global__ void votes_kernel(int *out)
{
    const int lane = static_cast<int>(threadIdx.x % 32);
    const unsigned even = __ballot_sync(~0u, lane % 2 == 0);
    const int up = __shfl_up_sync(~0u, lane, 1, 8);
    const int third = __shfl_sync(~0u, lane * 10, 3);

    out[threadIdx.x] =
        even == 0x55555555u && third == 30 &&
        up == (lane % 8 ? lane - 1 : lane) && __any_sync(~0u, lane == 5) &&
        !__all_sync(~0u, lane == 5) && __syncthreads_count(lane < 4) == 8 &&
        __reduce_max_sync(~0u, lane) == 31;
}

__global__ void place_kernel(int *out)
{
    const unsigned block =
        (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const unsigned thread =
        (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;

    out[block * blockDim.x * blockDim.y * blockDim.z + thread] =
        static_cast<int>(block * 1000 + thread);
}

std::vector<float> numbers(int n)
{
    std::vector<float> x(static_cast<size_t>(n));

    for (int i = 0; i < n; i++)
        x[static_cast<size_t>(i)] = static_cast<float>(i * 7 % 101);
    return x;
}

} /* namespace */

TRIAL(good_tree)
{
    const auto x = numbers(10000);
    float *dx = to_device(x), *sums = on_device<float>(8);

    MUST(OST_LAUNCH(tree_kernel, 8, 256, 0, nullptr, dx, sums, 10000));
    const auto got = to_host(sums, 8);
    EXPECT(std::accumulate(got.begin(), got.end(), 0.0f) ==
           std::accumulate(x.begin(), x.end(), 0.0f));
    MUST(cudaFree(dx));
    MUST(cudaFree(sums));
    return 0;
}

TRIAL(good_warp)
{
    std::vector<int> x(5000);
    std::iota(x.begin(), x.end(), 1);
    int *dx = to_device(x), *sum = to_device(std::vector<int>{ 0 });

    MUST(OST_LAUNCH(warp_kernel, 5, 128, 4 * sizeof(int), nullptr, dx, sum,
                    5000));
    EXPECT(to_host(sum, 1)[0] == 5000 * 5001 / 2);
    MUST(cudaFree(dx));
    MUST(cudaFree(sum));
    return 0;
}

TRIAL(good_histogram)
{
    std::vector<unsigned char> x(3000);
    for (size_t i = 0; i < x.size(); i++)
        x[i] = static_cast<unsigned char>(i * i % 256);
    unsigned char *dx = to_device(x);
    unsigned *bins = to_device(std::vector<unsigned>(256));

    MUST(OST_LAUNCH(histogram_kernel, 4, 256, 0, nullptr, dx, bins, 3000));
    std::vector<unsigned> want(256);
    for (const unsigned char v : x)
        want[v]++;
    EXPECT(to_host(bins, 256) == want);
    MUST(cudaFree(dx));
    MUST(cudaFree(bins));
    return 0;
}

TRIAL(good_votes)
{
    int *out = on_device<int>(64);

    MUST(OST_LAUNCH(votes_kernel, 1, 64, 0, nullptr, out));
    EXPECT(to_host(out, 64) == std::vector<int>(64, 1));
    MUST(cudaFree(out));
    return 0;
}

TRIAL(good_place)
{
    int *out = on_device<int>(24 * 24);

    MUST(OST_LAUNCH(place_kernel, dim3(2, 3, 4), dim3(4, 3, 2), 0, nullptr,
                    out));
    const auto got = to_host(out, 24 * 24);
    for (int i = 0; i < 24 * 24; i++)
        EXPECT(got[static_cast<size_t>(i)] == i / 24 * 1000 + i % 24);
    MUST(cudaFree(out));
    return 0;
}
