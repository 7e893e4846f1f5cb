/* kernels/cuda/softmax.c - shares of the channels of each position */
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/softmax_kernels.h"

#include "base/banned.h"

static ost_softmax_work work_of(const ost_value *v)
{
    return (ost_softmax_work){ v->shape[0], ost_value_channels(v),
                               ost_value_area(v) };
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_softmax_work w = work_of(layer->out);

    (void)pass;
    return ost_cuda_check(ost_cuda_launch_softmax(&w, layer->in[0]->data,
                                                  layer->out->data,
                                                  ost_cuda_here()->stream),
                          "compute shares", err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_softmax_work w = work_of(layer->out);

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return ost_cuda_check(ost_cuda_launch_softmax_back(
                              &w, layer->out->data, layer->out->grad,
                              layer->in_grad[0], ost_cuda_here()->stream),
                          "compute shares backward", err);
}

ost_rc ost_cuda_softmax(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
