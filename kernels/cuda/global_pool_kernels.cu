/* kernels/cuda/global_pool_kernels.cu - one number of each channel of each item
 *
 * A row is one warp's, or one block's where it is long.
 */
#include "kernels/cuda/global_pool_kernels.h"
#include "kernels/cuda/reduce.h"

namespace global_pool
{

constexpr int64_t LONG = 1024; /* numbers that a warp does not take */
constexpr int WARPS = ost::THREADS / ost::WARP;

/* The best number so far and its place; none at a place below 0. */
struct winner {
    float v;
    int32_t at;
};

struct best {
    typedef winner value;
    static __device__ inline winner none()
    {
        return winner{ 0.0f, -1 };
    }
    __device__ inline winner operator()(winner a, winner b) const
    {
        const bool a_nan = a.v != a.v;
        const bool b_nan = b.v != b.v;

        if (a.at < 0 || b.at < 0)
            return a.at < 0 ? b : a;
        if (a_nan || b_nan)
            return b_nan && (!a_nan || b.at > a.at) ? b : a;
        return b.v > a.v || (b.v >= a.v && b.at < a.at) ? b : a;
    }
};

/* take(row, place) of all places of a row, joined: give(row, what that is). */
template <bool BLOCK, typename Join, typename Take, typename Give>
static __device__ inline void each_row(int64_t rows, int64_t area, Join join,
                                       Take take, Give give)
{
    const int64_t first = BLOCK ? blockIdx.x
                                : static_cast<int64_t>(blockIdx.x) * WARPS +
                                      threadIdx.x / ost::WARP;
    const int64_t step = static_cast<int64_t>(gridDim.x) * (BLOCK ? 1 : WARPS);
    const bool speaks = threadIdx.x % (BLOCK ? ost::THREADS : ost::WARP) == 0;

    for (int64_t row = first; row < rows; row += step) {
        const auto mine = [&](int64_t i) { return take(row, i); };
        const typename Join::value v =
            BLOCK ? ost::block_over(0, area, join, mine)
                  : ost::warp_over(0, area, join, mine);

        if (speaks)
            give(row, v);
    }
}

template <bool BLOCK>
static __global__ void mean_kernel(int64_t rows, int64_t area, const float *x,
                                   float *y)
{
    each_row<BLOCK>(
        rows, area, ost::plus<double>(),
        [=](int64_t row, int64_t i) {
            return static_cast<double>(x[row * area + i]);
        },
        [=](int64_t row, double sum) {
            y[row] = static_cast<float>(sum / static_cast<double>(area));
        });
}

template <bool BLOCK>
static __global__ void max_kernel(int64_t rows, int64_t area, const float *x,
                                  float *y, int32_t *where)
{
    each_row<BLOCK>(
        rows, area, best(),
        [=](int64_t row, int64_t i) {
            return winner{ x[row * area + i], static_cast<int32_t>(i) };
        },
        [=](int64_t row, winner w) {
            y[row] = w.v;
            if (where)
                where[row] = w.at;
        });
}

struct spread {
    const float *dy;
    int64_t area;

    __device__ inline float operator()(int64_t row, int64_t) const
    {
        return dy[row] / static_cast<float>(area);
    }
};

struct to_winner {
    const float *dy;
    const int32_t *where;

    __device__ inline float operator()(int64_t row, int64_t place) const
    {
        return where[row] == place ? dy[row] : 0.0f;
    }
};

template <int W, typename Give>
static __global__ void back_kernel(int64_t count, int64_t area, bool add,
                                   float *dx, Give give)
{
    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride()) {
        const int64_t row = i / area;
        const int64_t place = (i - row * area) * W;
        ost::pack<W> p;

#pragma unroll
        for (int k = 0; k < W; k++)
            p.v[k] = give(row, place + k);
        if (add) {
            const ost::pack<W> sum = ost::load_pack<W>(dx, i);

#pragma unroll
            for (int k = 0; k < W; k++)
                p.v[k] = sum.v[k] + p.v[k];
        }
        ost::store_pack<W>(dx, i, p);
    }
}

template <typename Give>
static int launch_back(int64_t rows, int64_t area, bool add, float *dx,
                       Give give, void *stream)
{
    const int64_t count = rows * area;

    if (area % 4 == 0) {
        auto *wide = back_kernel<4, Give>;

        return OST_LAUNCH(wide, ost::blocks_for(count / 4), ost::THREADS, 0,
                          stream, count / 4, area / 4, add, dx, give);
    }
    auto *narrow = back_kernel<1, Give>;

    return OST_LAUNCH(narrow, ost::blocks_for(count), ost::THREADS, 0, stream,
                      count, area, add, dx, give);
}

static unsigned blocks(int64_t rows, int64_t area)
{
    return ost::blocks_for(area > LONG ? rows * ost::THREADS
                                       : rows * ost::WARP);
}

} /* namespace global_pool */

int ost_cuda_launch_row_mean(int64_t rows, int64_t area, const float *x,
                             float *y, void *stream)
{
    auto *kernel = area > global_pool::LONG ? global_pool::mean_kernel<true>
                                            : global_pool::mean_kernel<false>;

    return OST_LAUNCH(kernel, global_pool::blocks(rows, area), ost::THREADS, 0,
                      stream, rows, area, x, y);
}

int ost_cuda_launch_row_mean_back(int64_t rows, int64_t area, const float *dy,
                                  bool add, float *dx, void *stream)
{
    return global_pool::launch_back(rows, area, add, dx,
                                    global_pool::spread{ dy, area }, stream);
}

int ost_cuda_launch_row_max(int64_t rows, int64_t area, const float *x,
                            float *y, int32_t *where, void *stream)
{
    auto *kernel = area > global_pool::LONG ? global_pool::max_kernel<true>
                                            : global_pool::max_kernel<false>;

    return OST_LAUNCH(kernel, global_pool::blocks(rows, area), ost::THREADS, 0,
                      stream, rows, area, x, y, where);
}

int ost_cuda_launch_row_max_back(int64_t rows, int64_t area, const float *dy,
                                 const int32_t *where, bool add, float *dx,
                                 void *stream)
{
    return global_pool::launch_back(
        rows, area, add, dx, global_pool::to_winner{ dy, where }, stream);
}
