/* kernels/cuda/class_kernels.cu - the loss of classifiers, in double
 *
 * A thread takes a position, or a warp where an item has many classes side by
 * side.  The weights of all positions are summed up first, unless they were
 * told, and classes that there are not are looked for.
 */
#include "kernels/cuda/loss_kernels.h"
#include "kernels/cuda/reduce.h"

namespace
{

constexpr int64_t SMALL = 8192; /* logits that one block does alone */
constexpr int64_t MANY = 32;    /* classes that a warp takes */
constexpr int64_t NONE = INT64_MAX;

/* How the work is cut. */
struct plan {
    ost_cut weights; /* positions whose weights a block sums up */
    int64_t blocks;  /* for the positions' losses */
    bool by_warps;
    bool alone; /* one block does it all */
};

/* A sum of weights, and the first position of a class that there is not. */
struct tally {
    double weight;
    int64_t bad;
};

struct tally_join {
    typedef tally value;
    static __device__ tally none()
    {
        return tally{ 0.0, NONE };
    }
    __device__ tally operator()(tally a, tally b) const
    {
        return tally{ a.weight + b.weight, a.bad < b.bad ? a.bad : b.bad };
    }
};

/* In `parts`: tallies, then losses of blocks. */
static __device__ inline tally *tallies(const ost_class_args &l)
{
    return reinterpret_cast<tally *>(l.parts);
}

static __device__ inline double *losses(const ost_class_args &l, const plan &p)
{
    return l.parts + 2 * p.weights.parts;
}

static __device__ inline double weight_of(const ost_class_args &l, int64_t n)
{
    const int32_t y = l.classes[n];

    if (y < 0 || y >= l.kinds)
        return 0.0;
    return l.weights ? l.weights[y] : 1.0;
}

static __device__ tally tally_of(const ost_class_args &l, int64_t from,
                                 int64_t to)
{
    return ost::block_over(from, to, tally_join(), [&](int64_t n) {
        return tally{ weight_of(l, n), l.classes[n] >= l.kinds ? n : NONE };
    });
}

__global__ void tally_kernel(ost_class_args l, plan p)
{
    const int64_t from = blockIdx.x * p.weights.size;
    const int64_t to = from + p.weights.size;
    const tally t =
        tally_of(l, from, to < p.weights.count ? to : p.weights.count);

    if (threadIdx.x == 0)
        tallies(l)[blockIdx.x] = t;
}

static __device__ tally all_of(const ost_class_args &l, const plan &p)
{
    return ost::block_over(0, p.weights.parts, tally_join(),
                           [&](int64_t i) { return tallies(l)[i]; });
}

static __device__ inline double to_all_lanes(double v)
{
    return __shfl_sync(ost::ALL_LANES, v, 0);
}

/* What position n adds to the loss; by a warp, the part of this lane. */
template <bool WARP>
static __device__ double position(const ost_class_args &l, double total,
                                  int64_t n)
{
    const int first = WARP ? threadIdx.x % ost::WARP : 0;
    const int step = WARP ? ost::WARP : 1;
    const int64_t at = n / l.area * l.kinds * l.area + n % l.area;
    const float *x = l.logits + at;
    const double w = total > 0.0 ? weight_of(l, n) / total : 0.0;
    double highest = x[0];
    double sum = 0.0;
    double loss = 0.0;

    for (int64_t i = first; i < l.kinds; i += step)
        highest = x[i * l.area] > highest ? x[i * l.area] : highest;
    if (WARP)
        highest = to_all_lanes(ost::warp_join(highest, ost::highest<double>()));
    for (int64_t i = first; i < l.kinds; i += step)
        sum += exp(x[i * l.area] - highest);
    if (WARP)
        sum = to_all_lanes(ost::warp_join(sum, ost::plus<double>()));

    const double log_z = log(sum);

    for (int64_t i = first; i < l.kinds; i += step) {
        const int64_t k = i * l.area;
        const double right = i == l.classes[n] ? 1.0 : 0.0;
        const double p = exp(x[k] - highest - log_z);

        if (l.probabilities)
            l.probabilities[at + k] = static_cast<float>(p);
        if (l.grad)
            l.grad[at + k] =
                w > 0.0 ? static_cast<float>(w * (p - right)) : 0.0f;
        if (right > 0.0 && w > 0.0)
            loss = -w * (x[k] - highest - log_z);
    }
    return loss;
}

/* What the positions of this block add; to all of its threads. */
template <bool WARP>
static __device__ double positions(const ost_class_args &l, double total)
{
    const int lanes = WARP ? ost::WARP : 1;
    const int64_t count = l.items * l.area;
    const int64_t step = ost::index_stride() / lanes;
    double loss = 0.0;

    for (int64_t n = ost::first_index() / lanes; n < count; n += step)
        loss += position<WARP>(l, total, n);
    return ost::block_join(loss, ost::plus<double>());
}

static __device__ void judge(const ost_class_args &l, double loss, int64_t bad)
{
    *l.verdict = ost_class_verdict{
        loss,
        bad == NONE ? -1 : bad / l.area,
        bad == NONE ? 0 : l.classes[bad],
        l.kinds,
    };
}

template <bool WARP> __global__ void alone_kernel(ost_class_args l)
{
    const tally t = tally_of(l, 0, l.items * l.area);
    const double loss = positions<WARP>(l, l.total > 0.0 ? l.total : t.weight);

    if (threadIdx.x == 0)
        judge(l, loss, t.bad);
}

template <bool WARP> __global__ void positions_kernel(ost_class_args l, plan p)
{
    const double total = l.total > 0.0 ? l.total : all_of(l, p).weight;
    const double loss = positions<WARP>(l, total);

    if (threadIdx.x == 0)
        losses(l, p)[blockIdx.x] = loss;
}

/* By one block. */
__global__ void judge_kernel(ost_class_args l, plan p)
{
    const tally t = all_of(l, p);
    const double loss =
        ost::block_over(0, p.blocks, ost::plus<double>(),
                        [&](int64_t i) { return losses(l, p)[i]; });

    if (threadIdx.x == 0)
        judge(l, loss, t.bad);
}

plan plan_of(int64_t items, int64_t kinds, int64_t area)
{
    const int64_t count = items * area;
    plan p;

    p.weights = ost_cut_of(count, 1);
    p.by_warps = area == 1 && kinds >= MANY;
    p.alone = count * kinds <= SMALL;
    p.blocks = (count * (p.by_warps ? ost::WARP : 1) + ost::THREADS - 1) /
               ost::THREADS;
    p.blocks = p.blocks > 1024 ? 1024 : p.blocks;
    return p;
}

template <bool WARP>
cudaError_t launch(const ost_class_args &l, const plan &p, void *stream)
{
    cudaError_t status;

    if (p.alone)
        return OST_LAUNCH(alone_kernel<WARP>, 1, ost::THREADS, 0, stream, l);
    status = OST_LAUNCH(tally_kernel, static_cast<unsigned>(p.weights.parts),
                        ost::THREADS, 0, stream, l, p);
    if (status == cudaSuccess)
        status =
            OST_LAUNCH(positions_kernel<WARP>, static_cast<unsigned>(p.blocks),
                       ost::THREADS, 0, stream, l, p);
    if (status == cudaSuccess)
        status = OST_LAUNCH(judge_kernel, 1, ost::THREADS, 0, stream, l, p);
    return status;
}

} /* namespace */

int64_t ost_cuda_class_parts(int64_t items, int64_t kinds, int64_t area)
{
    const plan p = plan_of(items, kinds, area);

    return 2 * p.weights.parts + p.blocks;
}

int ost_cuda_launch_class(const ost_class_args *loss, void *stream)
{
    const plan p = plan_of(loss->items, loss->kinds, loss->area);

    return p.by_warps ? launch<true>(*loss, p, stream)
                      : launch<false>(*loss, p, stream);
}
