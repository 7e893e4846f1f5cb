/* kernels/cuda/norm_kernels.cu - batch, instance and layer normalization,
 * forward
 *
 * A group that is small enough is measured and normalized by one block in one
 * kernel.  Otherwise blocks measure parts (OST_PART_LEAST numbers or more, read
 * once, by the method of Chan, Golub and LeVeque), and each block of a second
 * kernel joins what its group's parts have made, in their order, before it
 * goes through its own part.
 */
#include "kernels/cuda/norm_parts.h"

namespace norms
{

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
    line l = line_of(w, stats, t.group % w.channels);
    ost::column_walk walk = walk_of<W>(w.all, t);

    for (int64_t i = t.from + threadIdx.x; i < t.to; i += blockDim.x) {
        ost::pack<W> v = ost::load_pack<W>(p.x, walk.at());

        if (TOGETHER)
            l = line_of(w, stats,
                        ost::divide(static_cast<uint32_t>(i * W), positions));
#pragma unroll
        for (int j = 0; j < W; j++)
            v.v[j] = l(v.v[j]);
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

template <int W, bool TOGETHER>
static int normalize(const ost_norm_work &w, const ost_norm_forward &p,
                     void *stream)
{
    const bool measured = p.source == OST_NORM_FROM_NUMBERS;
    const bool whole = measured && ost_norm_is_whole(&w.all);
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
