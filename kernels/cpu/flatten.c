/* kernels/cpu/flatten.c - all channels and positions in one row per item */
#include "kernels/cpu/cpu.h"

#include <string.h>

#include "base/banned.h"

static void copy(float *to, const float *from, const ost_value *v)
{
    if (to && to != from)
        memcpy(to, from, (size_t)ost_value_stored(v) * sizeof(float));
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    copy(layer->out->data, layer->in[0]->data, layer->out);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    copy(layer->in_grad[0], layer->out->grad, layer->out);
    return OST_OK;
}

ost_rc ost_cpu_flatten(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->in_block[0] = 1;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
