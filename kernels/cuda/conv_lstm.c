/* kernels/cuda/conv_lstm.c - from gates and a state to the next state
 *
 * The gates are a convolution, a layer of its own before this one
 * (kernels/layers/conv_lstm_layer.c); what is left is one kernel each way.
 * cuDNN's recurrent layers multiply by matrices, the same at every step of a
 * sequence that is known at once; they have no convolutions, so that they serve
 * no layer of ours.
 */
#include "kernels/cuda/conv_lstm_kernels.h"
#include "kernels/cuda/cuda.h"

#include "base/banned.h"

static ost_lstm cell_of(const ost_layer *layer)
{
    int64_t items = layer->out->shape[0];

    return (ost_lstm){ .items = items,
                       .run = ost_value_stored(layer->out) / items / 2,
                       .gates = layer->in[0]->data,
                       .state =
                           layer->n_inputs > 1 ? layer->in[1]->data : NULL };
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_lstm lstm = cell_of(layer);

    (void)pass;
    lstm.next = layer->out->data;
    return ost_cuda_check(ost_cuda_launch_lstm(&lstm, ost_cuda_here()->stream),
                          "compute a recurrent cell", err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_lstm lstm = cell_of(layer);

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    lstm.next_grad = layer->out->grad;
    lstm.gates_grad = layer->in_grad[0];
    lstm.state_grad = layer->n_inputs > 1 ? layer->in_grad[1] : NULL;
    return ost_cuda_check(
        ost_cuda_launch_lstm_back(&lstm, ost_cuda_here()->stream),
        "compute the gradients of a recurrent cell", err);
}

ost_rc ost_cuda_conv_lstm(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
