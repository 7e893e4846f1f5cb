/* kernels/cuda/bias_back.c - how the backward of a layer with a bias begins */
#include "kernels/cuda/bias_back.h"

#include "kernels/cuda/bias_kernels.h"

#include "base/banned.h"

void ost_bias_back_init(ost_bias_back *back, ost_layer *layer)
{
    int64_t parts = ost_cuda_bias_parts(ost_value_stored(layer->out),
                                        ost_value_channels(layer->out));

    if (layer->training && layer->n_weights > 1 && parts)
        ost_layer_memory(layer, (size_t)parts * sizeof(double),
                         OST_LIFE_BACKWARD, &back->parts);
}

ost_rc ost_bias_back_run(const ost_bias_back *back, const ost_layer *layer,
                         ost_err *err)
{
    float *grad = layer->out->grad;
    ost_chain_args args;

    if (layer->n_weights < 2 || !layer->weight_grad[1])
        return ost_cuda_chain_run(&back->steps, layer->out, grad, grad, err);
    ost_cuda_chain_args(&back->steps, layer->out, grad, grad, &args);
    return ost_cuda_check(
        ost_cuda_launch_bias(&args, back->parts, layer->add_weight[1],
                             layer->weight_grad[1], ost_cuda_here()->stream),
        "add up the gradient of a bias", err);
}
