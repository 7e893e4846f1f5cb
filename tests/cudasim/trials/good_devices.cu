/* tests/cudasim/trials/good_devices.cu - which devices there are, and numbers
 * of fewer bits
 */
#include "tests/cudasim/trials/trial.h"

#include <cublas_v2.h>
#include <string.h>

using namespace trial;

/* Run with three devices, of which the third and the first are visible. */
TRIAL(good_devices)
{
    struct cudaDeviceProp prop;
    int count = 0;
    size_t room, all;

    MUST(cudaGetDeviceCount(&count));
    EXPECT(count == 2);
    MUST(cudaGetDeviceProperties(&prop, 0));
    EXPECT(!strcmp(prop.name, "CUDA stand-in 2"));
    EXPECT(prop.uuid.bytes[15] == 2);
    MUST(cudaGetDeviceProperties(&prop, 1));
    EXPECT(!strcmp(prop.name, "CUDA stand-in 0"));
    MUST(cudaSetDevice(1));
    float *x = on_device<float>(1 << 18);
    MUST(cudaMemGetInfo(&room, &all));
    EXPECT(all == 8 << 20 && room == 7 << 20);
    EXPECT(cudaSetDevice(2) == cudaErrorInvalidDevice);
    (void)cudaGetLastError();
    void *more = nullptr;
    EXPECT(cudaMalloc(&more, all) == cudaErrorMemoryAllocation);
    (void)cudaGetLastError();
    MUST(cudaFree(x));
    return 0;
}

/* Run with one device in two slices, the second of them visible. */
TRIAL(good_slice)
{
    struct cudaDeviceProp prop;
    int count = 0;

    MUST(cudaGetDeviceCount(&count));
    EXPECT(count == 1);
    MUST(cudaGetDeviceProperties(&prop, 0));
    EXPECT(!strcmp(prop.name, "CUDA stand-in 0 MIG 1"));
    EXPECT(prop.totalGlobalMem == 4 << 20);
    return 0;
}

/* A factor that TF32 rounds away, and one that it keeps. */
TRIAL(good_rounding)
{
    const float one = 1, zero = 0;
    float *a = to_device(std::vector<float>{ 1 + 0x1p-12f, 1 + 0x1p-10f });
    float *b = to_device(std::vector<float>{ 1 }), *c = on_device<float>(2);
    cublasHandle_t blas;

    MUST(cublasCreate(&blas));
    MUST(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 1, 1, &one, a,
                      CUDA_R_32F, 2, b, CUDA_R_32F, 1, &zero, c, CUDA_R_32F, 2,
                      CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    EXPECT(to_host(c, 2)[0] == 1 + 0x1p-12f);
    MUST(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 1, 1, &one, a,
                      CUDA_R_32F, 2, b, CUDA_R_32F, 1, &zero, c, CUDA_R_32F, 2,
                      CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_GEMM_DEFAULT));
    EXPECT(to_host(c, 2)[0] == 1 && to_host(c, 2)[1] == 1 + 0x1p-10f);
    MUST(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 1, 1, &one, a,
                      CUDA_R_32F, 2, b, CUDA_R_32F, 1, &zero, c, CUDA_R_32F, 2,
                      CUBLAS_COMPUTE_32F_FAST_16BF, CUBLAS_GEMM_DEFAULT));
    EXPECT(to_host(c, 2)[1] == 1);
    MUST(cublasDestroy(blas));
    for (float *memory : { a, b, c })
        MUST(cudaFree(memory));
    return 0;
}
