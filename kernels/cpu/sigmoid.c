/* kernels/cpu/sigmoid.c - 1 / (1 + e^-x) */
#include "kernels/cpu/pointwise.h"
#include "kernels/exponential.h"

#include "base/banned.h"

static void forward(const float *x, float *y, int64_t n, float slope)
{
    (void)slope;
    for (int64_t i = 0; i < n; i++)
        y[i] = ost_logistic(x[i]);
}

static void backward(const float *y, const float *dy, float *dx, int64_t n,
                     float slope)
{
    (void)slope;
    for (int64_t i = 0; i < n; i++)
        dx[i] = dy[i] * (y[i] * (1.0f - y[i]));
}

static const ost_pointwise sigmoid = { forward, backward, .zero_moves = true };

ost_rc ost_cpu_sigmoid(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_pointwise(layer, &sigmoid);
}
