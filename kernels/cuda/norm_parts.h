/* kernels/cuda/norm_parts.h - what a block of a norm's kernel works on
 *
 * For norm_kernels.cu and norm_back_kernels.cu.
 */
#ifndef OST_KERNELS_CUDA_NORM_PARTS_H
#define OST_KERNELS_CUDA_NORM_PARTS_H

#include "kernels/cuda/divide.h"
#include "kernels/cuda/norm_kernels.h"
#include "kernels/cuda/reduce.h"

namespace norms
{

constexpr int MOST_THREADS = 512;
constexpr int AT_ONCE = 4; /* packs that a thread reads before it sums */

/* What a block works on: packs of W numbers of a group. */
struct task {
    int64_t group;
    int64_t part;
    int64_t from;
    int64_t to;
};

template <int W>
static __device__ inline task task_of(const ost_norm_groups &g, bool whole)
{
    task t = { static_cast<int64_t>(blockIdx.x), 0, 0, g.cut.count / W };

    if (whole)
        return t;
    t.group = blockIdx.x / static_cast<uint32_t>(g.cut.parts);
    t.part = blockIdx.x % static_cast<uint32_t>(g.cut.parts);
    t.from = t.part * (g.cut.size / W);
    if (t.from + g.cut.size / W < t.to)
        t.to = t.from + g.cut.size / W;
    return t;
}

template <int W>
static __device__ inline ost::column_walk walk_of(const ost_norm_groups &g,
                                                  const task &t)
{
    return ost::column_walk(g.groups, g.area / W, t.group, t.from + threadIdx.x,
                            blockDim.x);
}

/* What a number of a group becomes: (x - mean) gain + shift. */
struct line {
    float mean;
    float gain;
    float shift;

    __device__ inline float operator()(float x) const
    {
        return (x - mean) * gain + shift;
    }
};

static __device__ inline float channel_number(const float *of, int64_t c,
                                              float otherwise)
{
    return of ? of[c] : otherwise;
}

/* That of channel c. */
static __device__ inline line line_of(const ost_norm_work &w,
                                      const float *stats, int64_t c)
{
    return line{ stats[0], stats[1] * channel_number(w.weight, c, 1.0f),
                 channel_number(w.bias, c, 0.0f) };
}

static inline unsigned threads_for(int64_t count, int64_t at_once, int64_t most)
{
    const int64_t wanted = (count + at_once - 1) / at_once;
    const int64_t warps = (wanted + ost::WARP - 1) / ost::WARP;
    const int64_t threads = warps * ost::WARP;

    return static_cast<unsigned>(threads < ost::WARP ? ost::WARP
                                 : threads < most    ? threads
                                                     : most);
}

/* Threads of a block that goes through all of a group, or a part of it. */
static inline unsigned threads_of(const ost_norm_groups &g, bool whole,
                                  int width)
{
    const int64_t part = g.cut.count < g.cut.size ? g.cut.count : g.cut.size;

    return whole ? threads_for(g.cut.count, AT_ONCE * width, MOST_THREADS)
                 : threads_for(part, AT_ONCE * width, ost::THREADS);
}

static inline unsigned blocks_of(const ost_norm_groups &g, bool whole)
{
    return static_cast<unsigned>(whole ? g.groups : g.groups * g.cut.parts);
}

/* Whether four numbers of a group that lie side by side are of one channel and
 * stand on 16 bytes. */
static inline bool is_wide(const ost_norm_work &w)
{
    return w.all.area % 4 == 0 && (!w.together || w.positions % 4 == 0);
}

} /* namespace norms */

#endif
