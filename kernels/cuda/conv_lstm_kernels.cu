/* kernels/cuda/conv_lstm_kernels.cu - from gates and a state to the next state
 */
#include "kernels/cuda/conv_lstm_kernels.h"
#include "kernels/cuda/device.h"
#include "kernels/exponential.h"

/* What a number of the state comes from. */
struct cell {
    float i;
    float f;
    float o;
    float g;
    float c; /* before */
};

static __device__ cell cell_at(const ost_lstm &l, int64_t n, int64_t k)
{
    const float *gates = l.gates + n * 4 * l.run + k;
    cell x;

    x.i = ost_logistic(gates[0]);
    x.f = ost_logistic(gates[l.run]);
    x.o = ost_logistic(gates[2 * l.run]);
    x.g = ost_tanh(gates[3 * l.run]);
    x.c = l.state ? l.state[(n * 2 + 1) * l.run + k] : 0.0f;
    return x;
}

static __global__ void step_kernel(ost_lstm l)
{
    for (int64_t t = ost::first_index(); t < l.items * l.run;
         t += ost::index_stride()) {
        const int64_t n = t / l.run;
        const int64_t k = t % l.run;
        const cell x = cell_at(l, n, k);
        const float c = x.f * x.c + x.i * x.g;
        float *next = l.next + n * 2 * l.run + k;

        next[0] = x.o * ost_tanh(c);
        next[l.run] = c;
    }
}

int ost_cuda_launch_lstm(const ost_lstm *lstm, void *stream)
{
    return OST_LAUNCH(step_kernel, ost::blocks_for(lstm->items * lstm->run),
                      ost::THREADS, 0, stream, *lstm);
}

static __global__ void step_back_kernel(ost_lstm l)
{
    for (int64_t t = ost::first_index(); t < l.items * l.run;
         t += ost::index_stride()) {
        const int64_t n = t / l.run;
        const int64_t k = t % l.run;
        const cell x = cell_at(l, n, k);
        const float th = ost_tanh(x.f * x.c + x.i * x.g);
        const float *d = l.next_grad + n * 2 * l.run + k;
        const float dh = d[0];
        const float all = d[l.run] + dh * (x.o * (1.0f - th * th));
        float *gates = l.gates_grad + n * 4 * l.run + k;

        gates[0] = all * x.g * (x.i * (1.0f - x.i));
        gates[l.run] = all * x.c * (x.f * (1.0f - x.f));
        gates[2 * l.run] = dh * th * (x.o * (1.0f - x.o));
        gates[3 * l.run] = all * x.i * (1.0f - x.g * x.g);
        if (l.state_grad) {
            l.state_grad[n * 2 * l.run + k] = 0.0f;
            l.state_grad[(n * 2 + 1) * l.run + k] = all * x.f;
        }
    }
}

int ost_cuda_launch_lstm_back(const ost_lstm *lstm, void *stream)
{
    return OST_LAUNCH(step_back_kernel,
                      ost::blocks_for(lstm->items * lstm->run), ost::THREADS, 0,
                      stream, *lstm);
}
