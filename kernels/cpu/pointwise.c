/* kernels/cpu/pointwise.c - layers that work number by number */
#include "kernels/cpu/pointwise.h"

#include "kernels/cpu/region.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

static int64_t span(int64_t chunk, int64_t count)
{
    int64_t rest = count - chunk * OST_CPU_CHUNK;

    return rest < OST_CPU_CHUNK ? rest : OST_CPU_CHUNK;
}

static float number_of(const ost_layer *layer, const ost_pointwise *f)
{
    return f->number ? (float)ost_layer_attr(layer, f->number) : 0.0f;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_pointwise *f = layer->state;
    const float *x = layer->in[0]->data;
    float *y = layer->out->data;
    int64_t count = ost_value_stored(layer->out);
    float number = number_of(layer, f);

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t c = 0; c < ost_cpu_chunks(count); c++) {
        int64_t a = c * OST_CPU_CHUNK;

        f->forward(x + a, y + a, span(c, count), number);
    }
    if (f->zero_moves)
        ost_clear_lanes(layer->out, layer->out->block, y);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_pointwise *f = layer->state;
    const float *y = layer->out->data;
    const float *dy = layer->out->grad;
    float *dx = layer->in_grad[0];
    int64_t count = ost_value_stored(layer->out);
    float number = number_of(layer, f);

    (void)pass;
    (void)err;
    if (!dx)
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t c = 0; c < ost_cpu_chunks(count); c++) {
        int64_t a = c * OST_CPU_CHUNK;

        f->backward(y + a, dy + a, dx + a, span(c, count), number);
    }
    return OST_OK;
}

ost_rc ost_cpu_pointwise(ost_layer *layer, const ost_pointwise *f)
{
    ost_cpu_same_layout(layer);
    layer->state = (void *)(uintptr_t)f;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
