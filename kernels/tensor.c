/* kernels/tensor.c - numbers in memory: element type, shape, strides */
#include "kernels/tensor.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

ost_tensor ost_tensor_of(void *data, ost_dtype dtype, int ndim,
                         const int64_t *shape)
{
    ost_tensor t = { .data = data, .dtype = dtype, .ndim = ndim };
    int64_t stride = 1;

    assert(ndim >= 0 && ndim <= OST_MAX_DIMS);
    for (int i = ndim - 1; i >= 0; i--) {
        t.shape[i] = shape[i];
        t.stride[i] = stride;
        if (__builtin_mul_overflow(stride, shape[i] > 0 ? shape[i] : 1,
                                   &stride))
            stride = INT64_MAX;
    }
    return t;
}

int64_t ost_tensor_count(const ost_tensor *t)
{
    int64_t n = 1;

    for (int i = 0; i < t->ndim; i++)
        if (t->shape[i] == 0)
            return 0;
    for (int i = 0; i < t->ndim; i++)
        if (t->shape[i] < 0 || __builtin_mul_overflow(n, t->shape[i], &n))
            return -1;
    return n;
}

bool ost_tensor_is_contiguous(const ost_tensor *t)
{
    int64_t stride = 1;

    for (int i = t->ndim - 1; i >= 0; i--) {
        if (t->shape[i] == 0)
            return true;
        if (t->shape[i] != 1 && t->stride[i] != stride)
            return false;
        stride *= t->shape[i];
    }
    return true;
}

bool ost_tensor_same_shape(const ost_tensor *a, const ost_tensor *b)
{
    if (a->ndim != b->ndim)
        return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i])
            return false;
    return true;
}
