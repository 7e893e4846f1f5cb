/* kernels/cuda/gate.c - one value where another one is positive */
#include "kernels/cuda/chain.h"

#include "base/banned.h"

static ost_rc pass_gate(const ost_layer *layer, const float *t, float *out,
                        ost_err *err)
{
    ost_cuda_chain gate = {
        .steps = 1,
        .step = { { .op = OST_CHAIN_GATE,
                    .number = (float)ost_layer_attr(layer, "slope"),
                    .a = &layer->in[0]->data } },
    };

    return ost_cuda_chain_run(&gate, layer->out, t, out, err);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    return pass_gate(layer, layer->in[1]->data, layer->out->data, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_rc rc = OST_OK;

    (void)pass;
    if (layer->in_grad[0])
        rc = ost_cuda_clear(layer->in_grad[0], ost_value_stored(layer->in[0]),
                            err);
    if (!rc && layer->in_grad[1])
        rc = pass_gate(layer, layer->out->grad, layer->in_grad[1], err);
    return rc;
}

ost_rc ost_cuda_gate(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
