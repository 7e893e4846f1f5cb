/* kernels/cpu/scale.c - times a constant */
#include "kernels/cpu/pointwise.h"

#include "base/banned.h"

static void forward(const float *x, float *y, int64_t n, float by)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = by * x[i];
}

static void backward(const float *y, const float *dy, float *dx, int64_t n,
                     float by)
{
    (void)y;
    for (int64_t i = 0; i < n; i++)
        dx[i] = by * dy[i];
}

static const ost_pointwise scale = { forward, backward, .number = "by" };

ost_rc ost_cpu_scale(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_pointwise(layer, &scale);
}
