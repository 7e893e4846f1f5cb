/* kernels/cuda/fold_kernels.cu - a large value taken together over some sides
 *
 * Where the last side goes, a warp or a block goes along it.  Where it stays,
 * the 32 threads of a warp take as many numbers that lie side by side, and the
 * warps of a block share the length.
 */
#include "kernels/cuda/fold_kernels.h"
#include "kernels/cuda/reduce.h"

namespace
{

constexpr int COLUMNS = 32;
constexpr int SHARES = ost::THREADS / COLUMNS;
constexpr int LONG = 1024; /* what a block takes, not a warp */

template <typename I>
static __device__ inline I place(const ost_fold_walk &w, I i)
{
    I at = 0;

    for (int d = w.sides - 1; d > 0; d--) {
        const I side = static_cast<I>(w.side[d]);

        at += i % side * static_cast<I>(w.stride[d]);
        i /= side;
    }
    return at + i * static_cast<I>(w.stride[0]);
}

struct sum {
    typedef ost::plus<double> join;
    template <typename I>
    static __device__ double take(const ost_fold_args &f, I at)
    {
        const double v = f.from[at];

        return f.times ? static_cast<double>(f.from[at] * f.times[at]) : v;
    }
    static __device__ void put(const ost_fold_args &f, int64_t o, double v)
    {
        const float now = static_cast<float>(v * f.scale);

        f.to[o] = f.add ? f.to[o] + now : now;
    }
};

/* A number and where it stands; -1: none. */
struct found {
    float v;
    int32_t high; /* of its place, in halves */
    uint32_t low;
    __device__ int64_t at() const
    {
        return static_cast<int64_t>(high) * (int64_t(1) << 32) + low;
    }
};

struct first_highest {
    typedef found value;
    static __device__ found none()
    {
        return found{ 0.0f, -1, 0 };
    }
    __device__ found operator()(found a, found b) const
    {
        const bool a_is_nan = a.v != a.v;
        const bool b_is_nan = b.v != b.v;
        const bool same = a.v == b.v || (a_is_nan && b_is_nan);

        if (a.high < 0)
            return b;
        if (b.high < 0)
            return a;
        if (same)
            return b.at() < a.at() ? b : a;
        return b_is_nan || b.v > a.v ? b : a;
    }
};

struct highest {
    typedef first_highest join;
    template <typename I>
    static __device__ found take(const ost_fold_args &f, I at)
    {
        const int64_t i = at;

        return found{ f.from[at], static_cast<int32_t>(i >> 32),
                      static_cast<uint32_t>(i) };
    }
    static __device__ void put(const ost_fold_args &f, int64_t o, found v)
    {
        f.to[o] = v.v;
        f.where[o] = static_cast<int32_t>(v.at() % f.item);
    }
};

template <class FOLD, typename I> __global__ void warp_kernel(ost_fold_args f)
{
    const int64_t warps = ost::index_stride() / ost::WARP;

    for (int64_t o = ost::first_index() / ost::WARP; o < f.outputs;
         o += warps) {
        const I base = place<I>(f.kept, static_cast<I>(o));
        const auto v =
            ost::warp_over(0, f.length, typename FOLD::join(), [&](int64_t r) {
                return FOLD::take(f,
                                  base + place<I>(f.gone, static_cast<I>(r)));
            });

        if (threadIdx.x % ost::WARP == 0)
            FOLD::put(f, o, v);
    }
}

template <class FOLD, typename I> __global__ void block_kernel(ost_fold_args f)
{
    for (int64_t o = blockIdx.x; o < f.outputs; o += gridDim.x) {
        const I base = place<I>(f.kept, static_cast<I>(o));
        const auto v =
            ost::block_over(0, f.length, typename FOLD::join(), [&](int64_t r) {
                return FOLD::take(f,
                                  base + place<I>(f.gone, static_cast<I>(r)));
            });

        if (threadIdx.x == 0)
            FOLD::put(f, o, v);
    }
}

template <class FOLD, typename I>
__global__ void columns_kernel(ost_fold_args f)
{
    typedef typename FOLD::join join;
    __shared__ typename join::value room[SHARES][COLUMNS];
    const int column = static_cast<int>(threadIdx.x) % COLUMNS;
    const int share = static_cast<int>(threadIdx.x) / COLUMNS;
    const int64_t step = static_cast<int64_t>(gridDim.x) * COLUMNS;

    for (int64_t first = static_cast<int64_t>(blockIdx.x) * COLUMNS;
         first < f.outputs; first += step) {
        const int64_t o = first + column;
        auto v = join::none();

        if (o < f.outputs) {
            const I base = place<I>(f.kept, static_cast<I>(o));

            for (int64_t r = share; r < f.length; r += SHARES)
                v = join()(
                    v,
                    FOLD::take(f, base + place<I>(f.gone, static_cast<I>(r))));
        }
        room[share][column] = v;
        __syncthreads();
        if (share == 0 && o < f.outputs) {
            for (int k = 1; k < SHARES; k++)
                v = join()(v, room[k][column]);
            FOLD::put(f, o, v);
        }
        __syncthreads();
    }
}

template <class FOLD, typename I>
cudaError_t launch(const ost_fold_args &f, void *stream)
{
    const ost_fold_walk &kept = f.kept;
    auto *by_warp = warp_kernel<FOLD, I>;
    auto *by_block = block_kernel<FOLD, I>;
    auto *by_columns = columns_kernel<FOLD, I>;

    if (kept.stride[kept.sides - 1] == 1 && kept.side[kept.sides - 1] > 1)
        return OST_LAUNCH(by_columns, ost::blocks_for(f.outputs, COLUMNS),
                          ost::THREADS, 0, stream, f);
    if (f.length < LONG)
        return OST_LAUNCH(by_warp, ost::blocks_for(f.outputs * ost::WARP),
                          ost::THREADS, 0, stream, f);
    return OST_LAUNCH(by_block, ost::blocks_for(f.outputs, 1), ost::THREADS, 0,
                      stream, f);
}

template <class FOLD>
cudaError_t launch_any(const ost_fold_args &f, void *stream)
{
    if (f.outputs < 1)
        return cudaSuccess;
    return f.outputs * f.length <= INT32_MAX ? launch<FOLD, uint32_t>(f, stream)
                                             : launch<FOLD, int64_t>(f, stream);
}

} /* namespace */

int ost_cuda_launch_fold_sum(const ost_fold_args *fold, void *stream)
{
    return launch_any<sum>(*fold, stream);
}

int ost_cuda_launch_fold_highest(const ost_fold_args *fold, void *stream)
{
    return launch_any<highest>(*fold, stream);
}
