/* tests/cudasim/dnn_tensors.cc - handles and descriptors of cuDNN */
#include "tests/cudasim/dnn.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

namespace cudasim
{

Number dnn_number(cudnnDataType_t type, const char *call)
{
    switch (static_cast<int>(type)) {
    case CUDNN_DATA_FLOAT:
        return Number::F32;
    case CUDNN_DATA_DOUBLE:
        return Number::F64;
    case CUDNN_DATA_HALF:
        return Number::F16;
    case CUDNN_DATA_BFLOAT16:
        return Number::BF16;
    case CUDNN_DATA_INT32:
        return Number::S32;
    case CUDNN_DATA_INT8:
        return Number::S8;
    case CUDNN_DATA_UINT8:
        return Number::U8;
    }
    die("%s: the stand-in has no numbers of type %d", call,
        static_cast<int>(type));
}

std::string shape_text(const cudnnTensorStruct &d)
{
    std::string all;

    for (int i = 0; i < d.n; i++)
        all += text(i ? "x%d" : "%d", d.dim[i]);
    return all;
}

bool same_shape(const cudnnTensorStruct &a, const cudnnTensorStruct &b)
{
    return a.n == b.n &&
           !memcmp(a.dim, b.dim, static_cast<size_t>(a.n) * sizeof *a.dim);
}

int64_t Tensor::count() const
{
    int64_t n = 1;

    for (int i = 0; i < d.n; i++)
        n *= d.dim[i];
    return n;
}

/* Calls f(first index, elements) for each row of the tensor, or once for all of
 * it where that is one. */
template <class F> static void rows(const cudnnTensorStruct &d, F f)
{
    int64_t whole = 1, index[DNN_MOST] = {};
    bool packed = true;

    for (int i = d.n - 1; i >= 0; i--) {
        packed = packed && (d.dim[i] == 1 || d.stride[i] == whole);
        whole *= d.dim[i];
    }
    if (packed) {
        f(0, whole, 1);
        return;
    }
    for (;;) {
        int64_t at = 0;
        for (int i = 0; i < d.n - 1; i++)
            at += index[i] * d.stride[i];
        f(at, static_cast<int64_t>(d.dim[d.n - 1]),
          static_cast<int64_t>(d.stride[d.n - 1]));
        int i = d.n - 2;
        for (; i >= 0 && ++index[i] == d.dim[i]; i--)
            index[i] = 0;
        if (i < 0)
            return;
    }
}

void Tensor::check() const
{
    const int64_t size = number_bytes(dnn_number(d.type, what.c_str()));

    if (!count())
        return;
    if (!data)
        die("%s is no memory at all", what.c_str());
    rows(d, [&](int64_t at, int64_t n, int64_t stride) {
        check_range(static_cast<char *>(data) + at * size,
                    static_cast<size_t>(((n - 1) * stride + 1) * size),
                    what.c_str());
    });
}

Values Tensor::read(Number rounding) const
{
    const Number type = dnn_number(d.type, what.c_str());
    const int64_t size = number_bytes(type);
    Values values(static_cast<size_t>(count()));
    float *to = values.data();

    if (values.empty())
        return values;
    check();
    rows(d, [&](int64_t at, int64_t n, int64_t stride) {
        const char *from = static_cast<char *>(data) + at * size;
        shadow_read(from, static_cast<size_t>(((n - 1) * stride + 1) * size),
                    what.c_str());
        numbers_get(from, stride, n, type, to);
        to += n;
    });
    if (type == Number::F32)
        numbers_round(values.data(), count(), rounding);
    return values;
}

void Tensor::write(const Values &values, float alpha, float beta) const
{
    const Number type = dnn_number(d.type, what.c_str());
    const int64_t size = number_bytes(type);
    const float *from = values.data();
    Values before, line;

    if (values.empty())
        return;
    if (beta != 0)
        before = read();
    check();
    rows(d, [&](int64_t at, int64_t n, int64_t stride) {
        char *to = static_cast<char *>(data) + at * size;
        const int64_t first = from - values.data();
        shadow_write(to, static_cast<size_t>(((n - 1) * stride + 1) * size),
                     what.c_str());
        line.assign(from, from + n);
        for (int64_t i = 0; alpha != 1 && i < n; i++)
            line[static_cast<size_t>(i)] *= alpha;
        for (int64_t i = 0; beta != 0 && i < n; i++)
            line[static_cast<size_t>(i)] +=
                beta * before[static_cast<size_t>(first + i)];
        numbers_put(to, stride, n, type, line.data());
        from += n;
    });
}

DnnCall::DnnCall(const char *name, cudnnHandle_t handle)
    : Call(name, true), handle_(handle)
{
    handle_check(handle, "cuDNN handle", name);
}

DnnCall::DnnCall(const char *name) : Call(name)
{
}

void DnnCall::wrong(const char *format, ...)
{
    char line[500];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    die("%s: %s", name(), line);
}

cudnnStatus_t DnnCall::give(cudnnStatus_t status)
{
    /* What is not supported may be asked for to find that out. */
    if (status != CUDNN_STATUS_SUCCESS && status != CUDNN_STATUS_NOT_SUPPORTED)
        owe(name(), "CUDNN_STATUS_EXECUTION_FAILED");
    return status;
}

cudnnStatus_t DnnCall::refused()
{
    if (lost() || (handle_ && injected("cudnn")))
        return give(CUDNN_STATUS_EXECUTION_FAILED_CUDART);
    return CUDNN_STATUS_SUCCESS;
}

Tensor DnnCall::tensor(const char *what, cudnnTensorDescriptor_t descriptor,
                       const void *data)
{
    Tensor t = { described(this, descriptor, TENSOR), const_cast<void *>(data),
                 text("%s of %s", what, name()) };

    if (data)
        t.check();
    return t;
}

Tensor DnnCall::filter(const char *what, cudnnFilterDescriptor_t descriptor,
                       const void *data)
{
    const cudnnFilterStruct &f = described(this, descriptor, FILTER);
    Tensor t = { {}, const_cast<void *>(data), text("%s of %s", what, name()) };
    int whole = 1;

    t.d.set = true;
    t.d.type = f.type;
    t.d.n = f.n;
    for (int i = f.n - 1; i >= 0; i--) {
        t.d.dim[i] = f.dim[i];
        t.d.stride[i] = whole;
        whole *= f.dim[i];
    }
    if (data)
        t.check();
    return t;
}

/* alpha and beta are double for doubles, float for all else. */
float DnnCall::scalar(const void *value, cudnnDataType_t type)
{
    float f;
    double d;

    if (!value)
        wrong("no alpha or beta");
    if (in_arena(value))
        wrong("alpha and beta lie in memory of the host, but %s",
              describe(value).c_str());
    if (type == CUDNN_DATA_DOUBLE) {
        memcpy(&d, value, sizeof d);
        return static_cast<float>(d);
    }
    memcpy(&f, value, sizeof f);
    return f;
}

cudnnStatus_t DnnCall::run(double cost, std::function<void()> work)
{
    Operation operation;

    operation.kind = Kind::LIBRARY;
    operation.name = name();
    operation.cost = 4 + cost;
    operation.run = std::move(work);
    if (submit(handle_->stream, std::move(operation)))
        return give(CUDNN_STATUS_EXECUTION_FAILED);
    return CUDNN_STATUS_SUCCESS;
}

} /* namespace cudasim */

using namespace cudasim;

static cudnnStatus_t set_tensor(cudnnTensorDescriptor_t d, const char *call,
                                cudnnDataType_t type, int n, const int *dim,
                                const int *stride)
{
    handle_check(d, TENSOR, call);
    if (n < 1 || n > DNN_MOST)
        die("%s: a tensor of %d dimensions", call, n);
    for (int i = 0; i < n; i++)
        if (dim[i] < 1 || stride[i] < 0)
            die("%s: dimension %d is %d with a stride of %d", call, i, dim[i],
                stride[i]);
    d->set = true;
    d->type = type;
    d->n = n;
    memcpy(d->dim, dim, static_cast<size_t>(n) * sizeof *dim);
    memcpy(d->stride, stride, static_cast<size_t>(n) * sizeof *stride);
    return CUDNN_STATUS_SUCCESS;
}

/* Strides of a tensor without gaps: channels first, or last. */
static void packed(cudnnTensorFormat_t format, const char *call, int n,
                   const int *dim, int *stride)
{
    int whole = 1;

    if (format == CUDNN_TENSOR_NHWC) {
        stride[1] = 1;
        whole = dim[1];
        for (int i = n - 1; i >= 2; i--) {
            stride[i] = whole;
            whole *= dim[i];
        }
        stride[0] = whole;
        return;
    }
    if (format != CUDNN_TENSOR_NCHW)
        die("%s: the stand-in has no tensors of format %d", call,
            static_cast<int>(format));
    for (int i = n - 1; i >= 0; i--) {
        stride[i] = whole;
        whole *= dim[i];
    }
}

extern "C" {

size_t cudnnGetVersion(void)
{
    return CUDNN_VERSION;
}

size_t cudnnGetCudartVersion(void)
{
    return CUDART_VERSION;
}

cudnnStatus_t cudnnGetProperty(libraryPropertyType type, int *value)
{
    *value = type == MAJOR_VERSION   ? CUDNN_MAJOR
             : type == MINOR_VERSION ? CUDNN_MINOR
                                     : CUDNN_PATCHLEVEL;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    DnnCall call("cudnnCreate");

    if (call.refused())
        return CUDNN_STATUS_NOT_INITIALIZED;
    *handle = new cudnnContext();
    handle_add(*handle, "cuDNN handle");
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    return drop_descriptor(handle, "cuDNN handle");
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    const Call call("cudnnSetStream");

    handle_check(handle, "cuDNN handle", call.name());
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t *stream)
{
    const Call call("cudnnGetStream");

    handle_check(handle, "cuDNN handle", call.name());
    *stream = handle->stream;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *d)
{
    return make_descriptor(d, TENSOR);
}

cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t d)
{
    return drop_descriptor(d, TENSOR);
}

cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t d,
                                         cudnnDataType_t type, int n,
                                         const int *dim, const int *stride)
{
    const Call call("cudnnSetTensorNdDescriptor");

    return set_tensor(d, call.name(), type, n, dim, stride);
}

cudnnStatus_t cudnnSetTensorNdDescriptorEx(cudnnTensorDescriptor_t d,
                                           cudnnTensorFormat_t format,
                                           cudnnDataType_t type, int n,
                                           const int *dim)
{
    const Call call("cudnnSetTensorNdDescriptorEx");
    int stride[DNN_MOST];

    if (n < 1 || n > DNN_MOST)
        die("%s: a tensor of %d dimensions", call.name(), n);
    packed(format, call.name(), n, dim, stride);
    return set_tensor(d, call.name(), type, n, dim, stride);
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t d,
                                         cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c,
                                         int h, int w)
{
    const Call call("cudnnSetTensor4dDescriptor");
    const int dim[4] = { n, c, h, w };
    int stride[4];

    packed(format, call.name(), 4, dim, stride);
    return set_tensor(d, call.name(), type, 4, dim, stride);
}

cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t d,
                                           cudnnDataType_t type, int n, int c,
                                           int h, int w, int ns, int cs, int hs,
                                           int ws)
{
    const Call call("cudnnSetTensor4dDescriptorEx");
    const int dim[4] = { n, c, h, w }, stride[4] = { ns, cs, hs, ws };

    return set_tensor(d, call.name(), type, 4, dim, stride);
}

cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *d)
{
    return make_descriptor(d, FILTER);
}

cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t d)
{
    return drop_descriptor(d, FILTER);
}

cudnnStatus_t cudnnSetFilterNdDescriptor(cudnnFilterDescriptor_t d,
                                         cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int n,
                                         const int *dim)
{
    const Call call("cudnnSetFilterNdDescriptor");

    handle_check(d, FILTER, call.name());
    if (format != CUDNN_TENSOR_NCHW)
        die("%s: the stand-in has filters in the order KCRS only", call.name());
    if (n < 3 || n > DNN_MOST)
        die("%s: a filter of %d dimensions", call.name(), n);
    d->set = true;
    d->type = type;
    d->n = n;
    memcpy(d->dim, dim, static_cast<size_t>(n) * sizeof *dim);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t d,
                                         cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k,
                                         int c, int h, int w)
{
    const int dim[4] = { k, c, h, w };

    return cudnnSetFilterNdDescriptor(d, type, format, 4, dim);
}

} /* extern "C" */
