/* tests/cudasim/dnn_convolution_calls.cc - convolutions, as the host calls them
 */
#include "tests/cudasim/dnn_convolution.h"

#include <algorithm>
#include <math.h>
#include <string.h>

using namespace cudasim;

namespace
{

const char *const WORKSPACE = "the workspace";

void check_workspace(DnnCall *call, Pass pass, int algorithm,
                     const Convolution &g, const void *workspace, size_t bytes)
{
    const size_t needed = workspace_bytes(pass, algorithm, g);

    if (bytes < needed)
        call->wrong("a workspace of %zu bytes, where algorithm %d needs %zu",
                    bytes, algorithm, needed);
    if (needed)
        check_range(workspace, needed, WORKSPACE);
}

/* Nobody may count on what was in the workspace. */
void spoil(void *workspace, size_t bytes)
{
    if (!bytes)
        return;
    check_range(workspace, bytes, WORKSPACE);
    shadow_write(workspace, bytes, WORKSPACE);
    memset(workspace, 0xff, bytes);
}

/* What atomics in changing order do to sums: some last bits. */
void shake(Values *values)
{
    static unsigned calls;

    if (calls++ % 2)
        for (size_t i = 0; i < values->size(); i += 3)
            (*values)[i] = nextafterf((*values)[i], INFINITY);
}

float biased(const Values &bias, int64_t channel)
{
    return bias.empty() ? 0.0f : bias[static_cast<size_t>(channel)];
}

} /* namespace */

extern "C" {

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *d)
{
    const cudnnStatus_t status = make_descriptor(d, CONVOLUTION);

    (*d)->groups = 1;
    return status;
}

cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t d)
{
    return drop_descriptor(d, CONVOLUTION);
}

cudnnStatus_t cudnnSetConvolutionNdDescriptor(
    cudnnConvolutionDescriptor_t d, int n, const int *pad, const int *stride,
    const int *dilation, cudnnConvolutionMode_t mode, cudnnDataType_t compute)
{
    const Call call("cudnnSetConvolutionNdDescriptor");

    handle_check(d, CONVOLUTION, call.name());
    if (n < 1 || n > 3)
        die("%s: %d dimensions of space", call.name(), n);
    if (mode != CUDNN_CROSS_CORRELATION)
        die("%s: the stand-in has cross-correlations only", call.name());
    d->set = true;
    d->n = n;
    d->mode = mode;
    d->compute = compute;
    for (int i = 0; i < n; i++) {
        if (pad[i] < 0 || stride[i] < 1 || dilation[i] < 1)
            die("%s: padding %d, stride %d and dilation %d", call.name(),
                pad[i], stride[i], dilation[i]);
        d->pad[i] = pad[i];
        d->stride[i] = stride[i];
        d->dilation[i] = dilation[i];
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t d,
                                              int pad_h, int pad_w, int u,
                                              int v, int dilation_h,
                                              int dilation_w,
                                              cudnnConvolutionMode_t mode,
                                              cudnnDataType_t compute)
{
    const int pad[2] = { pad_h, pad_w }, stride[2] = { u, v };
    const int dilation[2] = { dilation_h, dilation_w };

    return cudnnSetConvolutionNdDescriptor(d, 2, pad, stride, dilation, mode,
                                           compute);
}

cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t d,
                                            int groups)
{
    const Call call("cudnnSetConvolutionGroupCount");

    handle_check(d, CONVOLUTION, call.name());
    d->groups = groups;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t d,
                                          cudnnMathType_t math)
{
    const Call call("cudnnSetConvolutionMathType");

    handle_check(d, CONVOLUTION, call.name());
    d->math = math;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionNdForwardOutputDim(
    const cudnnConvolutionDescriptor_t d, const cudnnTensorDescriptor_t xd,
    const cudnnFilterDescriptor_t wd, int n, int *dim)
{
    DnnCall call("cudnnGetConvolutionNdForwardOutputDim");
    const auto &c = described(&call, d, CONVOLUTION);
    const Tensor x = call.tensor("x", xd, nullptr);
    const Tensor w = call.filter("w", wd, nullptr);

    if (n != x.d.n || w.d.n != n || c.n != n - 2)
        call.wrong("%d dimensions asked for, x has %d", n, x.d.n);
    dim[0] = x.d.dim[0];
    dim[1] = w.d.dim[0];
    for (int i = 0; i < c.n; i++)
        dim[2 + i] = output_size(&call, x.d, w.d, c, i);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(
    const cudnnConvolutionDescriptor_t d, const cudnnTensorDescriptor_t xd,
    const cudnnFilterDescriptor_t wd, int *n, int *c, int *h, int *w)
{
    int dim[4];
    const cudnnStatus_t status =
        cudnnGetConvolutionNdForwardOutputDim(d, xd, wd, 4, dim);

    *n = dim[0];
    *c = dim[1];
    *h = dim[2];
    *w = dim[3];
    return status;
}

cudnnStatus_t cudnnConvolutionForward(
    cudnnHandle_t handle, const void *alpha, const cudnnTensorDescriptor_t xd,
    const void *xp, const cudnnFilterDescriptor_t wd, const void *wp,
    const cudnnConvolutionDescriptor_t cd, cudnnConvolutionFwdAlgo_t algorithm,
    void *workspace, size_t bytes, const void *beta,
    const cudnnTensorDescriptor_t yd, void *yp)
{
    DnnCall call("cudnnConvolutionForward", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor x = call.tensor("x", xd, xp), w = call.filter("w", wd, wp);
    const Tensor y = call.tensor("y", yd, yp);
    const Convolution g =
        geometry(&call, x.d, w.d, described(&call, cd, CONVOLUTION), y.d);
    const float a = call.scalar(alpha, y.d.type);
    const float b = call.scalar(beta, y.d.type);
    if (!has_algorithm(Pass::FORWARD, algorithm, g) || injected("refused"))
        return call.give(CUDNN_STATUS_NOT_SUPPORTED);
    check_workspace(&call, Pass::FORWARD, algorithm, g, workspace, bytes);
    const size_t used = workspace_bytes(Pass::FORWARD, algorithm, g);
    return call.run(g.work() * 1e-7, [=]() {
        spoil(workspace, used);
        y.write(convolve(g, x.read(g.rounding), w.read(g.rounding)), a, b);
    });
}

cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t handle, const void *alpha1, const cudnnTensorDescriptor_t xd,
    const void *xp, const cudnnFilterDescriptor_t wd, const void *wp,
    const cudnnConvolutionDescriptor_t cd, cudnnConvolutionFwdAlgo_t algorithm,
    void *workspace, size_t bytes, const void *alpha2,
    const cudnnTensorDescriptor_t zd, const void *zp,
    const cudnnTensorDescriptor_t bd, const void *bp,
    const cudnnActivationDescriptor_t ad, const cudnnTensorDescriptor_t yd,
    void *yp)
{
    DnnCall call("cudnnConvolutionBiasActivationForward", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor x = call.tensor("x", xd, xp), w = call.filter("w", wd, wp);
    const Tensor y = call.tensor("y", yd, yp), z = call.tensor("z", zd, zp);
    const Tensor bias = call.tensor("the bias", bd, bp);
    const auto act = described(&call, ad, ACTIVATION);
    const Convolution g =
        geometry(&call, x.d, w.d, described(&call, cd, CONVOLUTION), y.d);
    const float a = call.scalar(alpha1, y.d.type);
    const float b = call.scalar(alpha2, y.d.type);
    const int64_t space = g.outside(), channels = g.groups * g.k;
    if (bias.count() != channels)
        call.wrong("a bias of %s for %lld channels", shape_text(bias.d).c_str(),
                   static_cast<long long>(channels));
    if (act.mode != CUDNN_ACTIVATION_RELU &&
        act.mode != CUDNN_ACTIVATION_IDENTITY)
        return call.give(CUDNN_STATUS_NOT_SUPPORTED);
    if (act.nan != CUDNN_NOT_PROPAGATE_NAN)
        return call.give(CUDNN_STATUS_NOT_SUPPORTED);
    if (act.mode == CUDNN_ACTIVATION_IDENTITY &&
        algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM)
        call.wrong("without an activation only IMPLICIT_PRECOMP_GEMM works");
    /* The documents promise nothing for three dimensions of space. */
    if (!has_algorithm(Pass::FORWARD, algorithm, g) || x.d.n > 4)
        return call.give(CUDNN_STATUS_NOT_SUPPORTED);
    check_workspace(&call, Pass::FORWARD, algorithm, g, workspace, bytes);
    const size_t used = workspace_bytes(Pass::FORWARD, algorithm, g);
    return call.run(g.work() * 1e-7, [=]() {
        spoil(workspace, used);
        Values v = convolve(g, x.read(g.rounding), w.read(g.rounding));
        const Values add = bias.read();
        const Values zs = b != 0 ? z.read() : Values(v.size());
        for (size_t i = 0; i < v.size(); i++)
            v[i] = activate(act, a * v[i] + b * zs[i] +
                                     biased(add, static_cast<int64_t>(i) /
                                                     space % channels));
        y.write(v);
    });
}

cudnnStatus_t cudnnConvolutionBackwardData(
    cudnnHandle_t handle, const void *alpha, const cudnnFilterDescriptor_t wd,
    const void *wp, const cudnnTensorDescriptor_t yd, const void *yp,
    const cudnnConvolutionDescriptor_t cd,
    cudnnConvolutionBwdDataAlgo_t algorithm, void *workspace, size_t bytes,
    const void *beta, const cudnnTensorDescriptor_t xd, void *xp)
{
    DnnCall call("cudnnConvolutionBackwardData", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor dx = call.tensor("dx", xd, xp), w = call.filter("w", wd, wp);
    const Tensor dy = call.tensor("dy", yd, yp);
    const Convolution g =
        geometry(&call, dx.d, w.d, described(&call, cd, CONVOLUTION), dy.d);
    const float a = call.scalar(alpha, dy.d.type);
    const float b = call.scalar(beta, dy.d.type);
    if (!has_algorithm(Pass::DATA, algorithm, g) || injected("refused"))
        return call.give(CUDNN_STATUS_NOT_SUPPORTED);
    check_workspace(&call, Pass::DATA, algorithm, g, workspace, bytes);
    const size_t used = workspace_bytes(Pass::DATA, algorithm, g);
    return call.run(g.work() * 1e-7, [=]() {
        spoil(workspace, used);
        Values v = convolve_data(g, w.read(g.rounding), dy.read(g.rounding));
        if (!is_deterministic(Pass::DATA, algorithm))
            shake(&v);
        dx.write(v, a, b);
    });
}

cudnnStatus_t cudnnConvolutionBackwardFilter(
    cudnnHandle_t handle, const void *alpha, const cudnnTensorDescriptor_t xd,
    const void *xp, const cudnnTensorDescriptor_t yd, const void *yp,
    const cudnnConvolutionDescriptor_t cd,
    cudnnConvolutionBwdFilterAlgo_t algorithm, void *workspace, size_t bytes,
    const void *beta, const cudnnFilterDescriptor_t wd, void *wp)
{
    DnnCall call("cudnnConvolutionBackwardFilter", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor x = call.tensor("x", xd, xp), dw = call.filter("dw", wd, wp);
    const Tensor dy = call.tensor("dy", yd, yp);
    const Convolution g =
        geometry(&call, x.d, dw.d, described(&call, cd, CONVOLUTION), dy.d);
    const float a = call.scalar(alpha, dy.d.type);
    const float b = call.scalar(beta, dy.d.type);
    if (!has_algorithm(Pass::FILTER, algorithm, g) || injected("refused"))
        return call.give(CUDNN_STATUS_NOT_SUPPORTED);
    check_workspace(&call, Pass::FILTER, algorithm, g, workspace, bytes);
    const size_t used = workspace_bytes(Pass::FILTER, algorithm, g);
    return call.run(g.work() * 1e-7, [=]() {
        spoil(workspace, used);
        Values v = convolve_filter(g, x.read(g.rounding), dy.read(g.rounding));
        if (!is_deterministic(Pass::FILTER, algorithm))
            shake(&v);
        dw.write(v, a, b);
    });
}

cudnnStatus_t cudnnConvolutionBackwardBias(cudnnHandle_t handle,
                                           const void *alpha,
                                           const cudnnTensorDescriptor_t yd,
                                           const void *yp, const void *beta,
                                           const cudnnTensorDescriptor_t bd,
                                           void *bp)
{
    DnnCall call("cudnnConvolutionBackwardBias", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor dy = call.tensor("dy", yd, yp), db = call.tensor("db", bd, bp);
    const float a = call.scalar(alpha, dy.d.type);
    const float b = call.scalar(beta, dy.d.type);
    const int64_t channels = dy.d.dim[1];
    const int64_t space = dy.count() / channels / dy.d.dim[0];
    if (db.count() != channels)
        call.wrong("db is %s for dy of %s", shape_text(db.d).c_str(),
                   shape_text(dy.d).c_str());
    return call.run(1e-4 * static_cast<double>(dy.count()), [=]() {
        const Values v = dy.read();
        std::vector<double> sums(static_cast<size_t>(channels));
        for (size_t i = 0; i < v.size(); i++)
            sums[static_cast<size_t>(static_cast<int64_t>(i) / space %
                                     channels)] += static_cast<double>(v[i]);
        db.write(Values(sums.begin(), sums.end()), a, b);
    });
}

} /* extern "C" */
