/* kernels/cpu/relu.c - the positive part; NaN stays NaN */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

static void forward_span(const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

static void backward_span(const float *y, const float *dy, float *dx, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

static int64_t span_end(int64_t chunk, int64_t count)
{
    int64_t e = (chunk + 1) * OST_CPU_CHUNK;

    return e < count ? e : count;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const float *x = layer->in[0]->data;
    float *y = layer->out->data;
    int64_t count = ost_value_stored(layer->out);

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t c = 0; c < ost_cpu_chunks(count); c++) {
        int64_t a = c * OST_CPU_CHUNK;

        forward_span(x + a, y + a, span_end(c, count) - a);
    }
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const float *y = layer->out->data;
    const float *dy = layer->out->grad;
    float *dx = layer->in_grad[0];
    int64_t count = ost_value_stored(layer->out);

    (void)pass;
    (void)err;
    if (!dx)
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t c = 0; c < ost_cpu_chunks(count); c++) {
        int64_t a = c * OST_CPU_CHUNK;

        backward_span(y + a, dy + a, dx + a, span_end(c, count) - a);
    }
    return OST_OK;
}

ost_rc ost_cpu_relu(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_cpu_same_layout(layer);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
