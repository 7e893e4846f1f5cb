/* kernels/cpu/gate.c - one value where another one is positive */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

static void pass_gate(const ost_layer *layer, const float *t, float *out)
{
    const float *y = layer->in[0]->data;
    float slope = (float)ost_layer_attr(layer, "slope");
    int64_t count = ost_value_stored(layer->out);

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < count; i++)
        out[i] = y[i] > 0.0f ? t[i] : slope * t[i];
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    pass_gate(layer, layer->in[1]->data, layer->out->data);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    if (layer->in_grad[0])
        memset(layer->in_grad[0], 0,
               (size_t)ost_value_stored(layer->in[0]) * sizeof(float));
    if (layer->in_grad[1])
        pass_gate(layer, layer->out->grad, layer->in_grad[1]);
    return OST_OK;
}

ost_rc ost_cpu_gate(ost_layer *layer, ost_err *err)
{
    int block = ost_cpu_common_block(layer);

    (void)err;
    layer->in_block[0] = layer->in_block[1] = layer->out->block = block;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
