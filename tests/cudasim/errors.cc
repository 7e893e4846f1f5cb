/* tests/cudasim/errors.cc - calls, and the errors that they return
 *
 * An error that a call returned has to be looked at (its name or text asked
 * for, or taken with cudaGetLastError()) before more work is put on the device.
 * After an error that no call clears the device is lost.
 */
#include "tests/cudasim/sim.h"

#include <cublas_v2.h>
#include <cudnn.h>
#include <stdio.h>
#include <string.h>

namespace cudasim
{

thread_local int current_device;

namespace
{

constexpr int PATIENCE = 4; /* calls that a host may make without noticing */

auto &mutex = lasting<std::recursive_mutex>();
thread_local cudaError_t last_error;
thread_local char unseen[200]; /* what nobody has looked at */
cudaError_t lost_with;
bool told;
int after_lost;

struct Word {
    int code;
    const char *name, *text;
};

#define CUDASIM_ERROR(code, text) \
    {                             \
        code, #code, text         \
    }
const Word WORDS[] = {
    CUDASIM_ERROR(cudaSuccess, "no error"),
    CUDASIM_ERROR(cudaErrorInvalidValue, "invalid argument"),
    CUDASIM_ERROR(cudaErrorMemoryAllocation, "out of memory"),
    CUDASIM_ERROR(cudaErrorInvalidConfiguration,
                  "invalid configuration argument"),
    CUDASIM_ERROR(cudaErrorInvalidDevice, "invalid device ordinal"),
    CUDASIM_ERROR(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    CUDASIM_ERROR(cudaErrorNotReady, "device not ready"),
    CUDASIM_ERROR(cudaErrorNotSupported, "operation not supported"),
    CUDASIM_ERROR(cudaErrorLaunchFailure, "unspecified launch failure"),
    CUDASIM_ERROR(cudaErrorLaunchOutOfResources,
                  "too many resources requested for launch"),
    CUDASIM_ERROR(cudaErrorIllegalAddress,
                  "an illegal memory access was encountered"),
    CUDASIM_ERROR(cudaErrorECCUncorrectable,
                  "uncorrectable ECC error encountered"),
    CUDASIM_ERROR(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    CUDASIM_ERROR(cudaErrorStreamCaptureUnsupported,
                  "operation not permitted when stream is capturing"),
    CUDASIM_ERROR(cudaErrorStreamCaptureInvalidated,
                  "operation failed due to a previous error during capture"),
    CUDASIM_ERROR(cudaErrorStreamCaptureImplicit,
                  "operation would make the legacy stream depend on a "
                  "capturing blocking stream"),
    CUDASIM_ERROR(cudaErrorStreamCaptureUnjoined,
                  "capturing stream has unjoined work"),
    CUDASIM_ERROR(cudaErrorStreamCaptureUnmatched,
                  "capture was not initiated in this stream"),
    CUDASIM_ERROR(cudaErrorStreamCaptureIsolation,
                  "dependency created on uncaptured work in another stream"),
    CUDASIM_ERROR(cudaErrorCapturedEvent,
                  "operation not permitted on an event last recorded in a "
                  "capturing stream"),
    CUDASIM_ERROR(cudaErrorGraphExecUpdateFailure,
                  "the graph update was not performed because it included "
                  "changes which violated constraints"),
    CUDASIM_ERROR(cudaErrorUnknown, "unknown error"),
};

const Word &word(cudaError_t error)
{
    for (const Word &one : WORDS)
        if (one.code == error)
            return one;
    return WORDS[sizeof WORDS / sizeof *WORDS - 1];
}

} /* namespace */

Call::Call(const char *name, bool submits) : lock_(mutex), name_(name)
{
    if (!submits)
        return;
    if (unseen[0])
        die("%s, and nobody looked at it before %s", unseen, name);
    if (lost_with && told && ++after_lost > PATIENCE)
        die("%s: the device is used after it was lost (%s)", name,
            word(lost_with).name);
}

cudaError_t Call::refused()
{
    return lost_with ? give(lost_with) : cudaSuccess;
}

cudaError_t Call::give(cudaError_t error)
{
    if (!error && lost_with)
        error = lost_with;
    if (!error || error == cudaErrorNotReady)
        return error;
    last_error = error;
    told = told || error == lost_with;
    owe(name_, word(error).name);
    return error;
}

bool Call::lost()
{
    return lost_with != cudaSuccess;
}

void Call::lose(cudaError_t error)
{
    lost_with = error;
}

void Call::owe(const char *name, const char *error)
{
    snprintf(unseen, sizeof unseen, "%s returned %s", name, error);
}

void Call::seen()
{
    unseen[0] = '\0';
}

} /* namespace cudasim */

using namespace cudasim;

extern "C" {

cudaError_t cudaGetLastError(void)
{
    const Call call("cudaGetLastError");
    const cudaError_t error = last_error;

    Call::seen();
    last_error = lost_with;
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    const Call call("cudaPeekAtLastError");

    Call::seen();
    return last_error;
}

const char *cudaGetErrorName(cudaError_t error)
{
    const Call call("cudaGetErrorName");

    Call::seen();
    return word(error).name;
}

const char *cudaGetErrorString(cudaError_t error)
{
    const Call call("cudaGetErrorString");

    Call::seen();
    return word(error).text;
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    const Call call("cudnnGetErrorString");

    Call::seen();
    switch (static_cast<int>(status)) {
    case CUDNN_STATUS_SUCCESS:
        return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_NOT_INITIALIZED:
        return "CUDNN_STATUS_NOT_INITIALIZED";
    case CUDNN_STATUS_BAD_PARAM:
        return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
        return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_INTERNAL_ERROR:
        return "CUDNN_STATUS_INTERNAL_ERROR";
    case CUDNN_STATUS_EXECUTION_FAILED:
        return "CUDNN_STATUS_EXECUTION_FAILED";
    case CUDNN_STATUS_EXECUTION_FAILED_CUDART:
        return "CUDNN_STATUS_EXECUTION_FAILED_CUDART";
    }
    return "CUDNN_STATUS_(another)";
}

void cudnnGetLastErrorString(char *message, size_t size)
{
    const Call call("cudnnGetLastErrorString");

    if (size)
        strncpy(message, "(the stand-in says no more)", size - 1);
    if (size)
        message[size - 1] = '\0';
}

const char *cublasGetStatusName(cublasStatus_t status)
{
    const Call call("cublasGetStatusName");

    Call::seen();
    switch (status) {
    case CUBLAS_STATUS_SUCCESS:
        return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
        return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
        return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
        return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_NOT_SUPPORTED:
        return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_EXECUTION_FAILED:
        return "CUBLAS_STATUS_EXECUTION_FAILED";
    default:
        return "CUBLAS_STATUS_(another)";
    }
}

const char *cublasGetStatusString(cublasStatus_t status)
{
    return cublasGetStatusName(status);
}

} /* extern "C" */
