/* tests/cudasim/blas.cc - the calls of cuBLAS that osteon uses */
#include "tests/cudasim/blas.h"

#include <stdlib.h>
#include <string.h>

struct cublasContext {
    cudaStream_t stream;
    void *workspace;
    size_t workspace_bytes;
    cublasMath_t math;
    cublasPointerMode_t mode;
};

namespace cudasim
{

Number blas_number(cudaDataType type, const char *call)
{
    switch (static_cast<int>(type)) {
    case CUDA_R_32F:
        return Number::F32;
    case CUDA_R_16F:
        return Number::F16;
    case CUDA_R_16BF:
        return Number::BF16;
    case CUDA_R_64F:
        return Number::F64;
    }
    die("%s: the stand-in does not multiply numbers of type %d", call,
        static_cast<int>(type));
}

Number blas_rounding(Number type, cublasComputeType_t compute)
{
    const char *override = getenv("NVIDIA_TF32_OVERRIDE");

    if (type != Number::F32)
        return type;
    switch (static_cast<int>(compute)) {
    case CUBLAS_COMPUTE_32F_FAST_TF32:
        return override && *override == '0' ? Number::F32 : Number::TF32;
    case CUBLAS_COMPUTE_32F_FAST_16F:
        return Number::F16;
    case CUBLAS_COMPUTE_32F_FAST_16BF:
        return Number::BF16;
    }
    return Number::F32;
}

namespace
{

/* The elements of one matrix, rounded; in memory order. */
Values read(const Matrices &all, int64_t index, Number rounding,
            const char *what)
{
    const int64_t size = number_bytes(all.type);
    const char *data =
        static_cast<const char *>(all.data) + index * all.stride * size;
    Values values(static_cast<size_t>(all.rows * all.columns));

    for (int64_t j = 0; j < all.columns; j++) {
        const char *column = data + j * all.ld * size;
        float *to = values.data() + j * all.rows;
        check_range(column, static_cast<size_t>(all.rows * size), what);
        shadow_read(column, static_cast<size_t>(all.rows * size), what);
        numbers_get(column, 1, all.rows, all.type, to);
    }
    numbers_round(values.data(), all.rows * all.columns, rounding);
    return values;
}

void end_all(float *values, int64_t n, End end)
{
    if (end == End::RELU)
        for (int64_t i = 0; i < n; i++)
            values[i] = values[i] > 0 ? values[i] : 0;
    if (end == End::GELU)
        for (int64_t i = 0; i < n; i++)
            values[i] = static_cast<float>(
                0.5 * values[i] * (1 + erf(values[i] * 0.70710678118654752)));
}

/* Notes where numbers are above 0, or keeps those that were. */
void through_mask(float *values, int64_t n, uint8_t *bits, bool keeps)
{
    for (int64_t i = 0; i < n; i++)
        if (keeps)
            values[i] = bits[i / 8] >> (i % 8) & 1 ? values[i] : 0;
        else
            bits[i / 8] = static_cast<uint8_t>(
                (bits[i / 8] & ~(1u << (i % 8))) |
                static_cast<unsigned>(values[i] > 0) << (i % 8));
}

void write(const Product &p, int64_t index, const Values &sums,
           const Values &bias)
{
    const int64_t size = number_bytes(p.d.type);
    char *d = static_cast<char *>(p.d.data) + index * p.d.stride * size;
    Values c, kept(static_cast<size_t>(p.m));
    float *line = kept.data();

    if (p.beta != 0)
        c = read(p.c, index, Number::F32, "the matrix C of a product");
    for (int64_t j = 0; j < p.n; j++) {
        char *column = d + j * p.d.ld * size;
        uint8_t *bits = static_cast<uint8_t *>(p.mask.data) +
                        (p.mask.data ? j * p.mask.ld / 8 : 0);
        check_range(column, static_cast<size_t>(p.m * size),
                    "the result of a product");
        shadow_write(column, static_cast<size_t>(p.m * size),
                     "the result of a product");
        const float *sum = sums.data() + j * p.m;
        const float *add = c.data() + j * p.m;
        for (int64_t i = 0; i < p.m; i++)
            line[i] = p.alpha * sum[i];
        for (int64_t i = 0; p.beta != 0 && i < p.m; i++)
            line[i] += p.beta * add[i];
        for (int64_t i = 0; !bias.empty() && i < p.m; i++)
            line[i] += bias[static_cast<size_t>(i)];
        if (p.mask.data)
            through_mask(line, p.m, bits, p.masks);
        end_all(line, p.m, p.end);
        numbers_put(column, 1, p.m, p.d.type, line);
    }
}

/* The sums over k of op(a), of m numbers, or op(b), of n. */
void write_bias_gradient(const Product &p, const Values &values)
{
    const Matrices &from = p.gradient_of_a ? p.a : p.b;
    const int64_t lines = p.gradient_of_a ? p.m : p.n;
    const bool by_row = p.gradient_of_a != from.transposed;
    const size_t bytes =
        static_cast<size_t>(lines * number_bytes(p.bias_gradient.type));

    check_range(p.bias_gradient.data, bytes, "the gradient of a bias");
    shadow_write(p.bias_gradient.data, bytes, "the gradient of a bias");
    for (int64_t i = 0; i < lines; i++) {
        float sum = 0;
        for (int64_t q = 0; q < p.k; q++)
            sum += values[static_cast<size_t>(by_row ? q * from.rows + i
                                                     : i * from.rows + q)];
        number_put(p.bias_gradient.data, i, p.bias_gradient.type, sum);
    }
}

} /* namespace */

void check_product(const Product &p, const char *call)
{
    for (const Matrices *one : { &p.a, &p.b, &p.c, &p.d }) {
        if (!one->data || (one == &p.c && p.beta == 0))
            continue;
        const char *name = one == &p.a   ? "A"
                           : one == &p.b ? "B"
                           : one == &p.c ? "C"
                                         : "D";
        if (one->ld < one->rows)
            die("%s: the leading dimension %lld of %s is less than its %lld "
                "rows",
                call, static_cast<long long>(one->ld), name,
                static_cast<long long>(one->rows));
        const int64_t last = (p.batch - 1) * one->stride +
                             (one->columns - 1) * one->ld + one->rows;
        check_range(one->data,
                    static_cast<size_t>(last * number_bytes(one->type)),
                    text("%s of %s", name, call).c_str());
    }
}

void run_product(const Product &p)
{
    Values bias;

    if (p.bias.data)
        bias = read(p.bias, 0, Number::F32, "the bias of a product");
    for (int64_t index = 0; index < p.batch; index++) {
        Values sums(static_cast<size_t>(p.m * p.n));
        if (p.k && p.alpha != 0) {
            const auto a = read(p.a, index, p.rounding, "A of a product");
            const auto b = read(p.b, index, p.rounding, "B of a product");
            /* Rows of the product are columns of what is written. */
            gemm(p.n, p.m, p.k, b.data(), p.b.transposed ? 1 : p.b.rows,
                 p.b.transposed ? p.b.rows : 1, a.data(),
                 p.a.transposed ? 1 : p.a.rows, p.a.transposed ? p.a.rows : 1,
                 sums.data(), p.m);
            if (p.bias_gradient.data)
                write_bias_gradient(p, p.gradient_of_a ? a : b);
        }
        write(p, index, sums, bias);
    }
}

namespace
{

float scalar(const void *given, const char *call)
{
    if (!given)
        die("%s: no alpha or beta", call);
    if (in_arena(given))
        die("%s: alpha and beta are expected in memory of the host, but %s",
            call, describe(given).c_str());
    float value;
    memcpy(&value, given, sizeof value);
    return value;
}

Matrices matrices(const void *data, Number type, bool transposed, int64_t rows,
                  int64_t columns, int64_t ld, int64_t stride)
{
    Matrices all;

    all.data = const_cast<void *>(data);
    all.type = type;
    all.transposed = transposed;
    all.rows = transposed ? columns : rows;
    all.columns = transposed ? rows : columns;
    all.ld = ld;
    all.stride = stride;
    return all;
}

struct Shape {
    bool ta, tb;
    int64_t m, n, k, lda, ldb, ldc, stride_a, stride_b, stride_c, batch;
};

cublasStatus_t multiply(Call *call, cublasHandle_t handle, const Shape &s,
                        const void *alpha, const void *a, Number at,
                        const void *b, Number bt, const void *beta, void *c,
                        Number ct, cublasComputeType_t compute)
{
    handle_check(handle, "cuBLAS handle", call->name());
    if (call->refused() || injected("cublas")) {
        Call::owe(call->name(), "CUBLAS_STATUS_EXECUTION_FAILED");
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    if (!s.m || !s.n || !s.batch)
        return CUBLAS_STATUS_SUCCESS;
    Product p;
    p.m = s.m;
    p.n = s.n;
    p.k = s.k;
    p.batch = s.batch;
    p.alpha = scalar(alpha, call->name());
    p.beta = scalar(beta, call->name());
    p.a = matrices(a, at, s.ta, s.m, s.k, s.lda, s.stride_a);
    p.b = matrices(b, bt, s.tb, s.k, s.n, s.ldb, s.stride_b);
    p.c = p.d = matrices(c, ct, false, s.m, s.n, s.ldc, s.stride_c);
    p.rounding = blas_rounding(at, compute);
    if (handle->math == CUBLAS_TF32_TENSOR_OP_MATH && p.rounding == Number::F32)
        p.rounding = blas_rounding(at, CUBLAS_COMPUTE_32F_FAST_TF32);
    check_product(p, call->name());
    Operation operation;
    operation.kind = Kind::LIBRARY;
    operation.name =
        text("%s (%lld x %lld x %lld, batch of %lld)", call->name(),
             static_cast<long long>(s.m), static_cast<long long>(s.n),
             static_cast<long long>(s.k), static_cast<long long>(s.batch));
    operation.cost = 4 + 1e-7 * s.m * s.n * s.k * s.batch;
    operation.run = [p]() {
        check_product(p, "a product");
        run_product(p);
    };
    if (submit(handle->stream, std::move(operation)))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    return CUBLAS_STATUS_SUCCESS;
}

} /* namespace */

} /* namespace cudasim */

using namespace cudasim;

extern "C" {

cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    Call call("cublasCreate");

    if (call.refused())
        return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = new cublasContext();
    handle_add(*handle, "cuBLAS handle");
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    const Call call("cublasDestroy");

    handle_remove(handle, "cuBLAS handle");
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream)
{
    const Call call("cublasSetStream");

    handle_check(handle, "cuBLAS handle", call.name());
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *workspace,
                                  size_t bytes)
{
    const Call call("cublasSetWorkspace");

    handle_check(handle, "cuBLAS handle", call.name());
    check_range(workspace, bytes, "the workspace of cuBLAS");
    handle->workspace = workspace;
    handle->workspace_bytes = bytes;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t math)
{
    const Call call("cublasSetMathMode");

    handle_check(handle, "cuBLAS handle", call.name());
    handle->math = math;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t handle,
                                    cublasPointerMode_t mode)
{
    const Call call("cublasSetPointerMode");

    handle_check(handle, "cuBLAS handle", call.name());
    if (mode != CUBLAS_POINTER_MODE_HOST)
        die("cublasSetPointerMode: the stand-in has scalars of the host only");
    handle->mode = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetVersion(cublasHandle_t, int *version)
{
    const Call call("cublasGetVersion");

    *version = CUBLAS_VERSION;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t ta,
                           cublasOperation_t tb, int m, int n, int k,
                           const float *alpha, const float *a, int lda,
                           const float *b, int ldb, const float *beta, float *c,
                           int ldc)
{
    Call call("cublasSgemm", true);

    return multiply(&call, handle,
                    Shape{ ta != CUBLAS_OP_N, tb != CUBLAS_OP_N, m, n, k, lda,
                           ldb, ldc, 0, 0, 0, 1 },
                    alpha, a, Number::F32, b, Number::F32, beta, c, Number::F32,
                    CUBLAS_COMPUTE_32F);
}

cublasStatus_t cublasSgemmStridedBatched(
    cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb, int m,
    int n, int k, const float *alpha, const float *a, int lda,
    long long stride_a, const float *b, int ldb, long long stride_b,
    const float *beta, float *c, int ldc, long long stride_c, int batch)
{
    Call call("cublasSgemmStridedBatched", true);

    return multiply(&call, handle,
                    Shape{ ta != CUBLAS_OP_N, tb != CUBLAS_OP_N, m, n, k, lda,
                           ldb, ldc, stride_a, stride_b, stride_c, batch },
                    alpha, a, Number::F32, b, Number::F32, beta, c, Number::F32,
                    CUBLAS_COMPUTE_32F);
}

cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb, int m,
    int n, int k, const void *alpha, const void *a, cudaDataType at, int lda,
    long long stride_a, const void *b, cudaDataType bt, int ldb,
    long long stride_b, const void *beta, void *c, cudaDataType ct, int ldc,
    long long stride_c, int batch, cublasComputeType_t compute,
    cublasGemmAlgo_t)
{
    Call call("cublasGemmStridedBatchedEx", true);

    return multiply(&call, handle,
                    Shape{ ta != CUBLAS_OP_N, tb != CUBLAS_OP_N, m, n, k, lda,
                           ldb, ldc, stride_a, stride_b, stride_c, batch },
                    alpha, a, blas_number(at, call.name()), b,
                    blas_number(bt, call.name()), beta, c,
                    blas_number(ct, call.name()), compute);
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t ta,
                            cublasOperation_t tb, int m, int n, int k,
                            const void *alpha, const void *a, cudaDataType at,
                            int lda, const void *b, cudaDataType bt, int ldb,
                            const void *beta, void *c, cudaDataType ct, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t)
{
    Call call("cublasGemmEx", true);

    return multiply(&call, handle,
                    Shape{ ta != CUBLAS_OP_N, tb != CUBLAS_OP_N, m, n, k, lda,
                           ldb, ldc, 0, 0, 0, 1 },
                    alpha, a, blas_number(at, call.name()), b,
                    blas_number(bt, call.name()), beta, c,
                    blas_number(ct, call.name()), compute);
}

} /* extern "C" */
