/* kernels/cuda/product.c - products of matrices by cuBLASLt
 *
 * The library counts columns first, so that our matrices are its transposed
 * ones: d' = y' x', with y as its first operand.
 */
#include "kernels/cuda/product.h"

#include "kernels/cuda/tuned.h"

#include "base/banned.h"

/* The network's memory begins at multiples of 64 bytes. */
enum { ALIGNED = 64 };

cudaDataType_t ost_product_type(void)
{
    switch (ost_cuda_here()->math) {
    case OST_CUDA_BF16:
        return CUDA_R_16BF;
    case OST_CUDA_F16:
        return CUDA_R_16F;
    case OST_CUDA_F32:
    case OST_CUDA_TF32:
        break;
    }
    return CUDA_R_32F;
}

static cublasLtEpilogue_t epilogue_of(ost_product_end end)
{
    static const cublasLtEpilogue_t epilogues[] = {
        [OST_PRODUCT_PLAIN] = CUBLASLT_EPILOGUE_DEFAULT,
        [OST_PRODUCT_BIAS] = CUBLASLT_EPILOGUE_BIAS,
        [OST_PRODUCT_RELU] = CUBLASLT_EPILOGUE_RELU,
        [OST_PRODUCT_BIAS_RELU] = CUBLASLT_EPILOGUE_RELU_BIAS,
        [OST_PRODUCT_SUMS] = CUBLASLT_EPILOGUE_BGRADB,
    };

    return epilogues[end];
}

static bool has_bias(ost_product_end end)
{
    return end == OST_PRODUCT_BIAS || end == OST_PRODUCT_BIAS_RELU ||
           end == OST_PRODUCT_SUMS;
}

static ost_rc set(cublasLtMatmulDesc_t how, cublasLtMatmulDescAttributes_t what,
                  const void *value, size_t bytes, ost_err *err)
{
    return ost_cublas_check(
        cublasLtMatmulDescSetAttribute(how, what, value, bytes),
        "describe a product", err);
}

static ost_rc describe_how(ost_product *p, ost_err *err)
{
    cublasComputeType_t compute = ost_cuda_here()->math == OST_CUDA_TF32
                                      ? CUBLAS_COMPUTE_32F_FAST_TF32
                                      : CUBLAS_COMPUTE_32F;
    cublasOperation_t first = p->spec.y_across ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t second = p->spec.x_across ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasLtEpilogue_t epilogue = epilogue_of(p->spec.end);
    cublasLtPointerMode_t mode = CUBLASLT_POINTER_MODE_DEVICE;
    /* Some address, so that the heuristic sees its alignment. */
    const void *bias = ost_cuda_here()->workspace;
    ost_rc rc =
        ost_cublas_check(cublasLtMatmulDescCreate(&p->how, compute, CUDA_R_32F),
                         "describe a product", err);

    if (!rc)
        rc = set(p->how, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof(first),
                 err);
    if (!rc)
        rc = set(p->how, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof(second),
                 err);
    if (!rc)
        rc = set(p->how, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                 sizeof(epilogue), err);
    if (!rc && has_bias(p->spec.end))
        rc = set(p->how, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof(bias),
                 err);
    if (!rc && p->spec.scaled)
        rc = set(p->how, CUBLASLT_MATMUL_DESC_POINTER_MODE, &mode, sizeof(mode),
                 err);
    return rc;
}

/* A row-major (rows, columns) matrix. */
static ost_rc describe(cublasLtMatrixLayout_t *layout, cudaDataType_t type,
                       int64_t rows, int64_t columns, ost_err *err)
{
    return ost_cublas_check(cublasLtMatrixLayoutCreate(layout, type,
                                                       (uint64_t)columns,
                                                       (uint64_t)rows, columns),
                            "describe a matrix", err);
}

static ost_rc describe_operands(ost_product *p, ost_err *err)
{
    const ost_product_spec *s = &p->spec;
    cudaDataType_t type = ost_product_type();
    ost_rc rc = describe(&p->x, type, s->x_across ? s->inner : s->rows,
                         s->x_across ? s->rows : s->inner, err);

    if (!rc)
        rc = describe(&p->y, type, s->y_across ? s->columns : s->inner,
                      s->y_across ? s->inner : s->columns, err);
    if (!rc)
        rc = describe(&p->d, CUDA_R_32F, s->rows, s->columns, err);
    return rc;
}

static ost_rc limit(cublasLtMatmulPreference_t preference, ost_err *err)
{
    static const cublasLtMatmulPreferenceAttributes_t alignments[] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
    };
    const char *what = "choose an algorithm for a product";
    uint64_t workspace = ost_cuda_here()->workspace_bytes;
    /* Not in place, where who comes first is added first. */
    uint32_t reductions =
        CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    uint32_t aligned = ALIGNED;
    ost_rc rc = ost_cublas_check(cublasLtMatmulPreferenceSetAttribute(
                                     preference,
                                     CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                     &workspace, sizeof(workspace)),
                                 what, err);

    if (!rc)
        rc = ost_cublas_check(cublasLtMatmulPreferenceSetAttribute(
                                  preference,
                                  CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                  &reductions, sizeof(reductions)),
                              what, err);
    for (int i = 0; i < 4 && !rc; i++)
        rc = ost_cublas_check(
            cublasLtMatmulPreferenceSetAttribute(preference, alignments[i],
                                                 &aligned, sizeof(aligned)),
            what, err);
    return rc;
}

static ost_rc choose(ost_product *p, cublasLtMatmulPreference_t preference,
                     ost_err *err)
{
    const ost_cuda *cuda = ost_cuda_here();
    cublasLtMatmulHeuristicResult_t found[OST_PRODUCT_CHOICES] = { 0 };
    int wanted = cuda->tuned ? OST_PRODUCT_CHOICES : 1;
    int count = 0;
    int best = 0;
    cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(cuda->lt, p->how, p->y, p->x, p->d, p->d,
                                       preference, wanted, found, &count);
    ost_rc rc = OST_OK;

    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (!status && count < 1))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "cuBLAS has no algorithm for a product of %lld x %lld "
                        "and %lld x %lld numbers",
                        (long long)p->spec.rows, (long long)p->spec.inner,
                        (long long)p->spec.inner, (long long)p->spec.columns);
    rc = ost_cublas_check(status, "choose an algorithm for a product", err);
    if (!rc && cuda->tuned)
        rc = ost_tuned_product(p, found, count, &best, err);
    p->algorithm = found[best].algo;
    return rc;
}

ost_rc ost_product_init(ost_product *product, const ost_product_spec *spec,
                        ost_err *err)
{
    cublasLtMatmulPreference_t preference = NULL;
    ost_rc rc;

    product->spec = *spec;
    rc = describe_how(product, err);
    if (!rc)
        rc = describe_operands(product, err);
    if (!rc)
        rc = ost_cublas_check(cublasLtMatmulPreferenceCreate(&preference),
                              "choose an algorithm for a product", err);
    if (!rc)
        rc = limit(preference, err);
    if (!rc)
        rc = choose(product, preference, err);
    if (preference)
        (void)cublasLtMatmulPreferenceDestroy(preference);
    return rc;
}

void ost_product_release(ost_product *product)
{
    if (product->d)
        (void)cublasLtMatrixLayoutDestroy(product->d);
    if (product->y)
        (void)cublasLtMatrixLayoutDestroy(product->y);
    if (product->x)
        (void)cublasLtMatrixLayoutDestroy(product->x);
    if (product->how)
        (void)cublasLtMatmulDescDestroy(product->how);
    *product = (ost_product){ 0 };
}

ost_rc ost_product_run(const ost_product *product, const void *x, const void *y,
                       float *d, bool add, const float *bias,
                       const float *scale, ost_err *err)
{
    static const float numbers[] = { 1.0f, 0.0f, 1.0f };
    const ost_cuda *cuda = ost_cuda_here();
    const float *alpha = product->spec.scaled ? scale : numbers;
    ost_rc rc = OST_OK;

    if (has_bias(product->spec.end))
        rc = set(product->how, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias,
                 sizeof(bias), err);
    if (rc)
        return rc;
    return ost_cublas_check(
        cublasLtMatmul(cuda->lt, product->how, alpha, y, product->y, x,
                       product->x, alpha + 1 + add, d, product->d, d,
                       product->d, &product->algorithm, cuda->workspace,
                       cuda->workspace_bytes, cuda->stream),
        "multiply matrices (cublasLtMatmul)", err);
}
