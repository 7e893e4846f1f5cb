/* kernels/cuda/norm_kernels.cu - batch, instance and layer normalization
 *
 * A group that is small enough is measured and normalized by one block in one
 * kernel.  Otherwise blocks measure parts (OST_PART_LEAST numbers or more, read
 * once, by the method of Chan, Golub and LeVeque), and each block of a second
 * kernel joins what its group's parts have made, in their order, before it
 * goes through its own part.  Backward likewise.
 */
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

/* Moments of the block's numbers, to all of its threads. */
template <int W>
static __device__ inline ost::moments<float>
measure(const ost_norm_groups &g, const task &t, const float *x)
{
    const ost::moments_plus<float> join;
    ost::column_walk walk = walk_of<W>(g, t);
    ost::moments<float> all = join.none();

    for (int64_t i = t.from + threadIdx.x; i < t.to;
         i += AT_ONCE * blockDim.x) {
        ost::pack<W> p[AT_ONCE] = {};
        float sum = 0.0f;
        float squares = 0.0f;
        int packs = 0;

#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            if (i + static_cast<int64_t>(k) * blockDim.x < t.to) {
                p[k] = ost::load_pack<W>(x, walk.at());
                walk.next();
                packs++;
            }
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
#pragma unroll
            for (int j = 0; j < W; j++)
                sum += p[k].v[j];
        const float count = static_cast<float>(packs * W);
        const float mean = sum / count;

#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
#pragma unroll
            for (int j = 0; j < W; j++) {
                const float apart = k < packs ? p[k].v[j] - mean : 0.0f;

                squares += apart * apart;
            }
        all = join(all, ost::moments<float>{ count, mean, squares });
    }
    return ost::block_join(all, join);
}

/* The gradient of what was normalized, W numbers of it. */
template <int W>
static __device__ inline ost::pack<W> gradient_at(const ost_norm_backward &p,
                                                  int64_t at)
{
    ost::pack<W> d = ost::load_pack<W>(p.dy, at);

    if (p.bent) {
        const ost::pack<W> y = ost::load_pack<W>(p.bent, at);

#pragma unroll
        for (int j = 0; j < W; j++)
            if (!(y.v[j] > 0.0f))
                d.v[j] = p.slope != 0.0f ? p.slope * d.v[j] : 0.0f;
    }
    return d;
}

/* Sums of dy and of dy (x - mean) over the block's numbers, likewise. */
template <int W>
static __device__ inline ost::pair<float>
sum_gradients(const ost_norm_groups &g, const task &t,
              const ost_norm_backward &b, float mean)
{
    const ost::pair_plus<float> join;
    ost::column_walk walk = walk_of<W>(g, t);
    ost::pair<float> all = join.none();

    for (int64_t i = t.from + threadIdx.x; i < t.to; i += blockDim.x) {
        const ost::pack<W> p = ost::load_pack<W>(b.x, walk.at());
        const ost::pack<W> d = gradient_at<W>(b, walk.at());
        ost::pair<float> few = join.none();

        walk.next();
#pragma unroll
        for (int j = 0; j < W; j++)
            few =
                join(few, ost::pair<float>{ d.v[j], d.v[j] * (p.v[j] - mean) });
        all = join(all, few);
    }
    return ost::block_join(all, join);
}

/* Mean and sum of squared deviations of a group, from those of its parts. */
static __device__ inline ost::pair<double> join_moments(const ost_norm_work &w,
                                                        int64_t group)
{
    const ost::plus<double> join;
    const ost::moments<float> *part =
        reinterpret_cast<const ost::moments<float> *>(w.partial) +
        group * w.all.cut.parts;
    const double mean =
        w.share * ost::block_over(0, w.all.cut.parts, join, [=](int64_t i) {
            return static_cast<double>(part[i].count) *
                   static_cast<double>(part[i].mean);
        });
    const double squares =
        ost::block_over(0, w.all.cut.parts, join, [=](int64_t i) {
            const double apart = static_cast<double>(part[i].mean) - mean;

            return static_cast<double>(part[i].squares) +
                   apart * apart * static_cast<double>(part[i].count);
        });

    return ost::pair<double>{ mean, squares };
}

/* From mean and squares of a group to its stats. */
static __device__ inline void set_stats(const ost_norm_work &w,
                                        ost::pair<double> m, float *stats)
{
    const float epsilon = static_cast<float>(w.epsilon);
    float s;
    float r;

    if (!w.unbiased) {
        s = 1.0f / sqrtf(static_cast<float>(m.b * w.share + w.epsilon));
        r = s * s * s;
    } else {
        const float d = sqrtf(static_cast<float>(m.b * w.unbiased_share));

        s = 1.0f / (d + epsilon);
        r = d > 0.0f
                ? s * s *
                      static_cast<float>(w.unbiased_share *
                                         static_cast<double>(w.all.cut.count)) /
                      d
                : 0.0f;
    }
    stats[0] = static_cast<float>(m.a);
    stats[1] = s;
    stats[2] = r;
    stats[3] = 0.0f;
}

static __device__ inline void follow(float *running, double momentum,
                                     double batch)
{
    if (running)
        *running = static_cast<float>((1.0 - momentum) *
                                          static_cast<double>(*running) +
                                      momentum * batch);
}

/* Of a group measured by this block or by those before, or as it is known; to
 * all threads. */
template <int W>
static __device__ inline void find_stats(const ost_norm_work &w,
                                         const ost_norm_forward &p, bool whole,
                                         const task &t, float *stats)
{
    __shared__ float room[OST_NORM_STATS];
    ost::pair<double> m = { 0.0, 0.0 };

    if (p.source == OST_NORM_FROM_NUMBERS && whole) {
        const ost::moments<float> own = measure<W>(w.all, t, p.x);

        m = ost::pair<double>{ own.mean, own.squares };
    } else if (p.source == OST_NORM_FROM_NUMBERS) {
        m = join_moments(w, t.group);
    }
    if (threadIdx.x == 0) {
        float *kept = w.stats ? w.stats + t.group * OST_NORM_STATS : nullptr;

        if (p.source == OST_NORM_FROM_NUMBERS) {
            set_stats(w, m, room);
            if (t.part == 0) {
                for (int i = 0; kept && i < OST_NORM_STATS; i++)
                    kept[i] = room[i];
                follow(p.running_mean ? p.running_mean + t.group : nullptr,
                       p.momentum, m.a);
                follow(p.running_var ? p.running_var + t.group : nullptr,
                       p.momentum, m.b * w.unbiased_share);
            }
        } else if (p.source == OST_NORM_FROM_STATS) {
            for (int i = 0; i < OST_NORM_STATS; i++)
                room[i] = kept[i];
        } else {
            room[0] = p.running_mean[t.group];
            room[1] =
                1.0f /
                sqrtf(static_cast<float>(
                    static_cast<double>(p.running_var[t.group]) + w.epsilon));
        }
    }
    __syncthreads();
    stats[0] = room[0];
    stats[1] = room[1];
}

static __device__ inline float channel_number(const float *of, int64_t c,
                                              float otherwise)
{
    return of ? of[c] : otherwise;
}

template <int W>
static __global__ void measure_kernel(ost_norm_work w, const float *x)
{
    const task t = task_of<W>(w.all, false);
    const ost::moments<float> m = measure<W>(w.all, t, x);

    if (threadIdx.x == 0)
        reinterpret_cast<ost::moments<float> *>(w.partial)[blockIdx.x] = m;
}

template <int W, bool TOGETHER>
static __global__ void __launch_bounds__(MOST_THREADS)
    normalize_kernel(ost_norm_work w, ost_norm_forward p, bool whole,
                     ost::divider positions)
{
    const task t = task_of<W>(w.all, whole);
    float stats[2];

    find_stats<W>(w, p, whole, t, stats);
    int64_t c = t.group % w.channels;
    float gain = stats[1] * channel_number(w.weight, c, 1.0f);
    float shift = channel_number(w.bias, c, 0.0f);
    ost::column_walk walk = walk_of<W>(w.all, t);

    for (int64_t i = t.from + threadIdx.x; i < t.to; i += blockDim.x) {
        ost::pack<W> v = ost::load_pack<W>(p.x, walk.at());

        if (TOGETHER) {
            c = ost::divide(static_cast<uint32_t>(i * W), positions);
            gain = stats[1] * w.weight[c];
            shift = w.bias[c];
        }
#pragma unroll
        for (int j = 0; j < W; j++)
            v.v[j] = (v.v[j] - stats[0]) * gain + shift;
        if (p.addend) {
            const ost::pack<W> z = ost::load_pack<W>(p.addend, walk.at());

#pragma unroll
            for (int j = 0; j < W; j++)
                v.v[j] += z.v[j];
        }
        if (p.bends)
#pragma unroll
            for (int j = 0; j < W; j++)
                if (v.v[j] < 0.0f)
                    v.v[j] = p.slope != 0.0f ? p.slope * v.v[j] : 0.0f;
        ost::store_pack<W>(p.y, walk.at(), v);
        walk.next();
    }
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
    const ost::pair<float> sums =
        sum_gradients<W>(w.sums, t, p, stats_of(w, t.group)[0]);

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
    const float mean = stats[0];
    int64_t c = t.group % w.channels;
    float gain =
        stats[1] * (TOGETHER ? 1.0f : channel_number(w.weight, c, 1.0f));
    ost::pair<double> sums;

    if (whole) {
        const ost::pair<float> own = sum_gradients<W>(w.all, t, p, mean);

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
        const ost::pack<W> v = ost::load_pack<W>(p.x, walk.at());
        ost::pack<W> d = gradient_at<W>(p, walk.at());

        if (TOGETHER)
            gain =
                stats[1] *
                w.weight[ost::divide(static_cast<uint32_t>(i * W), positions)];
#pragma unroll
        for (int j = 0; j < W; j++)
            d.v[j] = d.v[j] * gain - level - (v.v[j] - mean) * slope;
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

static unsigned threads_for(int64_t count, int64_t at_once, int64_t most)
{
    const int64_t wanted = (count + at_once - 1) / at_once;
    const int64_t warps = (wanted + ost::WARP - 1) / ost::WARP;
    const int64_t threads = warps * ost::WARP;

    return static_cast<unsigned>(threads < ost::WARP ? ost::WARP
                                 : threads < most    ? threads
                                                     : most);
}

/* Threads of a block that goes through all of a group, or a part of it. */
static unsigned threads_of(const ost_norm_groups &g, bool whole, int width)
{
    const int64_t part = g.cut.count < g.cut.size ? g.cut.count : g.cut.size;

    return whole ? threads_for(g.cut.count, AT_ONCE * width, MOST_THREADS)
                 : threads_for(part, AT_ONCE * width, ost::THREADS);
}

static unsigned blocks_of(const ost_norm_groups &g, bool whole)
{
    return static_cast<unsigned>(whole ? g.groups : g.groups * g.cut.parts);
}

/* Whether four numbers of a group that lie side by side are of one channel and
 * stand on 16 bytes. */
static bool is_wide(const ost_norm_work &w)
{
    return w.all.area % 4 == 0 && (!w.together || w.positions % 4 == 0);
}

template <int W, bool TOGETHER>
static int normalize(const ost_norm_work &w, const ost_norm_forward &p,
                     void *stream)
{
    const bool measured = p.source == OST_NORM_FROM_NUMBERS;
    const bool whole = measured && w.all.cut.count <= OST_NORM_WHOLE;
    int status = 0;

    if (measured && !whole)
        status = OST_LAUNCH(measure_kernel<W>, blocks_of(w.all, false),
                            threads_of(w.all, false, W), 0, stream, w, p.x);
    if (status)
        return status;
    auto *kernel = normalize_kernel<W, TOGETHER>;

    return OST_LAUNCH(kernel, blocks_of(w.all, whole),
                      threads_of(w.all, whole, W), 0, stream, w, p, whole,
                      ost::divider_of(TOGETHER ? w.positions : 1));
}

template <int W, bool TOGETHER>
static int differentiate(const ost_norm_work &w, const ost_norm_backward &p,
                         void *stream)
{
    const bool whole = !TOGETHER && p.dx && w.all.cut.count <= OST_NORM_WHOLE;
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

int ost_cuda_launch_norm(const ost_norm_work *work,
                         const ost_norm_forward *pass, void *stream)
{
    using norms::normalize;

    if (norms::is_wide(*work))
        return work->together ? normalize<4, true>(*work, *pass, stream)
                              : normalize<4, false>(*work, *pass, stream);
    return work->together ? normalize<1, true>(*work, *pass, stream)
                          : normalize<1, false>(*work, *pass, stream);
}

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
