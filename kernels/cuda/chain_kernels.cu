/* kernels/cuda/chain_kernels.cu - steps on each number, in one kernel
 *
 * A thread takes four numbers at a time where the count allows it.  Usual
 * chains are compiled as such; all others are looked up step by step, which
 * every thread does alike.
 */
#include "kernels/cuda/chain_kernels.h"
#include "kernels/cuda/device.h"
#include "kernels/exponential.h"

namespace
{

/* W numbers that are read and written together. */
template <int W> struct alignas(W * sizeof(float)) numbers {
    float v[W];
};

template <int W>
static __device__ inline void load(const float *from, float (&x)[W])
{
    const numbers<W> n = *reinterpret_cast<const numbers<W> *>(from);

#pragma unroll
    for (int k = 0; k < W; k++)
        x[k] = n.v[k];
}

template <int W>
static __device__ inline void store(float *to, const float (&x)[W])
{
    numbers<W> n;

#pragma unroll
    for (int k = 0; k < W; k++)
        n.v[k] = x[k];
    *reinterpret_cast<numbers<W> *>(to) = n;
}

template <typename I>
static __device__ inline I place(const ost_chain_args &c, int at, I i)
{
    const I row = i / static_cast<I>(c.area);

    if (at == OST_CHAIN_CHANNEL)
        return row % static_cast<I>(c.channels);
    if (at == OST_CHAIN_ITEM)
        return row / static_cast<I>(c.channels);
    return at == OST_CHAIN_ROW ? row : 0;
}

/* What the W numbers from number i on meet. */
template <int W, typename I>
static __device__ inline void meet(const ost_chain_args &c, int at,
                                   const float *a, I i, float (&v)[W])
{
    if (at == OST_CHAIN_EACH) {
        load<W>(a + i, v);
    } else if (W == 1 || c.area % W == 0) {
        const float one = a[place<I>(c, at, i)];

#pragma unroll
        for (int k = 0; k < W; k++)
            v[k] = one;
    } else {
#pragma unroll
        for (int k = 0; k < W; k++)
            v[k] = a[place<I>(c, at, i + k)];
    }
}

static __device__ inline float act(int op, float number, float x)
{
    switch (op) {
    case OST_CHAIN_RELU:
        return x < 0.0f ? 0.0f : x;
    case OST_CHAIN_LEAKY:
        return x < 0.0f ? number * x : x;
    case OST_CHAIN_SIGMOID:
        return ost_logistic(x);
    case OST_CHAIN_TANH:
        return ost_tanh(x);
    default:
        return number * x;
    }
}

static __device__ inline float combine(int op, float number, float x, float a)
{
    switch (op) {
    case OST_CHAIN_ADD:
        return x + a;
    case OST_CHAIN_MULTIPLY:
        return x * a;
    case OST_CHAIN_BEND:
        return x > 0.0f ? x : a * x;
    case OST_CHAIN_COPY:
        return a;
    case OST_CHAIN_GATE:
        return a > 0.0f ? x : number * x;
    case OST_CHAIN_RELU_BACK:
        return a > 0.0f ? x : 0.0f;
    case OST_CHAIN_SIGMOID_BACK:
        return x * (a * (1.0f - a));
    default:
        return x * (1.0f - a * a);
    }
}

template <int W, typename I>
static __device__ inline void step(const ost_chain_args &c, int k, int op,
                                   int at, I i, float (&x)[W])
{
    const ost_chain_step &s = c.step[k];
    float a[W];
    float b[W];

    if (op <= OST_CHAIN_SCALE) {
#pragma unroll
        for (int j = 0; j < W; j++)
            x[j] = act(op, s.number, x[j]);
        return;
    }
    if (op == OST_CHAIN_STORE) {
        store<W>(s.out + i, x);
        return;
    }
    meet<W, I>(c, at, s.a, i, a);
    if (op == OST_CHAIN_LINE) {
        meet<W, I>(c, at, s.b, i, b);
#pragma unroll
        for (int j = 0; j < W; j++)
            x[j] = x[j] * a[j] + b[j];
        return;
    }
#pragma unroll
    for (int j = 0; j < W; j++)
        x[j] = combine(op, s.number, x[j], a[j]);
}

/* Steps that the compiler knows, each as code() gives it. */
constexpr int code(int op, int at = OST_CHAIN_EACH)
{
    return op * 8 + at;
}

template <int... CODES> struct fixed {
    template <int W, typename I>
    static __device__ void run(const ost_chain_args &c, I i, float (&x)[W])
    {
        int k = 0;

        (step<W, I>(c, k++, CODES / 8, CODES % 8, i, x), ...);
    }

    static bool is(const ost_chain_args &c)
    {
        int k = 0;

        return c.steps == sizeof...(CODES) &&
               ((code(c.step[k].op, c.step[k].at) == CODES && ++k) && ...);
    }
};

/* Any steps. */
struct listed {
    template <int W, typename I>
    static __device__ void run(const ost_chain_args &c, I i, float (&x)[W])
    {
        for (int k = 0; k < c.steps; k++)
            step<W, I>(c, k, c.step[k].op, c.step[k].at, i, x);
    }
};

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

bool is_aligned(const void *p)
{
    return reinterpret_cast<uintptr_t>(p) % 16 == 0;
}

/* Whether four numbers at a time stand everywhere as such. */
bool is_wide(const ost_chain_args &c)
{
    bool wide = c.count % 4 == 0 && is_aligned(c.from) && is_aligned(c.to);

    for (int k = 0; k < c.steps; k++)
        wide = wide && is_aligned(c.step[k].a) && is_aligned(c.step[k].b) &&
               is_aligned(c.step[k].out);
    return wide;
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
