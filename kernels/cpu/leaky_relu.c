/* kernels/cpu/leaky_relu.c - what is negative, times a slope
 *
 * The slope is not negative, so that the result has the input's sign.
 */
#include "kernels/cpu/pointwise.h"

#include "base/banned.h"

static void forward(const float *x, float *y, int64_t n, float slope)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0.0f ? slope * x[i] : x[i];
}

static void backward(const float *y, const float *dy, float *dx, int64_t n,
                     float slope)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] = y[i] > 0.0f ? dy[i] : slope * dy[i];
}

static const ost_pointwise leaky = { forward, backward, .number = "slope" };

ost_rc ost_cpu_leaky_relu(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_pointwise(layer, &leaky);
}
