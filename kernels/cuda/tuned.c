/* kernels/cuda/tuned.c - the fastest of the deterministic algorithms */
#include "kernels/cuda/tuned.h"

#include "base/buf.h"
#include "kernels/cuda/algorithms.h"
#include "kernels/cuda/cuda_memory.h"
#include "kernels/tuning.h"

#include <ctype.h>

#include "base/banned.h"

enum { ALGORITHMS = 16, RUNS = 5 };

/* Memory for what is measured; NULL where there is none. */
typedef struct operands {
    void *a;
    void *b;
    void *to;
} operands;

static void give_back(operands *o)
{
    ost_backend *backend = ost_cuda_here()->backend;

    ost_cuda_release(backend, o->to);
    ost_cuda_release(backend, o->b);
    ost_cuda_release(backend, o->a);
}

static bool take(operands *o, int64_t a, int64_t b, int64_t to)
{
    ost_backend *backend = ost_cuda_here()->backend;
    const char *what = "operands to measure algorithms";

    *o = (operands){ .a = ost_cuda_alloc(backend, (size_t)a * sizeof(float),
                                         what) };
    if (o->a)
        o->b = ost_cuda_alloc(backend, (size_t)b * sizeof(float), what);
    if (o->b)
        o->to = ost_cuda_alloc(backend, (size_t)to * sizeof(float), what);
    if (!o->to)
        give_back(o);
    return o->to;
}

/* "NVIDIA H100 80GB HBM3" becomes a part of a name. */
static void add_plain(ost_buf *name, const char *text)
{
    for (; *text; text++)
        ost_buf_addc(name, isalnum((unsigned char)*text) ? *text : '_');
}

static ost_rc open_tuning(ost_err *err)
{
    const char *what = "name the device";
    const ost_cuda *cuda = ost_cuda_here();
    struct cudaDeviceProp device;
    int cublas = 0;
    ost_buf name = { 0 };
    ost_rc rc;

    if (ost_tuning_is_open())
        return OST_OK;
    rc = ost_cuda_check(cudaGetDeviceProperties(&device, cuda->device), what,
                        err);
    if (!rc)
        rc = ost_cublas_check(cublasGetVersion(cuda->blas, &cublas), what, err);
    if (rc)
        return rc;
    add_plain(&name, device.name);
    ost_buf_addf(&name, "-cudnn%zu-cublas%d", cudnnGetVersion(), cublas);
    ost_tuning_open(ost_buf_str(&name));
    ost_buf_release(&name);
    return OST_OK;
}

static void add_sides(ost_buf *key, const char *what, const int64_t *side)
{
    ost_buf_addf(key, " %s %lldx%lldx%lld", what, (long long)side[0],
                 (long long)side[1], (long long)side[2]);
}

static void convolution_key(const ost_conv *conv, ost_conv_way way,
                            ost_buf *key)
{
    static const char *const ways[] = { "down", "up", "filter" };
    const ost_conv_shape *s = &conv->shape;

    ost_buf_addf(key,
                 "convolution %s f32 sides %d items %lld channels %lld to "
                 "%lld groups %lld",
                 ways[way], s->sides, (long long)conv->pass[way].items,
                 (long long)s->wide_channels, (long long)s->narrow_channels,
                 (long long)s->groups);
    add_sides(key, "size", s->wide);
    add_sides(key, "kernel", s->kernel);
    add_sides(key, "stride", s->stride);
    add_sides(key, "padding", s->padding);
    add_sides(key, "dilation", s->dilation);
    add_sides(key, "to", s->narrow);
}

/* Whether a choice can be used; then it is. */
static ost_rc use(ost_conv *conv, ost_conv_way way, int algorithm, bool *used,
                  ost_err *err)
{
    ost_conv_pass *pass = &conv->pass[way];
    size_t bytes = 0;
    bool supported;
    ost_rc rc;

    *used = false;
    if (!ost_conv_algorithm(way, algorithm))
        return OST_OK;
    rc =
        ost_conv_workspace(conv, way, pass, algorithm, &supported, &bytes, err);
    if (rc || !supported || bytes > ost_cuda_here()->workspace_bytes)
        return rc;
    pass->algorithm = algorithm;
    pass->bytes = bytes;
    pass->code = ost_conv_algorithm(way, algorithm);
    *used = true;
    return OST_OK;
}

/* What is found for FMA is named FMA or, of algorithms that know nothing else,
 * DEFAULT. */
static bool uses_tensor_cores(cudnnMathType_t math)
{
    return math == CUDNN_TENSOR_OP_MATH ||
           math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
}

/* cuDNN has a type of its own for each pass; all have these members. */
#define FIRST_OF(found, count, best)                         \
    for (int i = 0; i < (count) && *(best) < 0; i++)         \
        if (!(found)[i].status &&                            \
            (found)[i].determinism == CUDNN_DETERMINISTIC && \
            !uses_tensor_cores((found)[i].mathType))         \
    *(best) = (int)(found)[i].algo

/* The fastest come first. */
static ost_rc measure(const ost_conv *conv, ost_conv_way way, operands *o,
                      int *best, ost_err *err)
{
    const char *what = "measure a convolution";
    const ost_cuda *cuda = ost_cuda_here();
    const ost_conv_pass *p = &conv->pass[way];
    int count = 0;
    ost_rc rc;

    if (way == OST_CONV_DOWN) {
        cudnnConvolutionFwdAlgoPerf_t found[ALGORITHMS];

        rc =
            ost_cudnn_check(cudnnFindConvolutionForwardAlgorithmEx(
                                cuda->dnn, p->wide, o->a, conv->filter, o->b,
                                conv->how, p->narrow, o->to, ALGORITHMS, &count,
                                found, cuda->workspace, cuda->workspace_bytes),
                            what, err);
        FIRST_OF(found, rc ? 0 : count, best);
    } else if (way == OST_CONV_UP) {
        cudnnConvolutionBwdDataAlgoPerf_t found[ALGORITHMS];

        rc = ost_cudnn_check(cudnnFindConvolutionBackwardDataAlgorithmEx(
                                 cuda->dnn, conv->filter, o->a, p->narrow, o->b,
                                 conv->how, p->wide, o->to, ALGORITHMS, &count,
                                 found, cuda->workspace, cuda->workspace_bytes),
                             what, err);
        FIRST_OF(found, rc ? 0 : count, best);
    } else {
        cudnnConvolutionBwdFilterAlgoPerf_t found[ALGORITHMS];

        rc = ost_cudnn_check(cudnnFindConvolutionBackwardFilterAlgorithmEx(
                                 cuda->dnn, p->wide, o->a, p->narrow, o->b,
                                 conv->how, conv->filter, o->to, ALGORITHMS,
                                 &count, found, cuda->workspace,
                                 cuda->workspace_bytes),
                             what, err);
        FIRST_OF(found, rc ? 0 : count, best);
    }
    return rc;
}

static ost_rc measure_convolution(ost_conv *conv, ost_conv_way way, int *best,
                                  ost_err *err)
{
    int64_t pieces = conv->shape.items / conv->pass[way].items;
    int64_t wide = ost_conv_wide_count(conv) / pieces;
    int64_t narrow = ost_conv_narrow_count(conv) / pieces;
    int64_t filter = ost_conv_filter_count(conv);
    operands o;
    bool taken = way == OST_CONV_DOWN ? take(&o, wide, filter, narrow)
                 : way == OST_CONV_UP ? take(&o, filter, narrow, wide)
                                      : take(&o, wide, narrow, filter);
    ost_rc rc;

    *best = -1;
    if (!taken)
        return OST_OK;
    rc = measure(conv, way, &o, best, err);
    give_back(&o);
    return rc;
}

ost_rc ost_tuned_convolution(ost_conv *conv, ost_conv_way way, ost_err *err)
{
    ost_buf key = { 0 };
    bool used;
    int best;
    ost_rc rc = open_tuning(err);

    if (rc)
        return rc;
    convolution_key(conv, way, &key);
    rc = use(conv, way, ost_tuning_find(ost_buf_str(&key)), &used, err);
    if (!rc && !used) {
        rc = measure_convolution(conv, way, &best, err);
        if (!rc)
            rc = use(conv, way, best, &used, err);
        if (!rc && used)
            ost_tuning_keep(ost_buf_str(&key), best);
    }
    ost_buf_release(&key);
    return rc;
}

static void product_key(const ost_product *product, ost_buf *key)
{
    const ost_product_spec *s = &product->spec;

    ost_buf_addf(key, "product f32 %lld x %lld x %lld across %d %d end %d",
                 (long long)s->rows, (long long)s->columns, (long long)s->inner,
                 s->x_across, s->y_across, (int)s->end);
}

/* Milliseconds of some runs; the first is not counted. */
static ost_rc time_product(const ost_product *product, operands *o,
                           const cudaEvent_t *event, float *ms, ost_err *err)
{
    const char *what = "measure a product";
    cudaStream_t stream = ost_cuda_here()->stream;
    ost_rc rc = ost_product_run(product, o->a, o->b, o->to, false,
                                ost_cuda_here()->workspace, NULL, err);

    if (!rc)
        rc = ost_cuda_check(cudaEventRecord(event[0], stream), what, err);
    for (int i = 0; i < RUNS && !rc; i++)
        rc = ost_product_run(product, o->a, o->b, o->to, false,
                             ost_cuda_here()->workspace, NULL, err);
    if (!rc)
        rc = ost_cuda_check(cudaEventRecord(event[1], stream), what, err);
    if (!rc)
        rc = ost_cuda_check(cudaEventSynchronize(event[1]), what, err);
    if (!rc)
        rc = ost_cuda_check(cudaEventElapsedTime(ms, event[0], event[1]), what,
                            err);
    return rc;
}

static ost_rc measure_products(ost_product *product,
                               const cublasLtMatmulHeuristicResult_t *found,
                               int count, operands *o, int *best, ost_err *err)
{
    cudaEvent_t event[2] = { NULL, NULL };
    float least = 0.0f;
    ost_rc rc =
        ost_cuda_check(cudaEventCreate(&event[0]), "make an event", err);

    if (!rc)
        rc = ost_cuda_check(cudaEventCreate(&event[1]), "make an event", err);
    for (int i = 0; i < count && !rc; i++) {
        float ms;

        product->algorithm = found[i].algo;
        rc = time_product(product, o, event, &ms, err);
        if (!rc && (i == 0 || ms < least)) {
            least = ms;
            *best = i;
        }
    }
    for (int i = 0; i < 2; i++)
        if (event[i])
            (void)cudaEventDestroy(event[i]);
    return rc;
}

ost_rc ost_tuned_product(ost_product *product,
                         const cublasLtMatmulHeuristicResult_t *found,
                         int count, int *best, ost_err *err)
{
    const ost_product_spec *s = &product->spec;
    ost_buf key = { 0 };
    operands o;
    ost_rc rc = open_tuning(err);

    if (rc)
        return rc;
    product_key(product, &key);
    *best = ost_tuning_find(ost_buf_str(&key));
    if (*best < 0 || *best >= count) {
        *best = 0;
        if (take(&o, s->rows * s->inner, s->inner * s->columns,
                 s->rows * s->columns)) {
            rc = measure_products(product, found, count, &o, best, err);
            give_back(&o);
            if (!rc)
                ost_tuning_keep(ost_buf_str(&key), *best);
        }
    }
    ost_buf_release(&key);
    return rc;
}
