/* kernels/cuda/bias_kernels.cu - the gradient of a bias, behind a chain
 *
 * A block goes through a channel, or through a part of one where channels are
 * large; parts are then joined in a second launch.
 */
#include "kernels/cuda/bias_kernels.h"
#include "kernels/cuda/chain_steps.h"
#include "kernels/cuda/reduce.h"

namespace
{

using ost::chain::code;
using ost::chain::fixed;
using ost::chain::listed;

constexpr int64_t WHOLE = 32768; /* numbers of a channel that one block takes */

static __device__ inline void give(float *grad, int64_t c, bool add, double v)
{
    const float now = static_cast<float>(v);

    grad[c] = add ? grad[c] + now : now;
}

template <class STEPS, int W, typename I>
__global__ void bias_kernel(ost_chain_args c, ost_cut cut, double *parts,
                            bool add, float *grad)
{
    const int64_t channel = blockIdx.x / cut.parts;
    const int64_t from = blockIdx.x % cut.parts * cut.size;
    const int64_t to =
        from + cut.size < cut.count ? from + cut.size : cut.count;
    ost::column_walk walk(c.channels, c.area / W, channel,
                          from / W + threadIdx.x, blockDim.x);
    double sum = 0.0;

    for (int64_t i = from / W + threadIdx.x; i < to / W; i += blockDim.x) {
        const int64_t at = walk.at() * W;
        float x[W];

        walk.next();
        ost::chain::load<W>(c.from + at, x);
        STEPS::template run<W, I>(c, static_cast<I>(at), x);
        if (c.steps)
            ost::chain::store<W>(c.to + at, x);
#pragma unroll
        for (int k = 0; k < W; k++)
            sum += static_cast<double>(x[k]);
    }
    sum = ost::block_join(sum, ost::plus<double>());
    if (threadIdx.x != 0)
        return;
    if (cut.parts == 1)
        give(grad, channel, add, sum);
    else
        parts[blockIdx.x] = sum;
}

/* By one block for each channel. */
__global__ void join_parts_kernel(const double *parts, int64_t count, bool add,
                                  float *grad)
{
    const double *part = parts + blockIdx.x * count;
    const double sum = ost::block_over(0, count, ost::plus<double>(),
                                       [=](int64_t i) { return part[i]; });

    if (threadIdx.x == 0)
        give(grad, blockIdx.x, add, sum);
}

ost_cut cut_of(int64_t count, int64_t channels)
{
    const int64_t each = count / channels;
    ost_cut cut = { each, each, 1 };

    return each <= WHOLE ? cut : ost_cut_of(each, channels);
}

template <class STEPS, int W, typename I>
cudaError_t launch(const ost_chain_args &c, const ost_cut &cut, double *parts,
                   bool add, float *grad, void *stream)
{
    auto *kernel = bias_kernel<STEPS, W, I>;

    return OST_LAUNCH(kernel, static_cast<unsigned>(c.channels * cut.parts),
                      ost::THREADS, 0, stream, c, cut, parts, add, grad);
}

cudaError_t launch_any(const ost_chain_args &c, const ost_cut &cut,
                       double *parts, bool add, float *grad, void *stream)
{
    typedef fixed<code(OST_CHAIN_RELU_BACK)> relu;
    typedef fixed<code(OST_CHAIN_GATE)> leaky;
    const bool wide = c.area % 4 == 0 && ost::chain::is_wide(c);

    if (c.count > INT32_MAX)
        return wide ? launch<listed, 4, int64_t>(c, cut, parts, add, grad,
                                                 stream)
                    : launch<listed, 1, int64_t>(c, cut, parts, add, grad,
                                                 stream);
    if (!wide)
        return launch<listed, 1, uint32_t>(c, cut, parts, add, grad, stream);
    if (relu::is(c))
        return launch<relu, 4, uint32_t>(c, cut, parts, add, grad, stream);
    if (leaky::is(c))
        return launch<leaky, 4, uint32_t>(c, cut, parts, add, grad, stream);
    return launch<listed, 4, uint32_t>(c, cut, parts, add, grad, stream);
}

} /* namespace */

int64_t ost_cuda_bias_parts(int64_t count, int64_t channels)
{
    const ost_cut cut = cut_of(count, channels);

    return cut.parts > 1 ? channels * cut.parts : 0;
}

int ost_cuda_launch_bias(const ost_chain_args *chain, double *parts, bool add,
                         float *grad, void *stream)
{
    const ost_chain_args &c = *chain;
    const ost_cut cut = cut_of(c.count, c.channels);
    const cudaError_t status = launch_any(c, cut, parts, add, grad, stream);

    if (status != cudaSuccess || cut.parts == 1)
        return status;
    return OST_LAUNCH(join_parts_kernel, static_cast<unsigned>(c.channels),
                      2 * ost::WARP, 0, stream, parts, cut.parts, add, grad);
}
