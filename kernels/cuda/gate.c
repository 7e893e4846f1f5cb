/* kernels/cuda/gate.c - one value where another one is positive */
#include "kernels/cuda/chain.h"

#include "base/banned.h"

static ost_cuda_chain gate_of(const ost_layer *layer)
{
    return (ost_cuda_chain){
        .steps = 1,
        .step = { { .op = OST_CHAIN_GATE,
                    .number = (float)ost_layer_attr(layer, "slope"),
                    .a = &layer->in[0]->data } },
    };
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_cuda_chain gate = gate_of(layer);

    (void)pass;
    return ost_cuda_chain_run(&gate, layer->out, layer->in[1]->data,
                              layer->out->data, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_cuda_chain gate = gate_of(layer);
    ost_rc rc = OST_OK;

    (void)pass;
    if (layer->in_grad[0] && !layer->add_in[0])
        rc = ost_cuda_clear(layer->in_grad[0], ost_value_stored(layer->in[0]),
                            err);
    return rc ? rc : ost_cuda_chain_give(&gate, layer, 1, err);
}

ost_rc ost_cuda_gate(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    return OST_OK;
}
