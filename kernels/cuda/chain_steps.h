/* kernels/cuda/chain_steps.h - the steps of a chain, as kernels do them
 *
 * For .cu files: STEPS::run(chain, i, x) does the steps of a chain to W numbers
 * from number i on, where STEPS is fixed<CODES...>, which the compiler knows,
 * or listed, for any.
 */
#ifndef OST_KERNELS_CUDA_CHAIN_STEPS_H
#define OST_KERNELS_CUDA_CHAIN_STEPS_H

#include "kernels/cuda/chain_kernels.h"
#include "kernels/cuda/device.h"
#include "kernels/exponential.h"

namespace ost
{
namespace chain
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
    if (at == OST_CHAIN_SPOT)
        return row / static_cast<I>(c.channels) * static_cast<I>(c.area) +
               i % static_cast<I>(c.area);
    return at == OST_CHAIN_ROW ? row : 0;
}

/* What the W numbers from number i on meet. */
template <int W, typename I>
static __device__ inline void meet(const ost_chain_args &c, int at,
                                   const float *a, I i, float (&v)[W])
{
    if (at == OST_CHAIN_EACH) {
        load<W>(a + i, v);
    } else if (at == OST_CHAIN_SPOT && c.area % W == 0) {
        load<W>(a + place<I>(c, at, i), v);
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

inline bool is_aligned(const void *p)
{
    return reinterpret_cast<uintptr_t>(p) % 16 == 0;
}

/* Whether four numbers at a time stand everywhere as such. */
inline bool is_wide(const ost_chain_args &c)
{
    bool wide = c.count % 4 == 0 && is_aligned(c.from) && is_aligned(c.to);

    for (int k = 0; k < c.steps; k++)
        wide = wide && is_aligned(c.step[k].a) && is_aligned(c.step[k].b) &&
               is_aligned(c.step[k].out);
    return wide;
}

} /* namespace chain */
} /* namespace ost */

#endif
