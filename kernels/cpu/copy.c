/* kernels/cpu/copy.c - copy between tensors of the same type and shape */
#include "kernels/image.h"

#include <string.h>

#include "base/banned.h"

/* Copies dimension `d` and those after it. */
static void copy_from(const ost_tensor *in, const unsigned char *from,
                      const ost_tensor *out, unsigned char *to, int d)
{
    int64_t size = (int64_t)ost_dtype_size(in->dtype);

    if (d == in->ndim) {
        memcpy(to, from, (size_t)size);
        return;
    }
    if (d == in->ndim - 1 && in->stride[d] == 1 && out->stride[d] == 1) {
        memcpy(to, from, (size_t)(in->shape[d] * size));
        return;
    }
    for (int64_t i = 0; i < in->shape[d]; i++)
        copy_from(in, from + i * in->stride[d] * size, out,
                  to + i * out->stride[d] * size, d + 1);
}

ost_rc ost_cpu_copy(const ost_tensor *image, ost_tensor *out, ost_err *err)
{
    int64_t count = ost_tensor_count(image);
    size_t size = ost_dtype_size(image->dtype);

    if (image->dtype != out->dtype || !ost_tensor_same_shape(image, out))
        return ost_fail(err, OST_EINPUT, "copy: types or shapes differ");
    if (size == 0 || count < 0)
        return ost_fail(err, OST_EINPUT, "copy: unknown type or shape");
    if (count == 0)
        return OST_OK;
    if (ost_tensor_is_contiguous(image) && ost_tensor_is_contiguous(out))
        memcpy(out->data, image->data, (size_t)count * size);
    else
        copy_from(image, image->data, out, out->data, 0);
    return OST_OK;
}
