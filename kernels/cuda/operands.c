/* kernels/cuda/operands.c - what layers that multiply have in common */
#include "kernels/cuda/operands.h"

#include "base/banned.h"

/* Numbers for which a block looks for the largest. */
enum { LARGEST_CHUNK = 4096 };

ost_conv_number_type ost_operand_type(void)
{
    switch (ost_cuda_here()->math) {
    case OST_CUDA_BF16:
        return OST_NUMBER_BF16;
    case OST_CUDA_F16:
        return OST_NUMBER_F16;
    case OST_CUDA_F32:
    case OST_CUDA_TF32:
        break;
    }
    return OST_NUMBER_F32;
}

void ost_operand_memory(ost_layer *layer, int64_t count, ost_life life,
                        void *slot)
{
    ost_layer_memory(layer, (size_t)count * sizeof(uint16_t), life, slot);
}

void ost_operand_add(ost_narrow *narrow, const float *from, void *to,
                     int64_t count)
{
    narrow->from[narrow->operands] = from;
    narrow->to[narrow->operands] = to;
    narrow->count[narrow->operands++] = count;
}

ost_rc ost_operands_round(ost_narrow *narrow, ost_err *err)
{
    void *stream = ost_cuda_here()->stream;
    int64_t parts = (narrow->count[0] + LARGEST_CHUNK - 1) / LARGEST_CHUNK;
    ost_rc rc = OST_OK;

    narrow->type = ost_operand_type();
    narrow->parts = parts < OST_OPERAND_PARTS ? (int)parts : OST_OPERAND_PARTS;
    if (narrow->largest)
        rc = ost_cuda_check(
            ost_cuda_launch_largest(narrow->from[0], narrow->count[0],
                                    narrow->parts, narrow->largest, stream),
            "find the largest gradient", err);
    if (!rc)
        rc = ost_cuda_check(ost_cuda_launch_narrow(narrow, stream),
                            "round operands", err);
    return rc;
}

ost_rc ost_operands_widen(const ost_widen *widen, ost_err *err)
{
    return ost_cuda_check(ost_cuda_launch_widen(widen, ost_cuda_here()->stream),
                          "widen results", err);
}

ost_rc ost_bias_sum_init(ost_bias_sum *sum, const ost_value *out, ost_err *err)
{
    const char *what = "describe a tensor";
    int channels = (int)out->shape[1];
    ost_rc rc =
        ost_cudnn_check(cudnnCreateTensorDescriptor(&sum->out), what, err);

    if (!rc)
        rc =
            ost_cudnn_check(cudnnCreateTensorDescriptor(&sum->bias), what, err);
    if (!rc)
        rc = ost_cudnn_check(
            cudnnSetTensor4dDescriptor(sum->out, CUDNN_TENSOR_NCHW,
                                       CUDNN_DATA_FLOAT, (int)out->shape[0],
                                       channels, (int)ost_value_area(out), 1),
            what, err);
    if (!rc)
        rc = ost_cudnn_check(
            cudnnSetTensor4dDescriptor(sum->bias, CUDNN_TENSOR_NCHW,
                                       CUDNN_DATA_FLOAT, 1, channels, 1, 1),
            what, err);
    return rc;
}

void ost_bias_sum_release(ost_bias_sum *sum)
{
    if (sum->bias)
        (void)cudnnDestroyTensorDescriptor(sum->bias);
    if (sum->out)
        (void)cudnnDestroyTensorDescriptor(sum->out);
}

ost_rc ost_bias_sum_run(const ost_bias_sum *sum, const ost_layer *layer,
                        ost_err *err)
{
    static const float numbers[] = { 0.0f, 1.0f };

    if (layer->n_weights < 2 || !layer->weight_grad[1])
        return OST_OK;
    return ost_cudnn_check(
        cudnnConvolutionBackwardBias(
            ost_cuda_here()->dnn, &numbers[1], sum->out, layer->out->grad,
            &numbers[layer->add_weight[1]], sum->bias, layer->weight_grad[1]),
        "add up the gradient of a bias (cudnnConvolutionBackwardBias)", err);
}
