/* kernels/cuda/pixel_kernels.cu - the bodies of kernels/per_pixel.def as
 * kernels
 *
 * Compiled without fused operations, as the C side is, so that both make the
 * same bytes.
 */
#include "kernels/cuda/pixel_kernels.h"

#include <cuda_runtime.h>

namespace
{

constexpr int THREADS = 256;
constexpr int64_t MOST_BLOCKS = 4096;

int blocks_for(int64_t n)
{
    const int64_t blocks = (n + THREADS - 1) / THREADS;

    return static_cast<int>(blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS);
}

} /* namespace */

#define PER_PIXEL(name, args, from, to)                                        \
    static __global__ void name##_kernel(const ost_px_type_##from *in,         \
                                         int64_t n, ost_px_args_##args a,      \
                                         ost_px_type_##to *out)                \
    {                                                                          \
        const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;     \
        int64_t x =                                                            \
            static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;       \
                                                                               \
        for (; x < n; x += step)                                               \
            out[x] = ost_px_##name(in[x], &a);                                 \
    }                                                                          \
    int ost_cuda_##name(const ost_px_type_##from *in, int64_t n,               \
                        const ost_px_args_##args *given,                       \
                        ost_px_type_##to *out, void *stream)                   \
    {                                                                          \
        if (n > 0)                                                             \
            name##_kernel<<<blocks_for(n), THREADS, 0,                         \
                            static_cast<cudaStream_t>(stream)>>>(in, n,        \
                                                                 *given, out); \
        return cudaGetLastError();                                             \
    }
#include "kernels/per_pixel.def"
