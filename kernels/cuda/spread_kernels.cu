/* kernels/cuda/spread_kernels.cu - small values beside a large one */
#include "kernels/cuda/device.h"
#include "kernels/cuda/spread_kernels.h"

namespace
{

/* Where number i of the large value finds what it meets in input `k`. */
template <typename I>
static __device__ inline I place(const ost_spread_args &s, int k, I i)
{
    I at = 0;

    for (int d = s.sides - 1; d > 0; d--) {
        const I side = static_cast<I>(s.side[d]);

        at += i % side * static_cast<I>(s.stride[k][d]);
        i /= side;
    }
    return at + i * static_cast<I>(s.stride[k][0]);
}

template <typename I> __global__ void spread_kernel(ost_spread_args s)
{
    const int64_t step = ost::index_stride();

    for (int64_t i = ost::first_index(); i < s.count; i += step) {
        const I first = place<I>(s, 0, static_cast<I>(i));
        float v = s.in[0][first];

        for (int k = 1; k < s.inputs; k++) {
            const float a = s.in[k][place<I>(s, k, static_cast<I>(i))];

            v = s.multiply ? v * a : v + a;
        }
        if (s.where && s.where[first] != static_cast<I>(i) % s.item)
            v = 0.0f;
        v = s.scale * v;
        s.out[i] = s.add ? s.out[i] + v : v;
    }
}

} /* namespace */

int ost_cuda_launch_spread(const ost_spread_args *spread, void *stream)
{
    const ost_spread_args &s = *spread;

    if (s.count < 1)
        return cudaSuccess;
    if (s.count <= INT32_MAX)
        return OST_LAUNCH(spread_kernel<uint32_t>, ost::blocks_for(s.count),
                          ost::THREADS, 0, stream, s);
    return OST_LAUNCH(spread_kernel<int64_t>, ost::blocks_for(s.count),
                      ost::THREADS, 0, stream, s);
}
