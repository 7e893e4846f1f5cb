/* stages/decode_npy.c - NumPy arrays to pictures
 *
 * (H, W) is a picture, (H, W, C) with C of 1, 3 or 4 one of that many channels
 * (a fourth is dropped), (N, H, W) and (N, H, W, C) are N of them.
 */
#include "stages/decode.h"
#include "stages/npy_header.h"

#include <math.h>

#include "base/banned.h"

/* Which dimensions are what; -1: none. */
typedef struct {
    int stack;
    int row;
    int channel;
} axes;

static bool are_channels(int64_t n)
{
    return n == 1 || n == 3 || n == 4;
}

static bool choose_axes(const ost_npy *a, int arrays, axes *x)
{
    bool channels = a->ndim > 2 && are_channels(a->shape[a->ndim - 1]);

    if (a->ndim == 3 && arrays == OST_ARRAYS_STACK)
        channels = false;
    if (a->ndim == 3 && arrays == OST_ARRAYS_CHANNELS && !channels)
        return false;
    *x = (axes){ .stack = a->ndim - (channels ? 1 : 0) == 3 ? 0 : -1,
                 .channel = channels ? a->ndim - 1 : -1 };
    x->row = x->stack + 1;
    return a->ndim >= 2 && a->ndim == x->row + 2 + (channels ? 1 : 0);
}

static ost_rc check_axes(const ost_npy *a, int arrays, axes *x, ost_err *err)
{
    if (choose_axes(a, arrays, x))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "an array of %d dimensions%s is no picture: (H, W), (H, W, "
                    "C), (N, H, W) and (N, H, W, C) are, with 1, 3 or 4 "
                    "channels C",
                    a->ndim,
                    a->ndim == 3 && arrays == OST_ARRAYS_CHANNELS
                        ? ", the last of them no channels,"
                        : "");
}

/* Picture `k` of the array. */
static ost_rc read_one(const ost_npy *a, const axes *x, int64_t k,
                       const ost_decode_limits *limits, ost_picture *p,
                       bool *exact, ost_err *err)
{
    int64_t index[OST_MAX_DIMS] = { 0 };
    bool color = x->channel >= 0 && a->shape[x->channel] > 1;
    ptrdiff_t step = a->stride[x->row + 1] * a->type.size;
    ost_rc rc = ost_picture_init(
        p, ost_raw_dtype(&a->type), (uint64_t)a->shape[x->row],
        (uint64_t)a->shape[x->row + 1], color ? 3 : 1, limits->max_pixels, err);
    char *to = p->data;

    if (rc)
        return rc;
    if (x->stack >= 0)
        index[x->stack] = k;
    for (int64_t y = 0; y < p->height; y++) {
        const unsigned char *from;
        size_t size = ost_dtype_size(p->dtype);

        index[x->row] = y;
        from = ost_npy_at(a, index);
        if (!color) {
            *exact &=
                ost_raw_convert(&a->type, from, step, (size_t)p->width, to);
            to += (size_t)p->width * size;
            continue;
        }
        for (int64_t i = 0; i < p->width; i++, from += step, to += 3 * size)
            *exact &= ost_raw_convert(
                &a->type, from, a->stride[x->channel] * a->type.size, 3, to);
    }
    if (!limits->color)
        ost_picture_to_gray(p);
    return OST_OK;
}

/* The whole is compared with the limit before memory is taken for a part. */
static ost_rc check_size(const ost_npy *a, const axes *x,
                         const ost_decode_limits *limits, ost_err *err)
{
    uint64_t n = x->stack >= 0 ? (uint64_t)a->shape[x->stack] : 1;
    uint64_t h = (uint64_t)a->shape[x->row], w = (uint64_t)a->shape[x->row + 1];

    if (a->count == 0)
        return ost_fail(err, OST_EINPUT, "an empty array");
    if (n > limits->max_pixels || h > limits->max_pixels / n ||
        w > limits->max_pixels / n / h)
        return ost_fail(err, OST_EINPUT,
                        "%llu x %llu x %llu pixels are more than max_pixels "
                        "(%llu)",
                        (unsigned long long)n, (unsigned long long)h,
                        (unsigned long long)w,
                        (unsigned long long)limits->max_pixels);
    return OST_OK;
}

ost_rc ost_npy_decode(const void *data, size_t size,
                      const ost_decode_limits *limits, int arrays,
                      const ost_frame_sink *sink, ost_err *err)
{
    bool exact = true;
    int64_t n = 1;
    ost_npy a;
    axes x = { 0 };
    ost_rc rc = ost_npy_open(data, size, &a, err);

    if (!rc)
        rc = check_axes(&a, arrays, &x, err);
    if (!rc)
        rc = check_size(&a, &x, limits, err);
    if (rc)
        return rc;
    if (x.stack >= 0)
        n = a.shape[x.stack];
    for (int64_t k = 0; k < n && !rc; k++) {
        ost_frame f = { .index = k, .count = n, .seconds = (double)NAN };

        rc = read_one(&a, &x, k, limits, &f.picture, &exact, err);
        if (!rc)
            rc = sink->frame(sink->user, &f, err);
        ost_picture_release(&f.picture);
    }
    if (!rc && !exact)
        sink->told(sink->user, "values were rounded to f32 (24 bits)");
    return rc;
}
