/* kernels/cuda/flatten.c - all channels and positions in one row per item
 *
 * Where the output has the input's memory, nothing is to be done.
 */
#include "kernels/cuda/cuda.h"

#include "base/banned.h"

static ost_rc copy(float *to, const float *from, const ost_value *v,
                   ost_err *err)
{
    if (!to || to == from)
        return OST_OK;
    return ost_cuda_move(to, from, ost_value_stored(v), err);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    return copy(layer->out->data, layer->in[0]->data, layer->out, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    if (layer->add_in[0])
        return ost_cuda_accumulate(layer->in_grad[0], layer->out->grad,
                                   ost_value_stored(layer->out), err);
    return copy(layer->in_grad[0], layer->out->grad, layer->out, err);
}

ost_rc ost_cuda_flatten(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    return OST_OK;
}
