/* kernels/cpu/add.c - the sum of values of one shape, in their order */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const float *a = layer->in[0]->data;
    const float *b = layer->in[1]->data;
    float *y = layer->out->data;
    int64_t count = ost_value_stored(layer->out);

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
    for (int k = 2; k < layer->n_inputs; k++) {
        const float *x = layer->in[k]->data;

        OST_OMP("omp parallel for schedule(static)")
        for (int64_t i = 0; i < count; i++)
            y[i] += x[i];
    }
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    size_t bytes = (size_t)ost_value_stored(layer->out) * sizeof(float);

    (void)pass;
    (void)err;
    for (int i = 0; i < layer->n_inputs; i++)
        if (layer->in_grad[i] && layer->in_grad[i] != layer->out->grad)
            memcpy(layer->in_grad[i], layer->out->grad, bytes);
    return OST_OK;
}

ost_rc ost_cpu_add(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_cpu_same_layout(layer);
    for (int i = 1; i < layer->n_inputs; i++)
        layer->in_block[i] = layer->in_block[0];
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
