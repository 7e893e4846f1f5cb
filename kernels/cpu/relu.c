/* kernels/cpu/relu.c - the positive part; NaN stays NaN */
#include "kernels/cpu/pointwise.h"

#include "base/banned.h"

static void forward(const float *x, float *y, int64_t n, float slope)
{
    (void)slope;
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

static void backward(const float *y, const float *dy, float *dx, int64_t n,
                     float slope)
{
    (void)slope;
    for (int64_t i = 0; i < n; i++)
        dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

static const ost_pointwise positive = { .forward = forward,
                                        .backward = backward };

ost_rc ost_cpu_relu(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_pointwise(layer, &positive);
}
