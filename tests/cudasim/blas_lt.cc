/* tests/cudasim/blas_lt.cc - the calls of cuBLASLt that osteon uses
 *
 * An algorithm belongs to the shapes it was chosen for and needs the workspace
 * that the choice said.
 */
#include "tests/cudasim/blas.h"

#include <cublasLt.h>
#include <stdlib.h>
#include <string.h>

using namespace cudasim;

namespace
{

constexpr const char *HANDLE = "cuBLASLt handle";
constexpr const char *MATMUL = "cuBLASLt product descriptor";
constexpr const char *LAYOUT = "cuBLASLt matrix layout";
constexpr const char *PREFERENCE = "cuBLASLt preference";

struct Matmul {
    cublasComputeType_t compute;
    cudaDataType_t scale;
    int32_t mode = CUBLASLT_POINTER_MODE_HOST;
    int32_t ta = CUBLAS_OP_N, tb = CUBLAS_OP_N, tc = CUBLAS_OP_N;
    uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    void *bias = nullptr, *aux = nullptr;
    int64_t aux_ld = 0;
    int32_t bias_type = -1;
};

struct Layout {
    cudaDataType_t type;
    uint64_t rows, columns;
    int64_t ld;
    int32_t batch = 1;
    int64_t stride = 0;
    int32_t order = CUBLASLT_ORDER_COL;
};

struct Preference {
    uint64_t workspace = 0;
};

const Matmul &matmul_of(cublasLtMatmulDesc_t handle, const char *call)
{
    handle_check(handle, MATMUL, call);
    return *reinterpret_cast<Matmul *>(handle);
}

const Layout &layout_of(cublasLtMatrixLayout_t handle, const char *call)
{
    handle_check(handle, LAYOUT, call);
    const Layout &layout = *reinterpret_cast<Layout *>(handle);
    if (layout.order != CUBLASLT_ORDER_COL)
        die("%s: the stand-in has matrices in column order only", call);
    return layout;
}

template <class T>
cublasStatus_t put(T *field, const void *value, size_t bytes, const char *call)
{
    if (bytes != sizeof *field)
        die("%s: %zu bytes for an attribute of %zu", call, bytes,
            sizeof *field);
    memcpy(field, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

Matrices matrices_of(const Layout &layout, const void *data, bool transposed,
                     const char *call)
{
    Matrices all;

    all.data = const_cast<void *>(data);
    all.type = blas_number(layout.type, call);
    all.rows = static_cast<int64_t>(layout.rows);
    all.columns = static_cast<int64_t>(layout.columns);
    all.ld = layout.ld;
    all.stride = layout.stride;
    all.transposed = transposed;
    return all;
}

void add_epilogue(Product *p, const Matmul &how, const char *call)
{
    const uint32_t e = how.epilogue;

    if (e & CUBLASLT_EPILOGUE_RELU)
        p->end = End::RELU;
    if (e & CUBLASLT_EPILOGUE_GELU)
        p->end = End::GELU;
    Matrices bias;
    bias.data = how.bias;
    bias.type =
        how.bias_type < 0
            ? p->d.type
            : blas_number(static_cast<cudaDataType_t>(how.bias_type), call);
    bias.columns = 1;
    bias.rows = bias.ld = e & CUBLASLT_EPILOGUE_BGRADB ? p->n : p->m;
    const bool gradient =
        e & (CUBLASLT_EPILOGUE_BGRADA | CUBLASLT_EPILOGUE_BGRADB);
    if ((e & CUBLASLT_EPILOGUE_BIAS || gradient)) {
        if (!how.bias)
            die("%s: the epilogue %u needs a bias pointer", call, e);
        check_range(bias.data,
                    static_cast<size_t>(bias.rows * number_bytes(bias.type)),
                    "the bias of a product");
    }
    if (e & CUBLASLT_EPILOGUE_BIAS)
        p->bias = bias;
    if (gradient) {
        p->bias_gradient = bias;
        p->gradient_of_a = e & CUBLASLT_EPILOGUE_BGRADA;
    }
    if (e & 128) {
        if (e & (32 | 64 | 16))
            die("%s: the stand-in does not have the epilogue %u", call, e);
        if (how.aux_ld % 128 || how.aux_ld < p->m)
            die("%s: an auxiliary leading dimension of %lld for %lld rows",
                call, static_cast<long long>(how.aux_ld),
                static_cast<long long>(p->m));
        p->mask.data = how.aux;
        p->mask.ld = how.aux_ld;
        p->masks = e & 8;
        check_range(how.aux, static_cast<size_t>(p->n * how.aux_ld / 8),
                    "the mask of a product");
    }
}

Product product_of(const Matmul &how, const Layout &a, const Layout &b,
                   const Layout &c, const Layout &d, const char *call)
{
    Product p;
    const bool ta = how.ta != CUBLAS_OP_N, tb = how.tb != CUBLAS_OP_N;
    const uint64_t k = ta ? a.rows : a.columns;

    p.m = static_cast<int64_t>(d.rows);
    p.n = static_cast<int64_t>(d.columns);
    p.k = static_cast<int64_t>(k);
    p.batch = d.batch;
    if ((ta ? a.columns : a.rows) != d.rows ||
        (tb ? b.rows : b.columns) != d.columns ||
        (tb ? b.columns : b.rows) != k || c.rows != d.rows ||
        c.columns != d.columns)
        die("%s: matrices of %llux%llu%s, %llux%llu%s and %llux%llu do not fit",
            call, static_cast<unsigned long long>(a.rows),
            static_cast<unsigned long long>(a.columns), ta ? " turned" : "",
            static_cast<unsigned long long>(b.rows),
            static_cast<unsigned long long>(b.columns), tb ? " turned" : "",
            static_cast<unsigned long long>(d.rows),
            static_cast<unsigned long long>(d.columns));
    if (a.batch != d.batch || b.batch != d.batch || c.batch != d.batch)
        die("%s: batches of %d, %d and %d", call, a.batch, b.batch, d.batch);
    return p;
}

uint64_t mark_of(const Product &p, uint32_t epilogue)
{
    uint64_t mark = 14695981039346656037u;

    for (const int64_t number :
         { p.m, p.n, p.k, p.batch, static_cast<int64_t>(epilogue) })
        mark = (mark ^ static_cast<uint64_t>(number)) * 1099511628211u;
    return mark | 1;
}

/* data[0]: the shapes; data[1]: the workspace. */
void fill_algorithm(cublasLtMatmulAlgo_t *algo, uint64_t mark, uint64_t bytes)
{
    memset(algo, 0, sizeof *algo);
    algo->data[0] = mark;
    algo->data[1] = bytes;
}

float scalar(const void *at, bool on_device, const char *what)
{
    float value;

    if (on_device) {
        check_range(at, sizeof value, what);
        shadow_read(at, sizeof value, what);
    }
    memcpy(&value, at, sizeof value);
    return value;
}

} /* namespace */

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    Call call("cublasLtCreate");

    if (call.refused())
        return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = reinterpret_cast<cublasLtHandle_t>(new int);
    handle_add(*handle, HANDLE);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    const Call call("cublasLtDestroy");

    handle_remove(handle, HANDLE);
    delete reinterpret_cast<int *>(handle);
    return CUBLAS_STATUS_SUCCESS;
}

size_t cublasLtGetVersion(void)
{
    return CUBLAS_VERSION;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *how,
                                        cublasComputeType_t compute,
                                        cudaDataType_t scale)
{
    const Call call("cublasLtMatmulDescCreate");
    Matmul *it = new Matmul;

    if (scale != CUDA_R_32F)
        die("%s: the stand-in has scalars of 32 bits only", call.name());
    it->compute = compute;
    it->scale = scale;
    *how = reinterpret_cast<cublasLtMatmulDesc_t>(it);
    handle_add(*how, MATMUL);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t how)
{
    const Call call("cublasLtMatmulDescDestroy");

    handle_remove(how, MATMUL);
    delete reinterpret_cast<Matmul *>(how);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t how,
                               cublasLtMatmulDescAttributes_t attribute,
                               const void *value, size_t bytes)
{
    const Call call("cublasLtMatmulDescSetAttribute");
    handle_check(how, MATMUL, call.name());
    Matmul *it = reinterpret_cast<Matmul *>(how);

    switch (static_cast<int>(attribute)) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
        return put(&it->ta, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_TRANSB:
        return put(&it->tb, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_TRANSC:
        return put(&it->tc, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
        return put(&it->mode, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
        return put(&it->epilogue, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
        return put(&it->bias, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
        return put(&it->bias_type, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER:
        return put(&it->aux, value, bytes, call.name());
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD:
        return put(&it->aux_ld, value, bytes, call.name());
    }
    die("%s: the stand-in does not know the attribute %d", call.name(),
        static_cast<int>(attribute));
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout,
                                          cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t ld)
{
    const Call call("cublasLtMatrixLayoutCreate");
    Layout *it = new Layout;

    if (!rows || !columns || ld < static_cast<int64_t>(rows))
        die("%s: %llu x %llu with a leading dimension of %lld", call.name(),
            static_cast<unsigned long long>(rows),
            static_cast<unsigned long long>(columns),
            static_cast<long long>(ld));
    it->type = type;
    it->rows = rows;
    it->columns = columns;
    it->ld = ld;
    *layout = reinterpret_cast<cublasLtMatrixLayout_t>(it);
    handle_add(*layout, LAYOUT);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    const Call call("cublasLtMatrixLayoutDestroy");

    handle_remove(layout, LAYOUT);
    delete reinterpret_cast<Layout *>(layout);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                 cublasLtMatrixLayoutAttribute_t attribute,
                                 const void *value, size_t bytes)
{
    const Call call("cublasLtMatrixLayoutSetAttribute");
    handle_check(layout, LAYOUT, call.name());
    Layout *it = reinterpret_cast<Layout *>(layout);

    switch (static_cast<int>(attribute)) {
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
        return put(&it->order, value, bytes, call.name());
    case CUBLASLT_MATRIX_LAYOUT_LD:
        return put(&it->ld, value, bytes, call.name());
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
        return put(&it->batch, value, bytes, call.name());
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
        return put(&it->stride, value, bytes, call.name());
    }
    die("%s: the stand-in does not know the attribute %d", call.name(),
        static_cast<int>(attribute));
}

cublasStatus_t
cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)
{
    const Call call("cublasLtMatmulPreferenceCreate");

    *preference = reinterpret_cast<cublasLtMatmulPreference_t>(new Preference);
    handle_add(*preference, PREFERENCE);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    const Call call("cublasLtMatmulPreferenceDestroy");

    handle_remove(preference, PREFERENCE);
    delete reinterpret_cast<Preference *>(preference);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(
    cublasLtMatmulPreference_t preference,
    cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
    size_t bytes)
{
    const Call call("cublasLtMatmulPreferenceSetAttribute");

    handle_check(preference, PREFERENCE, call.name());
    if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
        return put(&reinterpret_cast<Preference *>(preference)->workspace,
                   value, bytes, call.name());
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t how, cublasLtMatrixLayout_t a,
    cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
    cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference,
    int requested, cublasLtMatmulHeuristicResult_t found[], int *count)
{
    const Call call("cublasLtMatmulAlgoGetHeuristic");
    handle_check(handle, HANDLE, call.name());
    handle_check(preference, PREFERENCE, call.name());
    const Matmul &it = matmul_of(how, call.name());
    const Product p = product_of(
        it, layout_of(a, call.name()), layout_of(b, call.name()),
        layout_of(c, call.name()), layout_of(d, call.name()), call.name());
    const uint64_t room = reinterpret_cast<Preference *>(preference)->workspace;

    *count = 0;
    if (it.epilogue != CUBLASLT_EPILOGUE_DEFAULT && injected("epilogue"))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    for (const uint64_t parts : { 2, 0, 4 }) {
        const uint64_t bytes =
            (static_cast<uint64_t>(p.m * p.n) * 4 * parts + 255) / 256 * 256;
        if (*count == requested || bytes > room)
            continue;
        cublasLtMatmulHeuristicResult_t *one = &found[(*count)++];
        memset(one, 0, sizeof *one);
        fill_algorithm(&one->algo, mark_of(p, it.epilogue), bytes);
        one->workspaceSize = bytes;
        one->state = CUBLAS_STATUS_SUCCESS;
        one->wavesCount = 1;
    }
    return *count ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t how,
                              const void *alpha, const void *a,
                              cublasLtMatrixLayout_t al, const void *b,
                              cublasLtMatrixLayout_t bl, const void *beta,
                              const void *c, cublasLtMatrixLayout_t cl, void *d,
                              cublasLtMatrixLayout_t dl,
                              const cublasLtMatmulAlgo_t *algo, void *workspace,
                              size_t bytes, cudaStream_t stream)
{
    Call call("cublasLtMatmul", true);
    handle_check(handle, HANDLE, call.name());
    const Matmul &it = matmul_of(how, call.name());
    const Layout &la = layout_of(al, call.name());
    const Layout &lb = layout_of(bl, call.name());
    const Layout &lc = layout_of(cl, call.name());
    const Layout &ld = layout_of(dl, call.name());
    Product p = product_of(it, la, lb, lc, ld, call.name());
    const bool on_device = it.mode == CUBLASLT_POINTER_MODE_DEVICE;
    uint64_t needed = 0;

    if (call.refused() || injected("cublas")) {
        Call::owe(call.name(), "CUBLAS_STATUS_EXECUTION_FAILED");
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    p.a = matrices_of(la, a, it.ta != CUBLAS_OP_N, call.name());
    p.b = matrices_of(lb, b, it.tb != CUBLAS_OP_N, call.name());
    p.c = matrices_of(lc, c, false, call.name());
    p.d = matrices_of(ld, d, false, call.name());
    p.rounding = blas_rounding(p.a.type, it.compute);
    add_epilogue(&p, it, call.name());
    if (algo) {
        if (algo->data[0] != mark_of(p, it.epilogue))
            die("%s: the algorithm was chosen for another product",
                call.name());
        needed = algo->data[1];
        if (bytes < needed)
            die("%s: a workspace of %zu bytes, where the algorithm needs %llu",
                call.name(), bytes, static_cast<unsigned long long>(needed));
        if (needed)
            check_range(workspace, needed, "the workspace of a product");
    }
    for (const void *one : { alpha, beta })
        if (!on_device && in_arena(one))
            die("%s: alpha and beta are expected in memory of the host, but %s",
                call.name(), describe(one).c_str());
        else if (on_device)
            check_range(one, sizeof(float), "a scalar of cublasLtMatmul");
    if (!on_device) {
        p.alpha = scalar(alpha, false, "alpha");
        p.beta = scalar(beta, false, "beta");
        check_product(p, call.name());
    }
    Operation operation;
    operation.kind = Kind::LIBRARY;
    operation.name =
        text("cublasLtMatmul (%lld x %lld x %lld)", static_cast<long long>(p.m),
             static_cast<long long>(p.n), static_cast<long long>(p.k));
    operation.cost = 4 + 1e-7 * p.m * p.n * p.k * p.batch;
    operation.run = [=]() {
        Product now = p;
        if (on_device) {
            now.alpha = scalar(alpha, true, "alpha of cublasLtMatmul");
            now.beta = scalar(beta, true, "beta of cublasLtMatmul");
        }
        check_product(now, "cublasLtMatmul");
        if (needed) {
            shadow_write(workspace, needed, "the workspace of a product");
            memset(workspace, 0xff, needed);
        }
        run_product(now);
    };
    return submit(stream, std::move(operation)) ? CUBLAS_STATUS_EXECUTION_FAILED
                                                : CUBLAS_STATUS_SUCCESS;
}

} /* extern "C" */
