/* kernels/cuda/norm_back_kernels.cu - batch, instance and layer normalization,
 * backward
 *
 * A group that is small enough is summed and differentiated by one block in one
 * kernel.  Otherwise blocks sum parts, and each block of a second kernel joins
 * what its group's parts have made, in their order, before it goes through its
 * own part.
 */
#include "kernels/cuda/norm_parts.h"

namespace norms
{

/* Gradients behind a ReLU, and what they are in front of it, where x lies. */
template <int W>
static __device__ inline ost::pack<W>
load_gradients(const ost_norm_backward &p, int64_t at, line l, ost::pack<W> x)
{
    ost::pack<W> d = ost::load_pack<W>(p.dy, at);

    if (p.bends)
#pragma unroll
        for (int j = 0; j < W; j++)
            if (!(l(x.v[j]) > 0.0f))
                d.v[j] = p.slope != 0.0f ? p.slope * d.v[j] : 0.0f;
    return d;
}

/* Sums of dy and of dy (x - mean) over the block's numbers, likewise. */
template <int W>
static __device__ inline ost::pair<float>
sum_gradients(const ost_norm_groups &g, const task &t,
              const ost_norm_backward &p, line l)
{
    const ost::pair_plus<float> join;
    ost::column_walk walk = walk_of<W>(g, t);
    ost::pair<float> all = join.none();

    for (int64_t i = t.from + threadIdx.x; i < t.to; i += blockDim.x) {
        const ost::pack<W> x = ost::load_pack<W>(p.x, walk.at());
        const ost::pack<W> d = load_gradients<W>(p, walk.at(), l, x);
        ost::pair<float> few = join.none();

        walk.next();
#pragma unroll
        for (int j = 0; j < W; j++)
            few = join(few,
                       ost::pair<float>{ d.v[j], d.v[j] * (x.v[j] - l.mean) });
        all = join(all, few);
    }
    return ost::block_join(all, join);
}

/* The stats of a group whose gradients are summed. */
static __device__ inline const float *stats_of(const ost_norm_work &w,
                                               int64_t group)
{
    return w.stats + (w.together ? group / w.channels : group) * OST_NORM_STATS;
}

template <int W>
static __global__ void sums_kernel(ost_norm_work w, ost_norm_backward p)
{
    const task t = task_of<W>(w.sums, false);
    const line l = line_of(w, stats_of(w, t.group), t.group % w.channels);
    const ost::pair<float> sums = sum_gradients<W>(w.sums, t, p, l);

    if (threadIdx.x == 0)
        reinterpret_cast<ost::pair<float> *>(w.partial)[blockIdx.x] = sums;
}

/* A group's P and Q, to all threads, from the parts of its channels. */
template <bool TOGETHER>
static __device__ inline ost::pair<double> join_sums(const ost_norm_work &w,
                                                     int64_t group)
{
    const uint32_t parts = static_cast<uint32_t>(w.sums.cut.parts);
    const int64_t all = TOGETHER ? parts * w.channels : parts;
    const ost::pair<float> *part =
        reinterpret_cast<const ost::pair<float> *>(w.partial) + group * all;
    const float *weight = w.weight;

    return ost::block_over(0, all, ost::pair_plus<double>(), [=](int64_t i) {
        const double by =
            TOGETHER ? weight[static_cast<uint32_t>(i) / parts] : 1.0;

        return ost::pair<double>{ by * part[i].a, by * part[i].b };
    });
}

static __device__ inline void give(float *grad, int64_t c, bool add, double v)
{
    const float now = static_cast<float>(v);

    grad[c] = add ? grad[c] + now : now;
}

/* dx; the gradients of weights too where a group is a channel (`columns`). */
template <int W, bool TOGETHER>
static __global__ void __launch_bounds__(MOST_THREADS)
    gradients_kernel(ost_norm_work w, ost_norm_backward p, bool whole,
                     bool columns, ost::divider positions)
{
    __shared__ float room[2];
    const task t = task_of<W>(w.all, whole);
    const float *stats = w.stats + t.group * OST_NORM_STATS;
    const int64_t c = t.group % w.channels;
    line l = line_of(w, stats, c);
    ost::pair<double> sums;

    if (whole) {
        const ost::pair<float> own = sum_gradients<W>(w.all, t, p, l);

        sums = ost::pair<double>{ own.a, own.b };
        if (threadIdx.x == 0)
            reinterpret_cast<ost::pair<float> *>(w.partial)[t.group] = own;
    } else {
        sums = join_sums<TOGETHER>(w, t.group);
    }
    if (threadIdx.x == 0) {
        const double by = TOGETHER ? 1.0 : channel_number(w.weight, c, 1.0f);

        room[0] = static_cast<float>(stats[1] * by * sums.a * w.share);
        room[1] = static_cast<float>(stats[2] * by * sums.b * w.share);
        if (columns && t.part == 0 && p.weight_grad) {
            give(p.weight_grad, c, p.add_weight, sums.b * stats[1]);
            give(p.bias_grad, c, p.add_bias, sums.a);
        }
    }
    __syncthreads();
    if (!p.dx)
        return;
    const float level = room[0];
    const float slope = room[1];
    ost::column_walk walk = walk_of<W>(w.all, t);

    for (int64_t i = t.from + threadIdx.x; i < t.to; i += blockDim.x) {
        const ost::pack<W> x = ost::load_pack<W>(p.x, walk.at());

        if (TOGETHER)
            l = line_of(w, stats,
                        ost::divide(static_cast<uint32_t>(i * W), positions));
        ost::pack<W> d = load_gradients<W>(p, walk.at(), l, x);

#pragma unroll
        for (int j = 0; j < W; j++)
            d.v[j] = d.v[j] * l.gain - level - (x.v[j] - l.mean) * slope;
        if (p.add) {
            const ost::pack<W> sum = ost::load_pack<W>(p.dx, walk.at());

#pragma unroll
            for (int j = 0; j < W; j++)
                d.v[j] = sum.v[j] + d.v[j];
        }
        ost::store_pack<W>(p.dx, walk.at(), d);
        walk.next();
    }
}

/* Gradients of the weights of channel blockIdx.x over all items, whose sums
 * have `parts` parts. */
static __global__ void slopes_kernel(ost_norm_work w, ost_norm_backward p,
                                     int64_t items, int64_t parts)
{
    const int64_t c = blockIdx.x;
    const ost::pair<float> *part =
        reinterpret_cast<const ost::pair<float> *>(w.partial);
    const ost::pair<double> sums = ost::block_over(
        0, items * parts, ost::pair_plus<double>(), [&](int64_t i) {
            const int64_t group = i / parts * w.channels + c;
            const ost::pair<float> s = part[group * parts + i % parts];

            return ost::pair<double>{ s.a, static_cast<double>(s.b) *
                                               stats_of(w, group)[1] };
        });

    if (threadIdx.x == 0) {
        give(p.weight_grad, c, p.add_weight, sums.b);
        give(p.bias_grad, c, p.add_bias, sums.a);
    }
}

template <int W, bool TOGETHER>
static int differentiate(const ost_norm_work &w, const ost_norm_backward &p,
                         void *stream)
{
    const bool whole = !TOGETHER && p.dx && ost_norm_is_whole(&w.all);
    const bool columns = !TOGETHER && w.all.groups == w.channels;
    const int64_t parts = whole ? 1 : w.sums.cut.parts;
    const int64_t items = w.sums.groups / w.channels;
    int status = 0;

    if (!whole)
        status = OST_LAUNCH(sums_kernel<W>, blocks_of(w.sums, false),
                            threads_of(w.sums, false, W), 0, stream, w, p);
    if (!status && (p.dx || columns)) {
        auto *kernel = gradients_kernel<W, TOGETHER>;

        status =
            OST_LAUNCH(kernel, blocks_of(w.all, whole),
                       threads_of(w.all, whole, W), 0, stream, w, p, whole,
                       columns, ost::divider_of(TOGETHER ? w.positions : 1));
    }
    if (status || columns || !p.weight_grad)
        return status;
    return OST_LAUNCH(slopes_kernel, static_cast<unsigned>(w.channels),
                      threads_for(items * parts, 1, ost::THREADS), 0, stream, w,
                      p, items, parts);
}

} /* namespace norms */

int ost_cuda_launch_norm_back(const ost_norm_work *work,
                              const ost_norm_backward *pass, void *stream)
{
    using norms::differentiate;

    if (!pass->dx && !pass->weight_grad)
        return 0;
    if (norms::is_wide(*work))
        return work->together ? differentiate<4, true>(*work, *pass, stream)
                              : differentiate<4, false>(*work, *pass, stream);
    return work->together ? differentiate<1, true>(*work, *pass, stream)
                          : differentiate<1, false>(*work, *pass, stream);
}
