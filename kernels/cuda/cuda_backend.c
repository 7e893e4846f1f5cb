/* kernels/cuda/cuda_backend.c - a GPU as a backend */
#include "base/alloc.h"
#include "base/text.h"
#include "kernels/cuda/cuda_memory.h"
#include "kernels/cuda/cuda_transfer.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/graphs.h"
#include "kernels/cuda/ranges.h"
#include "kernels/cuda_plugin.h"
#include "kernels/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Of the stand-in for CUDA alone. */
extern const int cudasim_is_standin __attribute__((weak));

static ost_cuda *opened;

ost_cuda *ost_cuda_here(void)
{
    return opened;
}

/* Errors after which nothing in this process succeeds on the device. */
static bool is_fatal(cudaError_t e)
{
    switch ((int)e) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorContextIsDestroyed:
    case cudaErrorDevicesUnavailable:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
    case cudaErrorUnknown:
        return true;
    default:
        return false;
    }
}

static ost_rc code_of(cudaError_t e)
{
    if (is_fatal(e))
        return OST_EDEVICE;
    return e == cudaErrorMemoryAllocation ? OST_ENOMEM : OST_EFAIL;
}

ost_rc ost_cuda_check(int status, const char *what, ost_err *err)
{
    cudaError_t e = (cudaError_t)status;

    if (e == cudaSuccess)
        return OST_OK;
    /* It is told here, and is not to be found again by the next launch. */
    (void)cudaGetLastError();
    return ost_fail(err, code_of(e), "the device cannot %s: %s (%s)", what,
                    cudaGetErrorString(e), cudaGetErrorName(e));
}

/* What is wrong with the device.  Libraries have runtimes of their own, whose
 * errors are not the last one of ours; but a device that is lost says so to
 * every call. */
static cudaError_t ask_device(void)
{
    cudaError_t e =
        opened->copies ? cudaStreamQuery(opened->copies) : cudaSuccess;
    cudaError_t last = cudaGetLastError();

    return is_fatal(e) ? e : last;
}

/* A library fails with a code of its own when the device does under it; one for
 * work that failed means the same, though the device may say so only later. */
static ost_rc code_behind(bool failed_work, bool no_memory)
{
    if (is_fatal(ask_device()) || failed_work)
        return OST_EDEVICE;
    return no_memory ? OST_ENOMEM : OST_EFAIL;
}

ost_rc ost_cudnn_check(cudnnStatus_t status, const char *what, ost_err *err)
{
    if (status == CUDNN_STATUS_SUCCESS)
        return OST_OK;
    return ost_fail(
        err,
        code_behind(
            CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_EXECUTION_FAILED,
            status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
                status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED),
        "cuDNN cannot %s: %s", what, cudnnGetErrorString(status));
}

ost_rc ost_cublas_check(cublasStatus_t status, const char *what, ost_err *err)
{
    if (status == CUBLAS_STATUS_SUCCESS)
        return OST_OK;
    return ost_fail(err,
                    code_behind(status == CUBLAS_STATUS_EXECUTION_FAILED,
                                status == CUBLAS_STATUS_ALLOC_FAILED),
                    "cuBLAS cannot %s: %s", what,
                    cublasGetStatusString(status));
}

static ost_rc weight_read(ost_backend *backend, const ost_weight *weight,
                          float *plain, ost_err *err)
{
    return ost_cuda_read(backend, plain, weight->data,
                         (size_t)weight->stored * sizeof(float), err);
}

static ost_rc weight_write(ost_backend *backend, ost_weight *weight,
                           const float *plain, ost_err *err)
{
    return ost_cuda_write(backend, weight->data, plain,
                          (size_t)weight->stored * sizeof(float), err);
}

static ost_rc bring(ost_backend *backend, void *host, const void *device,
                    size_t bytes, ost_err *err)
{
    (void)backend;
    return ost_cuda_bring(host, device, bytes, err);
}

/* Numeric classes by what follows "cuda-" or "sim-". */
static const struct {
    const char *gpu;
    const char *standin;
    ost_cuda_math math;
    bool tuned;
} classes[] = {
    { "cuda-f32", "sim-f32", OST_CUDA_F32, false },
    { "cuda-f32-tuned", "sim-f32-tuned", OST_CUDA_F32, true },
    { "cuda-tf32", "sim-tf32", OST_CUDA_TF32, false },
    { "cuda-bf16", "sim-bf16", OST_CUDA_BF16, false },
    { "cuda-f16", "sim-f16", OST_CUDA_F16, false },
};

static ost_rc choose_class(ost_cuda *cuda, const char *wanted, ost_err *err)
{
    if (strcmp(wanted, "cuda") == 0)
        wanted = cuda->standin ? "sim-f32" : "cuda-f32";
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        const char *name = cuda->standin ? classes[i].standin : classes[i].gpu;

        if (strcmp(wanted, name) != 0)
            continue;
        cuda->backend->numeric_class = name;
        cuda->math = classes[i].math;
        cuda->tuned = classes[i].tuned;
        return OST_OK;
    }
    return ost_fail(err, OST_EUNSUPPORTED, "%s does not compute '%s'",
                    cuda->standin ? "the CUDA stand-in" : "a GPU", wanted);
}

static void cuda_close(ost_backend *backend)
{
    ost_cuda *cuda = backend->state;

    if (cuda->memory) {
        ost_cuda_transfer_close();
        ost_cuda_visit_close(cuda);
    }
    ost_tuning_close();
    ost_cuda_release(backend, cuda->workspace);
    if (cuda->lt)
        (void)cublasLtDestroy(cuda->lt);
    if (cuda->blas)
        (void)cublasDestroy(cuda->blas);
    if (cuda->dnn)
        (void)cudnnDestroy(cuda->dnn);
    if (cuda->stream)
        (void)cudaStreamSynchronize(cuda->stream);
    if (cuda->copies)
        (void)cudaStreamDestroy(cuda->copies);
    ost_cuda_memory_close(cuda);
    if (cuda->stream)
        (void)cudaStreamDestroy(cuda->stream);
    ost_cuda_ranges_close();
    opened = NULL;
    ost_free(cuda);
    ost_free(backend);
}

static const ost_backend table = {
    .name = "cuda",
    .close = cuda_close,
    .alloc = ost_cuda_alloc,
    .release = ost_cuda_release,
    .host_alloc = ost_cuda_host_alloc,
    .host_release = ost_cuda_host_release,
    .write = ost_cuda_write,
    .read = ost_cuda_read,
    .send = ost_cuda_send,
    .sent = ost_cuda_sent,
    .lend = ost_cuda_lend,
    .bring = bring,
    .finish = ost_cuda_finish,
    .record = ost_cuda_record,
    .recorded = ost_cuda_recorded,
    .repeat = ost_cuda_repeat,
    .forget = ost_cuda_forget,
    .enter = ost_cuda_enter,
    .leave = ost_cuda_leave,
    .explain_memory = ost_cuda_explain_memory,
    .weight_read = weight_read,
    .weight_write = weight_write,
/* clang-format off */
#define OPERATOR(name, args) .name = ost_cuda_##name,
#include "kernels/operator_list.def"
    /* clang-format on */
};

/* Without a driver the runtime answers as if it were too old. */
static ost_rc find_devices(ost_err *err)
{
    int count = 0;
    cudaError_t e = cudaGetDeviceCount(&count);

    if (e == cudaErrorInsufficientDriver)
        return ost_fail(err, OST_EUNSUPPORTED,
                        "there is no CUDA device: the machine has no NVIDIA "
                        "driver, or one older than CUDA %d.%d",
                        CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    if (e == cudaErrorNoDevice || (e == cudaSuccess && count < 1))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "there is no CUDA device that this process may use");
    return ost_cuda_check(e, "be found", err);
}

static ost_rc open_device(ost_cuda *cuda, ost_err *err)
{
    ost_rc rc = find_devices(err);

    if (rc)
        return rc;
    rc = ost_cuda_check(cudaSetDevice(cuda->device), "be opened", err);
    if (!rc)
        rc = ost_cuda_check(
            cudaStreamCreateWithFlags(&cuda->stream, cudaStreamNonBlocking),
            "make a stream", err);
    if (!rc)
        rc = ost_cuda_check(
            cudaStreamCreateWithFlags(&cuda->copies, cudaStreamNonBlocking),
            "make a stream", err);
    return rc;
}

static ost_rc open_libraries(ost_cuda *cuda, ost_err *err)
{
    ost_rc rc = ost_cudnn_check(cudnnCreate(&cuda->dnn), "start", err);

    if (!rc)
        rc = ost_cudnn_check(cudnnSetStream(cuda->dnn, cuda->stream), "start",
                             err);
    if (!rc)
        rc = ost_cublas_check(cublasCreate(&cuda->blas), "start", err);
    if (!rc)
        rc = ost_cublas_check(cublasSetStream(cuda->blas, cuda->stream),
                              "start", err);
    if (!rc)
        rc = ost_cublas_check(cublasLtCreate(&cuda->lt), "start", err);
    return rc;
}

/* What is told of results that the device computed. */
static void name_libraries(ost_cuda *cuda)
{
    int runtime = 0, blas = 0;
    size_t dnn = cudnnGetVersion();

    (void)cudaRuntimeGetVersion(&runtime);
    (void)cublasGetVersion(cuda->blas, &blas);
    snprintf(cuda->libraries, sizeof(cuda->libraries),
             "CUDA %d.%d, cuDNN %zu.%zu.%zu, cuBLAS %d.%d.%d", runtime / 1000,
             runtime % 1000 / 10, dnn / 10000, dnn % 10000 / 100, dnn % 100,
             blas / 10000, blas % 10000 / 100, blas % 100);
    cuda->backend->libraries = cuda->libraries;
}

/* OSTEON_TEST_CUDA_WORKSPACE: bytes that algorithms find on the stand-in. */
static size_t workspace_bytes(const ost_cuda *cuda)
{
    const char *text = getenv("OSTEON_TEST_CUDA_WORKSPACE");

    return text && cuda->standin ? (size_t)strtoull(text, NULL, 10)
                                 : OST_CUDA_WORKSPACE;
}

static ost_rc open_workspace(ost_cuda *cuda, ost_err *err)
{
    ost_backend *b = cuda->backend;

    cuda->workspace_bytes = workspace_bytes(cuda);
    cuda->workspace =
        ost_cuda_alloc(b, cuda->workspace_bytes, "workspace of libraries");
    if (!cuda->workspace)
        return ost_backend_no_memory(b, err, "the workspace of libraries");
    /* Otherwise cuBLAS has one of its own for each stream. */
    return ost_cublas_check(
        cublasSetWorkspace(cuda->blas, cuda->workspace, cuda->workspace_bytes),
        "start", err);
}

/* OSTEON_GPU_MEMORY: bytes that this process may use; unset: all. */
static size_t memory_limit(void)
{
    const char *text = getenv("OSTEON_GPU_MEMORY");

    return text ? (size_t)strtoull(text, NULL, 10) : 0;
}

__attribute__((visibility("default"))) ost_cuda_open_fn ost_cuda_open;

ost_rc ost_cuda_open(const char *numeric_class, ost_backend **backend,
                     ost_err *err)
{
    ost_backend *b;
    ost_cuda *cuda;
    ost_rc rc;

    if (opened)
        return ost_fail(err, OST_EUNSUPPORTED,
                        "this process has opened its device already");
    b = ost_xalloc(sizeof(*b));
    cuda = ost_xalloc(sizeof(*cuda));
    *b = table;
    if (!ost_cuda_graphs_wanted())
        b->record = NULL;
    b->state = cuda;
    cuda->backend = b;
    cuda->standin = &cudasim_is_standin != NULL;
    opened = cuda;
    ost_cuda_ranges_open();
    rc = choose_class(cuda, numeric_class, err);
    if (!rc)
        rc = open_device(cuda, err);
    if (!rc)
        rc = ost_cuda_memory_open(cuda, memory_limit(), err);
    if (!rc)
        rc = open_libraries(cuda, err);
    if (!rc)
        rc = open_workspace(cuda, err);
    if (rc) {
        cuda_close(b);
        return rc;
    }
    name_libraries(cuda);
    *backend = b;
    return OST_OK;
}
