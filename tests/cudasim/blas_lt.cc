/* tests/cudasim/blas_lt.cc - the calls of cuBLASLt that osteon uses */
#include "tests/cudasim/blas.h"

#include <cublasLt.h>

using namespace cudasim;

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    Call call("cublasLtCreate");

    if (call.refused())
        return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = reinterpret_cast<cublasLtHandle_t>(new int);
    handle_add(*handle, "cuBLASLt handle");
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    const Call call("cublasLtDestroy");

    handle_remove(handle, "cuBLASLt handle");
    delete reinterpret_cast<int *>(handle);
    return CUBLAS_STATUS_SUCCESS;
}

} /* extern "C" */
