/* tests/cudasim/trials/bad_calls.cu - calls of the host that are wrong */
#include "tests/cudasim/trials/trial.h"

#include <cublas_v2.h>
#include <cudnn.h>

using namespace trial;

namespace
{

__global__ void set_kernel(int *x, int to)
{
    x[threadIdx.x] = to;
}

__global__ void double_kernel(const int *x, int *y)
{
    y[threadIdx.x] = 2 * x[threadIdx.x];
}

cudnnTensorDescriptor_t tensor(int n, int c, int h, int w)
{
    cudnnTensorDescriptor_t d;

    MUST(cudnnCreateTensorDescriptor(&d));
    MUST(cudnnSetTensor4dDescriptor(d, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, n,
                                    c, h, w));
    return d;
}

/* A convolution with 3x3 weights and no padding, up to its call. */
struct Convolution {
    cudnnHandle_t dnn;
    cudnnTensorDescriptor_t x, y;
    cudnnFilterDescriptor_t w;
    cudnnConvolutionDescriptor_t c;
    float *xp, *wp, *yp;

    explicit Convolution(int out)
    {
        MUST(cudnnCreate(&dnn));
        MUST(cudnnCreateFilterDescriptor(&w));
        MUST(cudnnCreateConvolutionDescriptor(&c));
        x = tensor(1, 1, 5, 5);
        y = tensor(1, 2, out, out);
        MUST(cudnnSetFilter4dDescriptor(w, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW,
                                        2, 1, 3, 3));
        MUST(cudnnSetConvolution2dDescriptor(
            c, 0, 0, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
        xp = to_device(std::vector<float>(25));
        wp = to_device(std::vector<float>(18));
        yp = on_device<float>(static_cast<size_t>(2 * out * out));
    }
    int run(const float *from, cudnnConvolutionFwdAlgo_t algorithm)
    {
        const float one = 1, zero = 0;

        return cudnnConvolutionForward(dnn, &one, x, from, w, wp, c, algorithm,
                                       nullptr, 0, &zero, y, yp);
    }
};

constexpr cudnnConvolutionFwdAlgo_t PLAIN =
    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;

} /* namespace */

TRIAL(bad_host_follows)
{
    const int *x = to_device(std::vector<int>{ 3 });

    return *const_cast<const volatile int *>(x);
}

TRIAL(bad_direction)
{
    float x[4] = {};

    return cudaMemcpy(on_device<float>(4), x, sizeof x, cudaMemcpyDeviceToHost);
}

TRIAL(bad_long_copy)
{
    float x[5] = {};

    return cudaMemcpy(on_device<float>(4), x, sizeof x, cudaMemcpyHostToDevice);
}

TRIAL(bad_long_fill)
{
    return cudaMemset(on_device<float>(4), 0, 17);
}

TRIAL(bad_double_free)
{
    float *x = on_device<float>(4);

    MUST(cudaFree(x));
    return cudaFree(x);
}

TRIAL(bad_free_of_host)
{
    float x;

    return cudaFree(&x);
}

TRIAL(bad_unseen)
{
    void *much;

    (void)cudaMalloc(&much, static_cast<size_t>(1) << 50);
    return OST_LAUNCH(set_kernel, 1, 4, 0, nullptr, on_device<int>(4), 1);
}

TRIAL(bad_leak)
{
    on_device<int>(4);
    return 0;
}

TRIAL(bad_stream_leak)
{
    cudaStream_t stream;

    return cudaStreamCreate(&stream);
}

TRIAL(bad_old_stream)
{
    cudaStream_t stream;
    int *x = on_device<int>(4);

    MUST(cudaStreamCreate(&stream));
    MUST(cudaStreamDestroy(stream));
    return OST_LAUNCH(set_kernel, 1, 4, 0, stream, x, 1);
}

TRIAL(bad_kind_of_handle)
{
    cudaEvent_t event;

    MUST(cudaEventCreate(&event));
    return cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(event));
}

TRIAL(bad_pool_in_use)
{
    struct cudaMemPoolProps props = {};
    cudaMemPool_t pool;
    void *x;

    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    MUST(cudaMemPoolCreate(&pool, &props));
    MUST(cudaMallocFromPoolAsync(&x, 64, pool, nullptr));
    return cudaMemPoolDestroy(pool);
}

/* What was copied is looked at before it is there. */
TRIAL(bad_no_host_wait)
{
    cudaStream_t stream;
    int *pinned, *x = on_device<int>(4);

    MUST(cudaStreamCreate(&stream));
    MUST(cudaMallocHost(reinterpret_cast<void **>(&pinned), 16));
    MUST(OST_LAUNCH(set_kernel, 1, 4, 0, stream, x, 7));
    MUST(cudaMemcpyAsync(pinned, x, 16, cudaMemcpyDeviceToHost, stream));
    EXPECT(pinned[0] == 7);
    return 0;
}

/* What is on its way is changed before it has left. */
TRIAL(bad_early_change)
{
    cudaStream_t stream;
    int *pinned, *x = on_device<int>(4);

    MUST(cudaStreamCreate(&stream));
    MUST(cudaMallocHost(reinterpret_cast<void **>(&pinned), 16));
    pinned[0] = pinned[1] = pinned[2] = pinned[3] = 7;
    MUST(cudaMemcpyAsync(x, pinned, 16, cudaMemcpyHostToDevice, stream));
    pinned[0] = 8;
    MUST(cudaStreamSynchronize(stream));
    EXPECT(to_host(x, 4)[0] == 7);
    return 0;
}

/* One stream uses what another has still to make. */
TRIAL(bad_no_stream_wait)
{
    cudaStream_t first, second;
    int *x = on_device<int>(4), *y = on_device<int>(4);

    MUST(cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking));
    MUST(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking));
    MUST(OST_LAUNCH(set_kernel, 1, 4, 0, first, x, 7));
    MUST(OST_LAUNCH(double_kernel, 1, 4, 0, second, x, y));
    MUST(cudaStreamSynchronize(second));
    EXPECT(to_host(y, 4)[0] == 14);
    return 0;
}

TRIAL(bad_unset_descriptor)
{
    Convolution c(3);

    MUST(cudnnCreateTensorDescriptor(&c.y));
    return c.run(c.xp, PLAIN);
}

TRIAL(bad_old_descriptor)
{
    Convolution c(3);

    MUST(cudnnDestroyFilterDescriptor(c.w));
    return c.run(c.xp, PLAIN);
}

TRIAL(bad_shapes)
{
    Convolution c(4);

    return c.run(c.xp, PLAIN);
}

TRIAL(bad_types)
{
    Convolution c(3);

    MUST(cudnnSetFilter4dDescriptor(c.w, CUDNN_DATA_HALF, CUDNN_TENSOR_NCHW, 2,
                                    1, 3, 3));
    return c.run(c.xp, PLAIN);
}

TRIAL(bad_workspace)
{
    Convolution c(3);

    return c.run(c.xp, CUDNN_CONVOLUTION_FWD_ALGO_GEMM);
}

TRIAL(bad_host_tensor)
{
    Convolution c(3);
    const float x[25] = {};

    return c.run(x, PLAIN);
}

TRIAL(bad_short_matrix)
{
    const float one = 1, zero = 0;
    float *a = to_device(std::vector<float>(11)), *c = on_device<float>(16);
    cublasHandle_t blas;

    MUST(cublasCreate(&blas));
    return cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, 4, 4, 3, &one, a, 4, a,
                       4, &zero, c, 4);
}

TRIAL(bad_loss)
{
    int *x = on_device<int>(4);

    MUST(OST_LAUNCH(set_kernel, 1, 4, 0, nullptr, x, 1));
    for (int i = 0; i < 20; i++) {
        (void)cudaDeviceSynchronize();
        (void)cudaGetLastError();
        (void)OST_LAUNCH(set_kernel, 1, 4, 0, nullptr, x, 1);
    }
    return 0;
}
