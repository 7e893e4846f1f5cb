/* kernels/cpu/rows.c - rows of an image, whatever its type and strides */
#include "kernels/cpu/rows.h"

#include "kernels/pixel.h"

#include "base/banned.h"

ost_rc ost_image_of(const ost_tensor *t, const char *what, ost_image *image,
                    ost_err *err)
{
    if (t->ndim != 2 && t->ndim != 3)
        return ost_fail(err, OST_EINPUT,
                        "%s has %d dimensions where an image has 2 or 3", what,
                        t->ndim);
    if (t->dtype != OST_U8 && t->dtype != OST_U16 && t->dtype != OST_F32) {
        const char *name = ost_dtype_name(t->dtype);

        return ost_fail(err, OST_EINPUT,
                        "%s is of type %s where an image is u8, u16 or f32",
                        what, name ? name : "unknown");
    }
    for (int d = 0; d < t->ndim; d++)
        if (t->shape[d] < 0 || t->shape[d] > INT32_MAX)
            return ost_fail(err, OST_EINPUT,
                            "%s has a side of %lld pixels, out of 0..%d", what,
                            (long long)t->shape[d], INT32_MAX);
    *image = (ost_image){
        .data = t->data,
        .dtype = t->dtype,
        .size = ost_dtype_size(t->dtype),
        .h = t->shape[0],
        .w = t->shape[1],
        .c = t->ndim == 3 ? t->shape[2] : 1,
        .step_y = t->stride[0],
        .step_x = t->stride[1],
        .step_c = t->ndim == 3 ? t->stride[2] : 0,
    };
    return OST_OK;
}

ost_rc ost_image_alike(const ost_image *a, const ost_image *b, ost_err *err)
{
    if (a->dtype != b->dtype)
        return ost_fail(err, OST_EINPUT, "input is %s and output is %s",
                        ost_dtype_name(a->dtype), ost_dtype_name(b->dtype));
    if (a->c != b->c)
        return ost_fail(err, OST_EINPUT,
                        "input has %lld channels and output has %lld",
                        (long long)a->c, (long long)b->c);
    return OST_OK;
}

bool ost_image_is_empty(const ost_image *image)
{
    return image->h == 0 || image->w == 0 || image->c == 0;
}

void ost_image_flatten(ost_image *image)
{
    if (image->step_c != 1 || image->step_x != image->c ||
        image->w * image->c > INT32_MAX)
        return;
    image->w *= image->c;
    image->c = 1;
    image->step_x = 1;
}

void *ost_image_at(const ost_image *image, int64_t y, int64_t x, int64_t c)
{
    int64_t i = y * image->step_y + x * image->step_x + c * image->step_c;

    return image->data + i * (int64_t)image->size;
}

void ost_value_put(ost_dtype dtype, float v, void *at)
{
    if (dtype == OST_U8)
        *(uint8_t *)at = ost_px_u8(v);
    else if (dtype == OST_U16)
        *(uint16_t *)at = ost_px_u16(v);
    else
        *(float *)at = v;
}

void ost_row_get(const ost_image *image, int64_t y, int64_t c, float *row)
{
    const void *p = ost_image_at(image, y, 0, c);
    int64_t w = image->w, step = image->step_x;

    if (image->dtype == OST_U8) {
        const uint8_t *v = p;

        if (step == 1)
            for (int64_t x = 0; x < w; x++)
                row[x] = (float)v[x];
        else
            for (int64_t x = 0; x < w; x++)
                row[x] = (float)v[x * step];
    } else if (image->dtype == OST_U16) {
        const uint16_t *v = p;

        for (int64_t x = 0; x < w; x++)
            row[x] = (float)v[x * step];
    } else {
        const float *v = p;

        for (int64_t x = 0; x < w; x++)
            row[x] = v[x * step];
    }
}

void ost_row_put(const ost_image *image, int64_t y, int64_t c, const float *row)
{
    void *p = ost_image_at(image, y, 0, c);
    int64_t w = image->w, step = image->step_x;

    if (image->dtype == OST_U8) {
        uint8_t *v = p;

        if (step == 1)
            for (int64_t x = 0; x < w; x++)
                v[x] = ost_px_u8(row[x]);
        else
            for (int64_t x = 0; x < w; x++)
                v[x * step] = ost_px_u8(row[x]);
    } else if (image->dtype == OST_U16) {
        uint16_t *v = p;

        for (int64_t x = 0; x < w; x++)
            v[x * step] = ost_px_u16(row[x]);
    } else {
        float *v = p;

        for (int64_t x = 0; x < w; x++)
            v[x * step] = row[x];
    }
}
