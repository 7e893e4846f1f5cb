/* kernels/cpu/tanh.c - the hyperbolic tangent */
#include "kernels/cpu/pointwise.h"
#include "kernels/exponential.h"

#include "base/banned.h"

static void forward(const float *x, float *y, int64_t n, float slope)
{
    (void)slope;
    for (int64_t i = 0; i < n; i++)
        y[i] = ost_tanh(x[i]);
}

static void backward(const float *y, const float *dy, float *dx, int64_t n,
                     float slope)
{
    (void)slope;
    for (int64_t i = 0; i < n; i++)
        dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}

static const ost_pointwise tangent = { .forward = forward,
                                       .backward = backward };

ost_rc ost_cpu_tanh(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_pointwise(layer, &tangent);
}
