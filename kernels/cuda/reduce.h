/* kernels/cuda/reduce.h - sums and maxima over threads, in one order
 *
 * For .cu files.  A join says how two values become one (plus<float>(),
 * highest<float>(), pair_plus<double>()...) and what joined with a value leaves
 * it as it is; values are plain structs of 32-bit words.  Threads are joined by
 * a tree that hangs on the size of the block alone, so that results are the
 * same bits on every device.  Blocks are whole warps.
 */
#ifndef OST_KERNELS_CUDA_REDUCE_H
#define OST_KERNELS_CUDA_REDUCE_H

#include "kernels/cuda/cuts.h"
#include "kernels/cuda/device.h"

#include <math.h>
#include <string.h>

namespace ost
{

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

template <typename T> struct pair {
    T a;
    T b;
};

template <typename T> struct plus {
    typedef T value;
    static __device__ inline T none()
    {
        return T(0);
    }
    __device__ inline T operator()(T a, T b) const
    {
        return a + b;
    }
};

template <typename T> struct pair_plus {
    typedef pair<T> value;
    static __device__ inline pair<T> none()
    {
        return pair<T>{ T(0), T(0) };
    }
    __device__ inline pair<T> operator()(pair<T> a, pair<T> b) const
    {
        return pair<T>{ a.a + b.a, a.b + b.b };
    }
};

/* NaN is higher than all. */
template <typename T> struct highest {
    typedef T value;
    static __device__ inline T none()
    {
        return -static_cast<T>(INFINITY);
    }
    __device__ inline T operator()(T a, T b) const
    {
        return b > a || b != b ? b : a;
    }
};

/* How many numbers, their mean and the sum of their squared deviations from it
 * (Chan, Golub and LeVeque, 1983). */
template <typename T> struct moments {
    T count;
    T mean;
    T squares;
};

template <typename T> struct moments_plus {
    typedef moments<T> value;
    static __device__ inline moments<T> none()
    {
        return moments<T>{ T(0), T(0), T(0) };
    }
    __device__ inline moments<T> operator()(moments<T> a, moments<T> b) const
    {
        const T count = a.count + b.count;
        const T part = count > T(0) ? b.count / count : T(0);
        const T apart = b.mean - a.mean;

        return moments<T>{ count, a.mean + apart * part,
                           a.squares + b.squares +
                               apart * apart * a.count * part };
    }
};

/* The value of the lane `by` further on; of the last ones their own. */
template <typename T> static __device__ inline T lane_down(T v, int by)
{
    unsigned word[sizeof(T) / sizeof(unsigned)];

    static_assert(sizeof(T) % sizeof(unsigned) == 0, "made of words");
    memcpy(word, &v, sizeof(T));
#pragma unroll
    for (unsigned i = 0; i < sizeof(T) / sizeof(unsigned); i++)
        word[i] = __shfl_down_sync(ALL_LANES, word[i], by);
    memcpy(&v, word, sizeof(T));
    return v;
}

/* The value of the first lane. */
template <typename T> static __device__ inline T first_lane(T v)
{
    unsigned word[sizeof(T) / sizeof(unsigned)];

    static_assert(sizeof(T) % sizeof(unsigned) == 0, "made of words");
    memcpy(word, &v, sizeof(T));
#pragma unroll
    for (unsigned i = 0; i < sizeof(T) / sizeof(unsigned); i++)
        word[i] = __shfl_sync(ALL_LANES, word[i], 0);
    memcpy(&v, word, sizeof(T));
    return v;
}

/* That of the first lane has all 32. */
template <typename Join>
static __device__ inline typename Join::value warp_join(typename Join::value v,
                                                        Join join)
{
#pragma unroll
    for (int by = WARP / 2; by > 0; by /= 2)
        v = join(v, lane_down(v, by));
    return v;
}

/* What all threads of the block have, joined, to each of them.  All of them
 * call it. */
template <typename Join>
static __device__ inline typename Join::value block_join(typename Join::value v,
                                                         Join join)
{
    __shared__ typename Join::value room[WARP];
    const int warp = static_cast<int>(threadIdx.x) / WARP;
    const int lane = static_cast<int>(threadIdx.x) % WARP;

    v = warp_join(v, join);
    if (lane == 0)
        room[warp] = v;
    __syncthreads();
    if (warp == 0) {
        v = lane < static_cast<int>(blockDim.x) / WARP ? room[lane]
                                                       : Join::none();
        v = warp_join(v, join);
        if (lane == 0)
            room[0] = v;
    }
    __syncthreads();
    v = room[0];
    /* Its next use may come before the last one has read. */
    __syncthreads();
    return v;
}

/* take(i) of all from <= i < to, joined by a block; to each of its threads. */
template <typename Join, typename Take>
static __device__ inline typename Join::value
block_over(int64_t from, int64_t to, Join join, Take take)
{
    typename Join::value v = Join::none();

    for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x)
        v = join(v, take(i));
    return block_join(v, join);
}

/* take(i) of all from <= i < to, joined by a warp; to its first lane. */
template <typename Join, typename Take>
static __device__ inline typename Join::value
warp_over(int64_t from, int64_t to, Join join, Take take)
{
    typename Join::value v = Join::none();

    for (int64_t i = from + threadIdx.x % WARP; i < to; i += WARP)
        v = join(v, take(i));
    return warp_join(v, join);
}

/* Numbers of one column of (rows, columns, area), in their order: where number
 * i lies, for i = `first`, `first` + `step`, ... without a division for each.
 * `area` and `step` count what is read at once. */
class column_walk
{
  public:
    __device__ inline column_walk(int64_t columns, int64_t area, int64_t column,
                                  int64_t first, int64_t step)
        : area_(area), apart_(columns * area), rows_(step / area),
          rest_(step % area), place_(first % area),
          row_(first / area * apart_ + column * area)
    {
    }
    __device__ inline int64_t at() const
    {
        return row_ + place_;
    }
    __device__ inline void next()
    {
        row_ += rows_ * apart_;
        place_ += rest_;
        if (place_ >= area_) {
            place_ -= area_;
            row_ += apart_;
        }
    }

  private:
    int64_t area_;
    int64_t apart_; /* from one row to the next */
    int64_t rows_;
    int64_t rest_;
    int64_t place_;
    int64_t row_;
};

/* Numbers that lie side by side and are read and written at once. */
template <int N> struct alignas(N * sizeof(float)) pack {
    float v[N];
};

template <int N>
static __device__ inline pack<N> load_pack(const float *from, int64_t i)
{
    return reinterpret_cast<const pack<N> *>(from)[i];
}

template <int N>
static __device__ inline void store_pack(float *to, int64_t i, pack<N> p)
{
    reinterpret_cast<pack<N> *>(to)[i] = p;
}

} /* namespace ost */

#endif
