/* tests/cudasim/dnn_algorithms.cc - which algorithms a convolution has
 *
 * Workspaces and times are made up by formula, the same for the same shape, so
 * that a choice by timing is the same each time.
 */
#include "tests/cudasim/dnn_convolution.h"

#include <algorithm>
#include <string.h>

using namespace cudasim;

namespace
{

struct Found {
    int algorithm;
    bool works;
    float ms;
};

/* Fastest first, what does not work last. */
std::vector<Found> ranked(Pass pass, const Convolution &g, size_t room)
{
    std::vector<Found> all;

    for (int i = 0; i < algorithms(pass); i++) {
        const bool works =
            has_algorithm(pass, i, g) && workspace_bytes(pass, i, g) <= room;
        all.push_back(Found{ i, works, works ? algorithm_ms(pass, i, g) : -1 });
    }
    std::stable_sort(
        all.begin(), all.end(), [](const Found &a, const Found &b) {
            return a.works != b.works ? a.works : a.works && a.ms < b.ms;
        });
    return all;
}

template <class Perf>
void tell(Pass pass, const Convolution &g, cudnnMathType_t math, size_t room,
          int requested, int *count, Perf *told)
{
    const std::vector<Found> all = ranked(pass, g, room);

    *count = std::min(requested, static_cast<int>(all.size()));
    for (int i = 0; i < *count; i++) {
        const Found &one = all[static_cast<size_t>(i)];
        memset(&told[i], 0, sizeof told[i]);
        told[i].algo = static_cast<decltype(told[i].algo)>(one.algorithm);
        told[i].status =
            one.works ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
        told[i].time = one.ms;
        told[i].memory = workspace_bytes(pass, one.algorithm, g);
        told[i].determinism = is_deterministic(pass, one.algorithm)
                                  ? CUDNN_DETERMINISTIC
                                  : CUDNN_NON_DETERMINISTIC;
        told[i].mathType = math;
    }
}

cudnnStatus_t size_of(DnnCall *call, Pass pass, int algorithm,
                      const Convolution &g, size_t *bytes)
{
    if (!has_algorithm(pass, algorithm, g))
        return call->give(CUDNN_STATUS_NOT_SUPPORTED);
    *bytes = workspace_bytes(pass, algorithm, g);
    return CUDNN_STATUS_SUCCESS;
}

/* Trying algorithms writes to the result and the workspace, and waits. */
template <class Perf>
cudnnStatus_t try_all(DnnCall *call, cudnnHandle_t handle, Pass pass,
                      const Convolution &g, cudnnMathType_t math,
                      const Tensor &a, const Tensor &b, const Tensor &result,
                      void *workspace, size_t bytes, int requested, int *count,
                      Perf *told)
{
    if (is_capturing(handle->stream)) {
        forbidden_in_capture(call->name());
        return call->give(CUDNN_STATUS_EXECUTION_FAILED);
    }
    const cudnnStatus_t status = call->run(g.work() * 1e-6, [=]() {
        (void)a.read();
        (void)b.read();
        result.write(Values(static_cast<size_t>(result.count()), 0.5f));
        if (bytes) {
            check_range(workspace, bytes, "the workspace");
            shadow_write(workspace, bytes, "the workspace");
            memset(workspace, 0xff, bytes);
        }
    });
    if (status)
        return status;
    host_wait(handle->stream);
    tell(pass, g, math, bytes, requested, count, told);
    return CUDNN_STATUS_SUCCESS;
}

} /* namespace */

extern "C" {

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t xd,
    const cudnnFilterDescriptor_t wd, const cudnnConvolutionDescriptor_t cd,
    const cudnnTensorDescriptor_t yd, cudnnConvolutionFwdAlgo_t algorithm,
    size_t *bytes)
{
    DnnCall call("cudnnGetConvolutionForwardWorkspaceSize");
    handle_check(handle, "cuDNN handle", call.name());
    const Convolution g = geometry(
        &call, call.tensor("x", xd, nullptr).d, call.filter("w", wd, nullptr).d,
        described(&call, cd, CONVOLUTION), call.tensor("y", yd, nullptr).d);

    return size_of(&call, Pass::FORWARD, algorithm, g, bytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t handle, const cudnnFilterDescriptor_t wd,
    const cudnnTensorDescriptor_t yd, const cudnnConvolutionDescriptor_t cd,
    const cudnnTensorDescriptor_t xd, cudnnConvolutionBwdDataAlgo_t algorithm,
    size_t *bytes)
{
    DnnCall call("cudnnGetConvolutionBackwardDataWorkspaceSize");
    handle_check(handle, "cuDNN handle", call.name());
    const Convolution g = geometry(&call, call.tensor("dx", xd, nullptr).d,
                                   call.filter("w", wd, nullptr).d,
                                   described(&call, cd, CONVOLUTION),
                                   call.tensor("dy", yd, nullptr).d);

    return size_of(&call, Pass::DATA, algorithm, g, bytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t xd,
    const cudnnTensorDescriptor_t yd, const cudnnConvolutionDescriptor_t cd,
    const cudnnFilterDescriptor_t wd, cudnnConvolutionBwdFilterAlgo_t algorithm,
    size_t *bytes)
{
    DnnCall call("cudnnGetConvolutionBackwardFilterWorkspaceSize");
    handle_check(handle, "cuDNN handle", call.name());
    const Convolution g = geometry(&call, call.tensor("x", xd, nullptr).d,
                                   call.filter("dw", wd, nullptr).d,
                                   described(&call, cd, CONVOLUTION),
                                   call.tensor("dy", yd, nullptr).d);

    return size_of(&call, Pass::FILTER, algorithm, g, bytes);
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithmMaxCount(cudnnHandle_t,
                                                          int *count)
{
    *count = algorithms(Pass::FORWARD);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithmMaxCount(cudnnHandle_t,
                                                               int *count)
{
    *count = algorithms(Pass::DATA);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(cudnnHandle_t,
                                                                 int *count)
{
    *count = algorithms(Pass::FILTER);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(
    cudnnHandle_t, const cudnnTensorDescriptor_t xd,
    const cudnnFilterDescriptor_t wd, const cudnnConvolutionDescriptor_t cd,
    const cudnnTensorDescriptor_t yd, int requested, int *count,
    cudnnConvolutionFwdAlgoPerf_t *told)
{
    DnnCall call("cudnnGetConvolutionForwardAlgorithm_v7");
    const auto &c = described(&call, cd, CONVOLUTION);

    tell(Pass::FORWARD,
         geometry(&call, call.tensor("x", xd, nullptr).d,
                  call.filter("w", wd, nullptr).d, c,
                  call.tensor("y", yd, nullptr).d),
         c.math, SIZE_MAX, requested, count, told);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t, const cudnnFilterDescriptor_t wd,
    const cudnnTensorDescriptor_t yd, const cudnnConvolutionDescriptor_t cd,
    const cudnnTensorDescriptor_t xd, int requested, int *count,
    cudnnConvolutionBwdDataAlgoPerf_t *told)
{
    DnnCall call("cudnnGetConvolutionBackwardDataAlgorithm_v7");
    const auto &c = described(&call, cd, CONVOLUTION);

    tell(Pass::DATA,
         geometry(&call, call.tensor("dx", xd, nullptr).d,
                  call.filter("w", wd, nullptr).d, c,
                  call.tensor("dy", yd, nullptr).d),
         c.math, SIZE_MAX, requested, count, told);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(
    cudnnHandle_t, const cudnnTensorDescriptor_t xd,
    const cudnnTensorDescriptor_t yd, const cudnnConvolutionDescriptor_t cd,
    const cudnnFilterDescriptor_t wd, int requested, int *count,
    cudnnConvolutionBwdFilterAlgoPerf_t *told)
{
    DnnCall call("cudnnGetConvolutionBackwardFilterAlgorithm_v7");
    const auto &c = described(&call, cd, CONVOLUTION);

    tell(Pass::FILTER,
         geometry(&call, call.tensor("x", xd, nullptr).d,
                  call.filter("dw", wd, nullptr).d, c,
                  call.tensor("dy", yd, nullptr).d),
         c.math, SIZE_MAX, requested, count, told);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnFindConvolutionForwardAlgorithmEx(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t xd, const void *xp,
    const cudnnFilterDescriptor_t wd, const void *wp,
    const cudnnConvolutionDescriptor_t cd, const cudnnTensorDescriptor_t yd,
    void *yp, int requested, int *count, cudnnConvolutionFwdAlgoPerf_t *told,
    void *workspace, size_t bytes)
{
    DnnCall call("cudnnFindConvolutionForwardAlgorithmEx", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor x = call.tensor("x", xd, xp), w = call.filter("w", wd, wp);
    const Tensor y = call.tensor("y", yd, yp);
    const auto &c = described(&call, cd, CONVOLUTION);
    return try_all(&call, handle, Pass::FORWARD,
                   geometry(&call, x.d, w.d, c, y.d), c.math, x, w, y,
                   workspace, bytes, requested, count, told);
}

cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithmEx(
    cudnnHandle_t handle, const cudnnFilterDescriptor_t wd, const void *wp,
    const cudnnTensorDescriptor_t yd, const void *yp,
    const cudnnConvolutionDescriptor_t cd, const cudnnTensorDescriptor_t xd,
    void *xp, int requested, int *count,
    cudnnConvolutionBwdDataAlgoPerf_t *told, void *workspace, size_t bytes)
{
    DnnCall call("cudnnFindConvolutionBackwardDataAlgorithmEx", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor dx = call.tensor("dx", xd, xp), w = call.filter("w", wd, wp);
    const Tensor dy = call.tensor("dy", yd, yp);
    const auto &c = described(&call, cd, CONVOLUTION);
    return try_all(&call, handle, Pass::DATA,
                   geometry(&call, dx.d, w.d, c, dy.d), c.math, w, dy, dx,
                   workspace, bytes, requested, count, told);
}

cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithmEx(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t xd, const void *xp,
    const cudnnTensorDescriptor_t yd, const void *yp,
    const cudnnConvolutionDescriptor_t cd, const cudnnFilterDescriptor_t wd,
    void *wp, int requested, int *count,
    cudnnConvolutionBwdFilterAlgoPerf_t *told, void *workspace, size_t bytes)
{
    DnnCall call("cudnnFindConvolutionBackwardFilterAlgorithmEx", handle);
    const cudnnStatus_t status = call.refused();

    if (status)
        return status;
    const Tensor x = call.tensor("x", xd, xp), dw = call.filter("dw", wd, wp);
    const Tensor dy = call.tensor("dy", yd, yp);
    const auto &c = described(&call, cd, CONVOLUTION);
    return try_all(&call, handle, Pass::FILTER,
                   geometry(&call, x.d, dw.d, c, dy.d), c.math, x, dy, dw,
                   workspace, bytes, requested, count, told);
}

} /* extern "C" */
