/* stages/encode_npy.c - arrays to NumPy files
 *
 *     offset  bytes  what
 *          0      6  "\x93NUMPY"
 *          6      2  version 1, 0
 *          8      2  length of the text that follows, little endian
 *         10      n  a Python dictionary, spaces, a line feed; 10 + n is a
 *                    multiple of 64
 *     10 + n         the elements in C order
 *
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
#include "stages/encode.h"

#include <string.h>

#include "base/banned.h"

static const char *type_words(ost_dtype t)
{
    switch (t) {
    case OST_U8:
        return "|u1";
    case OST_U16:
        return "<u2";
    case OST_I32:
        return "<i4";
    case OST_F32:
        return "<f4";
    case OST_I16:
    case OST_F64:
        break;
    }
    return NULL;
}

static void add_header(const ost_tensor *t, ost_buf *out)
{
    ost_buf text = { 0 };
    size_t n;

    ost_buf_addf(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                 type_words(t->dtype));
    for (int i = 0; i < t->ndim; i++)
        ost_buf_addf(&text, "%s%lld%s", i ? " " : "", (long long)t->shape[i],
                     i + 1 < t->ndim || t->ndim == 1 ? "," : "");
    ost_buf_adds(&text, "), }");
    while ((10 + text.len + 1) % 64)
        ost_buf_addc(&text, ' ');
    ost_buf_addc(&text, '\n');
    n = text.len;
    ost_buf_add(out, "\x93NUMPY\x01\x00", 8);
    ost_buf_u8(out, (uint8_t)n);
    ost_buf_u8(out, (uint8_t)(n >> 8));
    ost_buf_add(out, text.data, text.len);
    ost_buf_release(&text);
}

ost_rc ost_npy_encode(const ost_tensor *t, ost_buf *out, ost_err *err)
{
    size_t size = ost_dtype_size(t->dtype);
    int64_t index[OST_MAX_DIMS] = { 0 };
    int64_t n = ost_tensor_count(t);

    if (!type_words(t->dtype) || n < 0)
        return ost_fail(err, OST_EUNSUPPORTED,
                        "a NumPy file of this type is not supported");
    add_header(t, out);
    if (ost_tensor_is_contiguous(t)) {
        ost_buf_add(out, t->data, (size_t)n * size);
        return OST_OK;
    }
    ost_buf_reserve(out, (size_t)n * size);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = 0;

        for (int d = 0; d < t->ndim; d++)
            at += index[d] * t->stride[d];
        ost_buf_add(out, (const char *)t->data + (size_t)at * size, size);
        for (int d = t->ndim - 1; d >= 0 && ++index[d] == t->shape[d]; d--)
            index[d] = 0;
    }
    return OST_OK;
}
