/* tests/cudasim/trials/bad_kernels.cu - launches and kernels that are wrong */
#include "tests/cudasim/trials/trial.h"

using namespace trial;

namespace
{

struct Hidden {
    float *x;
};

__global__ void write_kernel(float *x, int at)
{
    x[at] = 1;
}

__global__ void hidden_kernel(Hidden h)
{
    h.x[threadIdx.x] = 2;
}

__global__ void divergent_kernel(float *x)
{
    if (threadIdx.x < 16)
        __syncthreads();
    else
        x[threadIdx.x] = __shfl_sync(~0u, 1.0f, 0);
    __syncthreads();
}

__global__ void early_kernel(float *x)
{
    if (threadIdx.x == 7)
        return;
    __syncthreads();
    x[threadIdx.x] = 0;
}

__global__ void two_barriers_kernel(float *x)
{
    if (threadIdx.x % 2)
        __syncthreads();
    else {
        x[threadIdx.x] = 0;
        __syncthreads();
    }
}

__global__ void mask_kernel(float *x)
{
    x[threadIdx.x] = __shfl_xor_sync(1u, 1.0f, 1);
}

__global__ void absent_kernel(float *x)
{
    x[threadIdx.x] = __shfl_xor_sync(~0u, 1.0f, 1);
}

__global__ void collectives_kernel(float *x)
{
    x[threadIdx.x] = threadIdx.x < 3 ? __shfl_xor_sync(~0u, 1.0f, 1)
                                     : __shfl_xor_sync(~0u, 2.0f, 1);
}

__global__ void shared_kernel(float *x)
{
    OST_SHARED(float, part);

    part[threadIdx.x] = 1;
    __syncthreads();
    x[threadIdx.x] = part[0];
}

__global__ void trap_kernel()
{
    __trap();
}

int deep(volatile char *above, int left)
{
    volatile char here[4096];

    here[0] = static_cast<char>(left);
    return left ? deep(here, left - 1) + here[0] : above[0];
}

__global__ void deep_kernel(int *x)
{
    volatile char here[1] = { 0 };

    *x = deep(here, 1000);
}

} /* namespace */

TRIAL(bad_host_pointer)
{
    float x = 0;

    return OST_LAUNCH(write_kernel, 1, 1, 0, nullptr, &x, 0);
}

TRIAL(bad_old_pointer)
{
    float *x = on_device<float>(4);

    MUST(cudaFree(x));
    return OST_LAUNCH(write_kernel, 1, 1, 0, nullptr, x, 0);
}

TRIAL(bad_write_past_end)
{
    float *x = on_device<float>(4);

    MUST(OST_LAUNCH(write_kernel, 1, 1, 0, nullptr, x, 4));
    return cudaFree(x);
}

TRIAL(bad_write_before)
{
    float *x = on_device<float>(4);

    MUST(OST_LAUNCH(write_kernel, 1, 1, 0, nullptr, x, -1));
    return cudaFree(x);
}

TRIAL(bad_write_to_freed)
{
    float *x = on_device<float>(4);

    MUST(cudaFree(x));
    MUST(OST_LAUNCH(hidden_kernel, 1, 1, 0, nullptr, Hidden{ x }));
    return cudaDeviceSynchronize();
}

TRIAL(bad_divergent_barrier)
{
    MUST(OST_LAUNCH(divergent_kernel, 1, 32, 0, nullptr, on_device<float>(32)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_early_return)
{
    MUST(OST_LAUNCH(early_kernel, 1, 32, 0, nullptr, on_device<float>(32)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_two_barriers)
{
    MUST(OST_LAUNCH(two_barriers_kernel, 1, 32, 0, nullptr,
                    on_device<float>(32)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_mask)
{
    MUST(OST_LAUNCH(mask_kernel, 1, 32, 0, nullptr, on_device<float>(32)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_absent_lanes)
{
    MUST(OST_LAUNCH(absent_kernel, 1, 20, 0, nullptr, on_device<float>(32)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_collectives)
{
    MUST(OST_LAUNCH(collectives_kernel, 1, 32, 0, nullptr,
                    on_device<float>(32)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_dynamic_shared)
{
    MUST(OST_LAUNCH(shared_kernel, 1, 32, 31 * sizeof(float), nullptr,
                    on_device<float>(32)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_trap)
{
    MUST(OST_LAUNCH(trap_kernel, 1, 1, 0, nullptr));
    return cudaDeviceSynchronize();
}

TRIAL(bad_deep_stack)
{
    MUST(OST_LAUNCH(deep_kernel, 1, 1, 0, nullptr, on_device<int>(1)));
    return cudaDeviceSynchronize();
}

TRIAL(bad_too_many_threads)
{
    return OST_LAUNCH(trap_kernel, 1, 1025, 0, nullptr);
}

TRIAL(bad_empty_grid)
{
    return OST_LAUNCH(trap_kernel, 0, 32, 0, nullptr);
}

TRIAL(bad_large_grid)
{
    return OST_LAUNCH(trap_kernel, dim3(1, 70000), 32, 0, nullptr);
}

TRIAL(bad_much_shared)
{
    return OST_LAUNCH(trap_kernel, 1, 32, 49153, nullptr);
}
