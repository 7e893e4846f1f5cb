/* kernels/cuda/convolution_passes.c - convolutions, both ways, by cuDNN */
#include "kernels/cuda/convolution_passes.h"

#include "kernels/cuda/algorithms.h"

#include "base/banned.h"

static const float one = 1.0f;
static const float zero = 0.0f;

static cudnnDataType_t type_of(ost_cuda_math math)
{
    switch (math) {
    case OST_CUDA_BF16:
        return CUDNN_DATA_BFLOAT16;
    case OST_CUDA_F16:
        return CUDNN_DATA_HALF;
    case OST_CUDA_F32:
    case OST_CUDA_TF32:
        break;
    }
    return CUDNN_DATA_FLOAT;
}

/* Only FMA keeps TF32 out, and only DEFAULT is said to let it in; operands of
 * 16 bits stay what they are with TENSOR_OP. */
static cudnnMathType_t math_of(ost_cuda_math math)
{
    switch (math) {
    case OST_CUDA_F32:
        return CUDNN_FMA_MATH;
    case OST_CUDA_TF32:
        return CUDNN_DEFAULT_MATH;
    case OST_CUDA_BF16:
    case OST_CUDA_F16:
        break;
    }
    return CUDNN_TENSOR_OP_MATH;
}

size_t ost_conv_number(const ost_conv *conv)
{
    return conv->type == CUDNN_DATA_FLOAT ? sizeof(float) : sizeof(uint16_t);
}

static ost_rc describe_filter(ost_conv *conv, ost_err *err)
{
    const ost_conv_shape *s = &conv->shape;
    int dims[2 + OST_CONV_SIDES] = { (int)s->narrow_channels,
                                     (int)(s->wide_channels / s->groups) };
    ost_rc rc = ost_cudnn_check(cudnnCreateFilterDescriptor(&conv->filter),
                                "describe a filter", err);

    for (int i = 0; i < s->sides; i++)
        dims[2 + i] = (int)s->kernel[OST_CONV_SIDES - s->sides + i];
    if (rc)
        return rc;
    return ost_cudnn_check(cudnnSetFilterNdDescriptor(conv->filter, conv->type,
                                                      CUDNN_TENSOR_NCHW,
                                                      s->sides + 2, dims),
                           "describe a filter", err);
}

static ost_rc describe_bias(ost_conv *conv, ost_err *err)
{
    const ost_conv_shape *s = &conv->shape;
    int channels = (int)s->narrow_channels;
    int dims[2 + OST_CONV_SIDES] = { 1, channels, 1, 1, 1 };
    int strides[2 + OST_CONV_SIDES] = { channels, 1, 1, 1, 1 };
    ost_rc rc = ost_cudnn_check(cudnnCreateTensorDescriptor(&conv->bias),
                                "describe a bias", err);

    if (rc)
        return rc;
    return ost_cudnn_check(
        cudnnSetTensorNdDescriptor(conv->bias, CUDNN_DATA_FLOAT, s->sides + 2,
                                   dims, strides),
        "describe a bias", err);
}

static ost_rc describe_how(ost_conv *conv, ost_err *err)
{
    const char *what = "describe a convolution";
    const ost_conv_shape *s = &conv->shape;
    int first = OST_CONV_SIDES - s->sides;
    int padding[OST_CONV_SIDES];
    int stride[OST_CONV_SIDES];
    int dilation[OST_CONV_SIDES];
    ost_rc rc = ost_cudnn_check(cudnnCreateConvolutionDescriptor(&conv->how),
                                what, err);

    for (int i = 0; i < s->sides; i++) {
        padding[i] = (int)s->padding[first + i];
        stride[i] = (int)s->stride[first + i];
        dilation[i] = (int)s->dilation[first + i];
    }
    if (!rc)
        rc = ost_cudnn_check(cudnnSetConvolutionNdDescriptor(
                                 conv->how, s->sides, padding, stride, dilation,
                                 CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                             what, err);
    if (!rc)
        rc = ost_cudnn_check(
            cudnnSetConvolutionGroupCount(conv->how, (int)s->groups), what,
            err);
    if (!rc)
        rc = ost_cudnn_check(cudnnSetConvolutionMathType(
                                 conv->how, math_of(ost_cuda_here()->math)),
                             what, err);
    return rc;
}

/* cuDNN takes these along only where they do not promise to keep NaN. */
static ost_rc describe_end(ost_conv *conv, ost_err *err)
{
    static const cudnnActivationMode_t modes[] = { CUDNN_ACTIVATION_IDENTITY,
                                                   CUDNN_ACTIVATION_RELU };
    const char *what = "describe an activation";
    ost_rc rc = OST_OK;

    for (int i = 0; i < 2 && !rc; i++) {
        rc = ost_cudnn_check(cudnnCreateActivationDescriptor(&conv->end[i]),
                             what, err);
        if (!rc)
            rc = ost_cudnn_check(
                cudnnSetActivationDescriptor(conv->end[i], modes[i],
                                             CUDNN_NOT_PROPAGATE_NAN, 0.0),
                what, err);
    }
    return rc;
}

static ost_rc describe_pass(ost_conv *conv, ost_conv_way way, ost_err *err)
{
    const char *what = "describe a tensor";
    ost_conv_pass *pass = &conv->pass[way];
    ost_rc rc =
        ost_cudnn_check(cudnnCreateTensorDescriptor(&pass->wide), what, err);

    if (!rc)
        rc = ost_cudnn_check(cudnnCreateTensorDescriptor(&pass->narrow), what,
                             err);
    if (!rc)
        rc = ost_conv_choose(conv, way, err);
    return rc;
}

ost_rc ost_conv_init(ost_conv *conv, const ost_conv_shape *shape, unsigned ways,
                     ost_err *err)
{
    ost_rc rc;

    conv->shape = *shape;
    conv->type = type_of(ost_cuda_here()->math);
    rc = describe_filter(conv, err);
    if (!rc)
        rc = describe_bias(conv, err);
    if (!rc)
        rc = describe_how(conv, err);
    if (!rc)
        rc = describe_end(conv, err);
    for (int way = 0; way < OST_CONV_WAYS && !rc; way++)
        if (ways & 1u << way)
            rc = describe_pass(conv, (ost_conv_way)way, err);
    return rc;
}

void ost_conv_release(ost_conv *conv)
{
    for (int way = 0; way < OST_CONV_WAYS; way++) {
        if (conv->pass[way].wide)
            (void)cudnnDestroyTensorDescriptor(conv->pass[way].wide);
        if (conv->pass[way].narrow)
            (void)cudnnDestroyTensorDescriptor(conv->pass[way].narrow);
    }
    for (int i = 0; i < 2; i++)
        if (conv->end[i])
            (void)cudnnDestroyActivationDescriptor(conv->end[i]);
    if (conv->how)
        (void)cudnnDestroyConvolutionDescriptor(conv->how);
    if (conv->bias)
        (void)cudnnDestroyTensorDescriptor(conv->bias);
    if (conv->filter)
        (void)cudnnDestroyFilterDescriptor(conv->filter);
}

static int64_t area(const int64_t *side)
{
    return side[0] * side[1] * side[2];
}

int64_t ost_conv_wide_count(const ost_conv *conv)
{
    const ost_conv_shape *s = &conv->shape;

    return s->items * s->wide_channels * area(s->wide);
}

int64_t ost_conv_narrow_count(const ost_conv *conv)
{
    const ost_conv_shape *s = &conv->shape;

    return s->items * s->narrow_channels * area(s->narrow);
}

int64_t ost_conv_filter_count(const ost_conv *conv)
{
    const ost_conv_shape *s = &conv->shape;

    return s->narrow_channels * (s->wide_channels / s->groups) *
           area(s->kernel);
}

/* Where item `n` of all the items of an operand begins. */
static void *item_at(const ost_conv *conv, void *operand, int64_t count,
                     int64_t n)
{
    int64_t item = count / conv->shape.items;

    return (char *)operand + (size_t)(n * item) * ost_conv_number(conv);
}

static cudnnStatus_t run_piece(const ost_conv *conv, ost_conv_way way,
                               void *wide, void *narrow, void *filter, bool add)
{
    const ost_cuda *cuda = ost_cuda_here();
    const ost_conv_pass *p = &conv->pass[way];

    if (way == OST_CONV_DOWN)
        return cudnnConvolutionForward(
            cuda->dnn, &one, p->wide, wide, conv->filter, filter, conv->how,
            (cudnnConvolutionFwdAlgo_t)p->algorithm, cuda->workspace, p->bytes,
            add ? &one : &zero, p->narrow, narrow);
    if (way == OST_CONV_UP)
        return cudnnConvolutionBackwardData(
            cuda->dnn, &one, conv->filter, filter, p->narrow, narrow, conv->how,
            (cudnnConvolutionBwdDataAlgo_t)p->algorithm, cuda->workspace,
            p->bytes, add ? &one : &zero, p->wide, wide);
    return cudnnConvolutionBackwardFilter(
        cuda->dnn, &one, p->wide, wide, p->narrow, narrow, conv->how,
        (cudnnConvolutionBwdFilterAlgo_t)p->algorithm, cuda->workspace,
        p->bytes, add ? &one : &zero, conv->filter, filter);
}

ost_conv_number_type ost_conv_type(const ost_conv *conv)
{
    return conv->type == CUDNN_DATA_FLOAT      ? OST_NUMBER_F32
           : conv->type == CUDNN_DATA_BFLOAT16 ? OST_NUMBER_BF16
                                               : OST_NUMBER_F16;
}

static ost_rc run_loops(const ost_conv *conv, ost_conv_way way, void *wide,
                        void *narrow, void *filter, bool add, ost_err *err)
{
    void *stream = ost_cuda_here()->stream;
    ost_conv_number_type type = ost_conv_type(conv);
    int status;

    if (way == OST_CONV_DOWN)
        status = ost_cuda_launch_conv_down(&conv->shape, type, wide, filter,
                                           add, narrow, stream);
    else if (way == OST_CONV_UP)
        status = ost_cuda_launch_conv_up(&conv->shape, type, narrow, filter,
                                         add, wide, stream);
    else
        status = ost_cuda_launch_conv_filter(&conv->shape, type, wide, narrow,
                                             add, filter, stream);
    return ost_cuda_check(status, "convolve", err);
}

int ost_conv_copies(const ost_conv *conv)
{
    const ost_conv_pass *pass = &conv->pass[OST_CONV_FILTER];

    return conv->type == CUDNN_DATA_FLOAT
               ? 1
               : (int)(conv->shape.items / pass->items);
}

/* All pieces; nothing is done where the library refuses the first. */
static ost_rc run_pieces(const ost_conv *conv, ost_conv_way way, void *wide,
                         void *narrow, void *filter, bool add, bool *refused,
                         ost_err *err)
{
    static const char *const whats[OST_CONV_WAYS] = {
        [OST_CONV_DOWN] = "convolve (cudnnConvolutionForward)",
        [OST_CONV_UP] = "convolve (cudnnConvolutionBackwardData)",
        [OST_CONV_FILTER] = "convolve (cudnnConvolutionBackwardFilter)",
    };
    const ost_conv_pass *pass = &conv->pass[way];
    bool apart = way == OST_CONV_FILTER && conv->type != CUDNN_DATA_FLOAT;
    int64_t wides = ost_conv_wide_count(conv);
    int64_t narrows = ost_conv_narrow_count(conv);
    size_t gradient =
        apart ? (size_t)ost_conv_filter_count(conv) * ost_conv_number(conv) : 0;

    *refused = false;
    for (int64_t n = 0; n < conv->shape.items && !*refused; n += pass->items) {
        cudnnStatus_t status =
            run_piece(conv, way, item_at(conv, wide, wides, n),
                      item_at(conv, narrow, narrows, n),
                      (char *)filter + (size_t)(n / pass->items) * gradient,
                      add || (n && way == OST_CONV_FILTER && !apart));

        *refused =
            !n && CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED;
        if (status && !*refused)
            return ost_cudnn_check(status, whats[way], err);
    }
    return OST_OK;
}

ost_rc ost_conv_run(ost_conv *conv, ost_conv_way way, void *wide, void *narrow,
                    void *filter, bool add, ost_err *err)
{
    bool refused = true;
    ost_rc rc = OST_OK;

    while (conv->pass[way].algorithm >= 0 && refused && !rc) {
        rc = run_pieces(conv, way, wide, narrow, filter, add, &refused, err);
        if (!rc && refused)
            rc = ost_conv_refuse(conv, way, err);
    }
    return rc || !refused
               ? rc
               : run_loops(conv, way, wide, narrow, filter, add, err);
}

bool ost_conv_has_end(const ost_conv *conv, bool relu)
{
    int algorithm = conv->pass[OST_CONV_DOWN].algorithm;

    return conv->type == CUDNN_DATA_FLOAT && algorithm >= 0 &&
           (relu ||
            algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM);
}

ost_rc ost_conv_run_end(const ost_conv *conv, void *wide, const void *filter,
                        const float *bias, bool relu, void *narrow,
                        ost_err *err)
{
    const char *what = "convolve (cudnnConvolutionBiasActivationForward)";
    const ost_cuda *cuda = ost_cuda_here();
    const ost_conv_pass *p = &conv->pass[OST_CONV_DOWN];
    int64_t wides = ost_conv_wide_count(conv);
    int64_t narrows = ost_conv_narrow_count(conv);

    for (int64_t n = 0; n < conv->shape.items; n += p->items) {
        void *to = item_at(conv, narrow, narrows, n);
        cudnnStatus_t status = cudnnConvolutionBiasActivationForward(
            cuda->dnn, &one, p->wide, item_at(conv, wide, wides, n),
            conv->filter, filter, conv->how,
            (cudnnConvolutionFwdAlgo_t)p->algorithm, cuda->workspace, p->bytes,
            &zero, p->narrow, to, conv->bias, bias, conv->end[relu], p->narrow,
            to);

        if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED && !n)
            return ost_fail(err, OST_EUNSUPPORTED, "cuDNN cannot %s", what);
        if (status)
            return ost_cudnn_check(status, what, err);
    }
    return OST_OK;
}
