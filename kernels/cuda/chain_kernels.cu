/* kernels/cuda/chain_kernels.cu - steps on each number, in one kernel
 *
 * A thread takes four numbers at a time where the count allows it.  Usual
 * chains are compiled as such; all others are looked up step by step, which
 * every thread does alike.
 */
#include "kernels/cuda/chain_steps.h"

namespace
{

using namespace ost::chain;

template <class STEPS, int W, typename I>
__global__ void chain_kernel(ost_chain_args c)
{
    const int64_t stride = ost::index_stride() * W;

    for (int64_t i = ost::first_index() * W; i < c.count; i += stride) {
        float x[W] = {};

        if (c.from)
            load<W>(c.from + i, x);
        STEPS::template run<W, I>(c, static_cast<I>(i), x);
        store<W>(c.to + i, x);
    }
}

template <class STEPS, int W, typename I>
cudaError_t launch(const ost_chain_args &c, void *stream)
{
    auto *kernel = chain_kernel<STEPS, W, I>;

    return OST_LAUNCH(kernel, ost::blocks_for(c.count / W), ost::THREADS, 0,
                      stream, c);
}

template <typename I>
cudaError_t launch_listed(const ost_chain_args &c, bool wide, void *stream)
{
    return wide ? launch<listed, 4, I>(c, stream)
                : launch<listed, 1, I>(c, stream);
}

/* Launches the first of several chains that it is; false when it is none. */
template <class... CHAINS>
bool launch_fixed(const ost_chain_args &c, void *stream, cudaError_t *status)
{
    return ((CHAINS::is(c) &&
             ((*status = launch<CHAINS, 4, uint32_t>(c, stream)), true)) ||
            ...);
}

bool launch_usual(const ost_chain_args &c, void *stream, cudaError_t *status)
{
    constexpr int relu = code(OST_CHAIN_RELU);
    constexpr int leaky = code(OST_CHAIN_LEAKY);
    constexpr int sigmoid = code(OST_CHAIN_SIGMOID);
    constexpr int tanh = code(OST_CHAIN_TANH);
    constexpr int add = code(OST_CHAIN_ADD);
    constexpr int multiply = code(OST_CHAIN_MULTIPLY);
    constexpr int bias = code(OST_CHAIN_ADD, OST_CHAIN_CHANNEL);
    constexpr int line = code(OST_CHAIN_LINE, OST_CHAIN_CHANNEL);
    constexpr int relu_back = code(OST_CHAIN_RELU_BACK);
    constexpr int gate = code(OST_CHAIN_GATE);

    return launch_fixed<
        fixed<relu>, fixed<leaky>, fixed<sigmoid>, fixed<tanh>, fixed<add>,
        fixed<add, relu>, fixed<multiply>, fixed<bias>, fixed<bias, relu>,
        fixed<bias, leaky>, fixed<bias, sigmoid>, fixed<bias, tanh>,
        fixed<line>, fixed<line, relu>, fixed<line, leaky>,
        fixed<line, add, relu>, fixed<relu_back>, fixed<gate>,
        fixed<code(OST_CHAIN_SIGMOID_BACK)>, fixed<code(OST_CHAIN_TANH_BACK)>>(
        c, stream, status);
}

} /* namespace */

int ost_cuda_launch_chain(const ost_chain_args *chain, void *stream)
{
    const ost_chain_args &c = *chain;
    const bool wide = is_wide(c);
    const bool small = c.count <= INT32_MAX;
    cudaError_t status = cudaSuccess;

    if (c.count < 1)
        return cudaSuccess;
    if (wide && small && launch_usual(c, stream, &status))
        return status;
    return small ? launch_listed<uint32_t>(c, wide, stream)
                 : launch_listed<int64_t>(c, wide, stream);
}
