/* kernels/cuda/cuda.h - the CUDA backend: cuDNN, cuBLAS and our own kernels
 *
 * Private to kernels/cuda/.  A process has one device (the engine starts one
 * worker for each), so that its state is one: ost_cuda_here().  All that
 * operators tell the device goes to one stream, in order.  Values lie in plain
 * row-major order (block 1).
 *
 * A layer's functions only tell the device what to do: they neither wait nor
 * allocate nor look at what was computed, so that a pass of a network can be
 * recorded once and told again.
 */
#ifndef OST_KERNELS_CUDA_CUDA_H
#define OST_KERNELS_CUDA_CUDA_H

#include "kernels/backend.h"
#include "kernels/layer.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "kernels/spectral.h"

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>
#include <stdint.h>

/* In which type products are computed; sums are f32. */
typedef enum ost_cuda_math {
    OST_CUDA_F32,
    OST_CUDA_TF32,
    OST_CUDA_BF16,
    OST_CUDA_F16,
} ost_cuda_math;

typedef struct ost_cuda_memory ost_cuda_memory; /* kernels/cuda/cuda_memory.h */

typedef struct ost_cuda {
    ost_backend *backend;
    int device;
    bool standin; /* the CPU stand-in of the tests, no GPU */
    bool tuned;   /* algorithms by timing, not by rule */
    ost_cuda_math math;
    cudaStream_t stream;
    cudaStream_t copies; /* to the device, while it computes */
    bool recording;      /* what the stream is told is not done, but kept */
    cudnnHandle_t dnn;
    cublasHandle_t blas;
    cublasLtHandle_t lt;
    /* Of cuDNN and cuBLAS, for one call at a time: as large as any algorithm
     * that is chosen may ask for. */
    void *workspace;
    size_t workspace_bytes;
    ost_cuda_memory *memory;
    char libraries[96]; /* versions, in words */
} ost_cuda;

/* The device that this process computes on; open. */
ost_cuda *ost_cuda_here(void);

/* OST_OK, or OST_EFAIL with `what` could not be done and the library's words;
 * OST_ENOMEM when memory was lacking; OST_EDEVICE when the process cannot use
 * the device any more. */
ost_rc ost_cuda_check(int status, const char *what, ost_err *err);
ost_rc ost_cudnn_check(cudnnStatus_t status, const char *what, ost_err *err);
ost_rc ost_cublas_check(cublasStatus_t status, const char *what, ost_err *err);

/* Zeros `count` numbers. */
ost_rc ost_cuda_clear(float *to, int64_t count, ost_err *err);

#define OPERATOR(name, args) ost_rc ost_cuda_##name args __attribute__((weak));
#include "kernels/operator_list.def"

#endif
