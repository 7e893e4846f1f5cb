/* kernels/cuda/part_kernels.cu - values that stand side by side in a larger one
 *
 * Four numbers are copied at once where every part lies so.
 */
#include "kernels/cuda/part_kernels.h"
#include "kernels/cuda/reduce.h"

namespace
{

/* The part that has number `at` of a row, as parts stand in the list. */
static __device__ inline int part_of(const ost_part_args &p, int64_t at)
{
    int k = 0;
    int end = p.parts;

    while (end - k > 1) {
        const int middle = (k + end) / 2;

        if (p.part[middle].before <= at)
            k = middle;
        else
            end = middle;
    }
    return k;
}

template <int W>
static __device__ inline void put(float *to, int64_t i, ost::pack<W> v,
                                  bool add)
{
    if (add) {
        const ost::pack<W> old = ost::load_pack<W>(to, i);

#pragma unroll
        for (int k = 0; k < W; k++)
            v.v[k] = old.v[k] + v.v[k];
    }
    ost::store_pack<W>(to, i, v);
}

template <int W, typename I, bool JOIN>
__global__ void part_kernel(ost_part_args p)
{
    const int64_t count = p.rows * p.listed / W;
    const int64_t step = ost::index_stride();
    const I listed = static_cast<I>(p.listed / W);

    for (int64_t i = ost::first_index(); i < count; i += step) {
        const int64_t row = static_cast<I>(i) / listed;
        const int64_t at = static_cast<I>(i) % listed * W;
        const ost_part &part = p.part[part_of(p, at)];
        const int64_t within = at - part.before;
        const int64_t small = (row * part.run + within) / W;
        const int64_t large = (row * p.length + part.first + within) / W;
        ost::pack<W> v = {};

        if (!JOIN) {
            v = ost::load_pack<W>(p.whole, large);
            put<W>(part.data, small, v, part.add);
            continue;
        }
        if (part.data)
            v = ost::load_pack<W>(part.data, small);
        put<W>(p.whole, large, v, p.add);
    }
}

bool is_aligned(const void *p)
{
    return reinterpret_cast<uintptr_t>(p) % 16 == 0;
}

bool is_wide(const ost_part_args &p)
{
    bool wide = p.length % 4 == 0 && is_aligned(p.whole);

    for (int k = 0; k < p.parts; k++)
        wide = wide && p.part[k].first % 4 == 0 && p.part[k].run % 4 == 0 &&
               is_aligned(p.part[k].data);
    return wide;
}

template <int W, typename I, bool JOIN>
cudaError_t launch_as(const ost_part_args &p, void *stream)
{
    auto *kernel = part_kernel<W, I, JOIN>;

    return OST_LAUNCH(kernel, ost::blocks_for(p.rows * p.listed / W),
                      ost::THREADS, 0, stream, p);
}

template <bool JOIN> cudaError_t launch(const ost_part_args &p, void *stream)
{
    const bool wide = is_wide(p);

    if (p.rows * p.listed < 1)
        return cudaSuccess;
    if (p.rows * p.length > INT32_MAX)
        return wide ? launch_as<4, int64_t, JOIN>(p, stream)
                    : launch_as<1, int64_t, JOIN>(p, stream);
    return wide ? launch_as<4, uint32_t, JOIN>(p, stream)
                : launch_as<1, uint32_t, JOIN>(p, stream);
}

} /* namespace */

int ost_cuda_launch_join(const ost_part_args *parts, void *stream)
{
    return launch<true>(*parts, stream);
}

int ost_cuda_launch_split(const ost_part_args *parts, void *stream)
{
    return launch<false>(*parts, stream);
}
