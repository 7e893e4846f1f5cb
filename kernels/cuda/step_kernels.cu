/* kernels/cuda/step_kernels.cu - from gradients to better weights
 *
 * A block takes OST_STEP_NUMBERS of one array, four at a time.
 */
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/step_kernels.h"

namespace
{

constexpr int WIDE = 4;

/* The array of this block. */
static __device__ inline int array_of(const ost_step_args &s)
{
    int k = 0;
    int end = s.arrays;

    while (end - k > 1) {
        const int middle = (k + end) / 2;

        if (s.first[middle] <= blockIdx.x)
            k = middle;
        else
            end = middle;
    }
    return k;
}

/* What an update reads and writes, of W numbers. */
template <int W> struct numbers {
    ost::pack<W> g;
    ost::pack<W> w;
    ost::pack<W> m;
    ost::pack<W> v;
};

struct sgd {
    template <int W>
    static __device__ void update(const ost_step_args &s,
                                  const ost_step_array &a, float scale,
                                  numbers<W> &n)
    {
#pragma unroll
        for (int j = 0; j < W; j++) {
            float d = scale * n.g.v[j] + a.decay * n.w.v[j];

            if (a.state[0]) {
                n.m.v[j] = s.momentum * n.m.v[j] + d;
                d = s.nesterov ? d + s.momentum * n.m.v[j] : n.m.v[j];
            }
            n.w.v[j] -= s.rate * d;
        }
    }
};

struct adam {
    template <int W>
    static __device__ void update(const ost_step_args &s,
                                  const ost_step_array &a, float scale,
                                  numbers<W> &n)
    {
#pragma unroll
        for (int j = 0; j < W; j++) {
            const float d = scale * n.g.v[j] + a.decay * n.w.v[j];

            n.m.v[j] = s.beta1 * n.m.v[j] + s.rest1 * d;
            n.v.v[j] = s.beta2 * n.v.v[j] + s.rest2 * d * d;
            n.w.v[j] =
                a.shrink * n.w.v[j] -
                s.rate * n.m.v[j] / (sqrtf(n.v.v[j]) / s.root + s.epsilon);
        }
    }
};

struct approach {
    template <int W>
    static __device__ void update(const ost_step_args &s,
                                  const ost_step_array &, float, numbers<W> &n)
    {
#pragma unroll
        for (int j = 0; j < W; j++)
            n.w.v[j] += s.rate * (n.g.v[j] - n.w.v[j]);
    }
};

/* Numbers W i to before W (i + 1) of the array. */
template <class RULE, int W>
static __device__ inline void
update(const ost_step_args &s, const ost_step_array &a, float scale, int64_t i)
{
    numbers<W> n = {};

    n.g = ost::load_pack<W>(a.grad, i);
    n.w = ost::load_pack<W>(a.data, i);
    if (a.state[0])
        n.m = ost::load_pack<W>(a.state[0], i);
    if (a.state[1])
        n.v = ost::load_pack<W>(a.state[1], i);
    RULE::update(s, a, scale, n);
    ost::store_pack<W>(a.data, i, n.w);
    if (a.state[0])
        ost::store_pack<W>(a.state[0], i, n.m);
    if (a.state[1])
        ost::store_pack<W>(a.state[1], i, n.v);
}

template <class RULE> __global__ void step_kernel(ost_step_args s)
{
    const int k = array_of(s);
    const ost_step_array &a = s.array[k];
    const float scale = s.scale ? static_cast<float>(*s.scale) : 1.0f;
    const int64_t from =
        static_cast<int64_t>(blockIdx.x - s.first[k]) * OST_STEP_NUMBERS;
    const int64_t to =
        from + OST_STEP_NUMBERS < a.count ? from + OST_STEP_NUMBERS : a.count;
    const int64_t rest = to - to % WIDE;

    if (scale != scale)
        return;
    for (int64_t i = from / WIDE + threadIdx.x; i < rest / WIDE;
         i += blockDim.x)
        update<RULE, WIDE>(s, a, scale, i);
    for (int64_t i = rest + threadIdx.x; i < to; i += blockDim.x)
        update<RULE, 1>(s, a, scale, i);
}

__global__ void step_squares_kernel(ost_step_args s, double *parts)
{
    const int k = array_of(s);
    const ost_step_array &a = s.array[k];
    const int64_t from =
        static_cast<int64_t>(blockIdx.x - s.first[k]) * OST_STEP_NUMBERS;
    const int64_t to =
        from + OST_STEP_NUMBERS < a.count ? from + OST_STEP_NUMBERS : a.count;
    const double sum =
        ost::block_over(from, to, ost::plus<double>(), [&](int64_t i) {
            return static_cast<double>(a.grad[i]) *
                   static_cast<double>(a.grad[i]);
        });

    if (threadIdx.x == 0)
        parts[blockIdx.x] = sum;
}

/* By one block. */
__global__ void clip_kernel(const double *parts, int64_t count, double most,
                            double *scale)
{
    const double sum = ost::block_over(0, count, ost::plus<double>(),
                                       [&](int64_t i) { return parts[i]; });
    const double norm = sqrt(sum);

    if (threadIdx.x != 0)
        return;
    *scale = most / (norm + 1e-6);
    if (*scale > 1.0)
        *scale = 1.0;
    if (!(norm <= 1.7976931348623157e308))
        *scale = NAN;
}

template <class RULE> cudaError_t launch(const ost_step_args &s, void *stream)
{
    if (s.arrays < 1)
        return cudaSuccess;
    return OST_LAUNCH(step_kernel<RULE>, s.first[s.arrays], ost::THREADS, 0,
                      stream, s);
}

} /* namespace */

int ost_cuda_launch_sgd(const ost_step_args *step, void *stream)
{
    return launch<sgd>(*step, stream);
}

int ost_cuda_launch_adam(const ost_step_args *step, void *stream)
{
    return launch<adam>(*step, stream);
}

int ost_cuda_launch_approach(const ost_step_args *step, void *stream)
{
    return launch<approach>(*step, stream);
}

int ost_cuda_launch_step_squares(const ost_step_args *step, double *parts,
                                 void *stream)
{
    return OST_LAUNCH(step_squares_kernel, step->first[step->arrays],
                      ost::THREADS, 0, stream, *step, parts);
}

int ost_cuda_launch_clip(const double *parts, int64_t count, double most,
                         double *scale, void *stream)
{
    return OST_LAUNCH(clip_kernel, 1, ost::THREADS, 0, stream, parts, count,
                      most, scale);
}
