/* kernels/cuda/algorithms.c - which algorithm of cuDNN computes a convolution
 */
#include "kernels/cuda/algorithms.h"

#include "kernels/cuda/tuned.h"

#include "base/banned.h"

enum { CHOICES = 3, ALGORITHMS = 8 };

/* In the order in which they are tried; -1: no more. */
static const int choices[OST_CONV_WAYS][CHOICES] = {
    [OST_CONV_DOWN] = { CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                        CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, -1 },
    [OST_CONV_UP] = { CUDNN_CONVOLUTION_BWD_DATA_ALGO_1,
                      CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED,
                      CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING },
    [OST_CONV_FILTER] = { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1,
                          CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED,
                          CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING },
};

static const char *const names[OST_CONV_WAYS][ALGORITHMS] = {
    [OST_CONV_DOWN] = { [CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM] =
                            "cudnn forward implicit_gemm",
                        [CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM] =
                            "cudnn forward implicit_precomp_gemm",
                        [CUDNN_CONVOLUTION_FWD_ALGO_GEMM] =
                            "cudnn forward gemm",
                        [CUDNN_CONVOLUTION_FWD_ALGO_DIRECT] =
                            "cudnn forward direct",
                        [CUDNN_CONVOLUTION_FWD_ALGO_FFT] = "cudnn forward fft",
                        [CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING] =
                            "cudnn forward fft_tiling",
                        [CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD] =
                            "cudnn forward winograd",
                        [CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED] =
                            "cudnn forward winograd_nonfused" },
    [OST_CONV_UP] = { [CUDNN_CONVOLUTION_BWD_DATA_ALGO_1] = "cudnn data algo_1",
                      [CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT] = "cudnn data fft",
                      [CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING] =
                          "cudnn data fft_tiling",
                      [CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD] =
                          "cudnn data winograd",
                      [CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED] =
                          "cudnn data winograd_nonfused" },
    [OST_CONV_FILTER] = { [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1] =
                              "cudnn filter algo_1",
                          [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT] =
                              "cudnn filter fft",
                          [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED] =
                              "cudnn filter winograd_nonfused",
                          [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING] =
                              "cudnn filter fft_tiling" },
};

const char *ost_conv_algorithm(ost_conv_way way, int number)
{
    return number >= 0 && number < ALGORITHMS ? names[way][number] : NULL;
}

/* As cuDNN counts: ints, the plain layout. */
static ost_rc describe(cudnnTensorDescriptor_t tensor, cudnnDataType_t type,
                       const ost_conv_shape *s, int64_t items, int64_t channels,
                       const int64_t *side, ost_err *err)
{
    int first = OST_CONV_SIDES - s->sides;
    int dims[2 + OST_CONV_SIDES] = { (int)items, (int)channels };
    int strides[2 + OST_CONV_SIDES];
    int64_t step = 1;

    for (int i = 0; i < s->sides; i++)
        dims[2 + i] = (int)side[first + i];
    for (int i = s->sides + 1; i >= 0; i--) {
        strides[i] = (int)step;
        if (__builtin_mul_overflow(step, dims[i], &step) || step > INT32_MAX)
            return ost_fail(err, OST_EUNSUPPORTED,
                            "more than 2^31 numbers are too many for cuDNN");
    }
    return ost_cudnn_check(
        cudnnSetTensorNdDescriptor(tensor, type, s->sides + 2, dims, strides),
        "describe a tensor", err);
}

ost_rc ost_conv_pieces(const ost_conv *conv, ost_conv_pass *pass, int64_t items,
                       ost_err *err)
{
    const ost_conv_shape *s = &conv->shape;
    ost_rc rc = describe(pass->wide, conv->type, s, items, s->wide_channels,
                         s->wide, err);

    if (!rc)
        rc = describe(pass->narrow, conv->type, s, items, s->narrow_channels,
                      s->narrow, err);
    pass->items = items;
    return rc;
}

ost_rc ost_conv_workspace(const ost_conv *conv, ost_conv_way way,
                          const ost_conv_pass *pass, int algorithm,
                          bool *supported, size_t *bytes, ost_err *err)
{
    cudnnHandle_t dnn = ost_cuda_here()->dnn;
    cudnnStatus_t status;

    if (way == OST_CONV_DOWN)
        status = cudnnGetConvolutionForwardWorkspaceSize(
            dnn, pass->wide, conv->filter, conv->how, pass->narrow,
            (cudnnConvolutionFwdAlgo_t)algorithm, bytes);
    else if (way == OST_CONV_UP)
        status = cudnnGetConvolutionBackwardDataWorkspaceSize(
            dnn, conv->filter, pass->narrow, conv->how, pass->wide,
            (cudnnConvolutionBwdDataAlgo_t)algorithm, bytes);
    else
        status = cudnnGetConvolutionBackwardFilterWorkspaceSize(
            dnn, pass->wide, pass->narrow, conv->how, conv->filter,
            (cudnnConvolutionBwdFilterAlgo_t)algorithm, bytes);
    *supported = status == CUDNN_STATUS_SUCCESS;
    if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED)
        return OST_OK;
    return ost_cudnn_check(status, "measure a convolution's workspace", err);
}

/* The first algorithm for pieces of these items; `*found` if there is one. */
static ost_rc try_items(ost_conv *conv, ost_conv_way way, int64_t items,
                        bool *found, ost_err *err)
{
    ost_conv_pass *pass = &conv->pass[way];
    ost_err ignored = { 0 };
    ost_rc rc = ost_conv_pieces(conv, pass, items, &ignored);

    *found = false;
    if (rc == OST_EUNSUPPORTED)
        return OST_OK;
    if (rc)
        return ost_fail(err, rc, "%s", ignored.text);
    for (int i = 0; i < CHOICES && choices[way][i] >= 0 && !*found; i++) {
        if (pass->refused & 1u << choices[way][i])
            continue;
        pass->algorithm = choices[way][i];
        pass->code = ost_conv_algorithm(way, pass->algorithm);
        rc = ost_conv_workspace(conv, way, pass, pass->algorithm, found,
                                &pass->bytes, err);
        if (rc)
            return rc;
        *found = *found && pass->bytes <= ost_cuda_here()->workspace_bytes;
    }
    return OST_OK;
}

/* In `most` pieces, or fewer. */
static ost_rc by_rule(ost_conv *conv, ost_conv_way way, int64_t most,
                      ost_err *err)
{
    ost_conv_pass *pass = &conv->pass[way];
    int64_t n = conv->shape.items;
    bool found = false;

    for (int64_t pieces = 1; pieces <= most && !found; pieces++) {
        ost_rc rc =
            n % pieces ? OST_OK : try_items(conv, way, n / pieces, &found, err);

        if (rc)
            return rc;
    }
    if (!found) {
        pass->items = n;
        pass->algorithm = -1;
        pass->bytes = 0;
        pass->code = NULL;
    }
    return OST_OK;
}

ost_rc ost_conv_choose(ost_conv *conv, ost_conv_way way, ost_err *err)
{
    ost_rc rc = by_rule(conv, way, conv->shape.items, err);

    if (!rc && ost_cuda_here()->tuned && conv->pass[way].code)
        rc = ost_tuned_convolution(conv, way, err);
    return rc;
}

ost_rc ost_conv_refuse(ost_conv *conv, ost_conv_way way, ost_err *err)
{
    ost_conv_pass *pass = &conv->pass[way];

    pass->refused |= 1u << pass->algorithm;
    return by_rule(conv, way, conv->shape.items / pass->items, err);
}
