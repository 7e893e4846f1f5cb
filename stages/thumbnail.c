/* stages/thumbnail.c - small pictures of fields, for people */
#include "stages/thumbnail.h"

#include "base/alloc.h"
#include "stages/encode.h"

#include <math.h>

#include "base/banned.h"

/* A picture and the size it is brought to. */
typedef struct {
    const ost_tensor *t;
    int64_t height;
    int64_t width;
    double low;  /* becomes 0 */
    double high; /* becomes 255 */
} reduction;

static double value_at(const ost_tensor *t, int64_t y, int64_t x, int64_t c)
{
    int64_t at = y * t->stride[0] + x * t->stride[1];

    if (t->ndim == 3)
        at += c * t->stride[2];
    switch (t->dtype) {
    case OST_U8:
        return ((const uint8_t *)t->data)[at];
    case OST_U16:
        return ((const uint16_t *)t->data)[at];
    case OST_F32:
        return (double)((const float *)t->data)[at];
    case OST_I32:
    case OST_I16:
    case OST_F64:
        break;
    }
    return 0;
}

static ost_rc open_picture(const ost_tensor *t, int64_t side, reduction *r,
                           ost_err *err)
{
    bool known =
        t->dtype == OST_U8 || t->dtype == OST_U16 || t->dtype == OST_F32;
    int64_t longest;

    if (!known || (t->ndim != 2 && t->ndim != 3) || t->shape[0] < 1 ||
        t->shape[1] < 1 || (t->ndim == 3 && t->shape[2] < 1))
        return ost_fail(err, OST_EINPUT, "no picture can be made of it");
    longest = t->shape[0] > t->shape[1] ? t->shape[0] : t->shape[1];
    *r = (reduction){ .t = t, .height = t->shape[0], .width = t->shape[1] };
    r->high = 255;
    if (longest > side) {
        r->height = t->shape[0] * side / longest;
        r->width = t->shape[1] * side / longest;
        r->height += r->height == 0;
        r->width += r->width == 0;
    }
    return OST_OK;
}

static void find_range(reduction *r, int64_t channels)
{
    const ost_tensor *t = r->t;
    double low = (double)INFINITY, high = -(double)INFINITY;

    if (t->dtype == OST_U8)
        return;
    for (int64_t y = 0; y < t->shape[0]; y++) {
        for (int64_t x = 0; x < t->shape[1]; x++) {
            for (int64_t c = 0; c < channels; c++) {
                double v = value_at(t, y, x, c);

                if (!isfinite(v))
                    continue;
                low = fmin(low, v);
                high = fmax(high, v);
            }
        }
    }
    r->low = low <= high ? low : 0;
    r->high = low < high ? high : r->low + 1;
}

/* Mean of what pixel (y, x) of the small picture covers. */
static double mean_at(const reduction *r, int64_t y, int64_t x, int64_t c)
{
    const ost_tensor *t = r->t;
    int64_t y0 = y * t->shape[0] / r->height;
    int64_t y1 = ((y + 1) * t->shape[0] + r->height - 1) / r->height;
    int64_t x0 = x * t->shape[1] / r->width;
    int64_t x1 = ((x + 1) * t->shape[1] + r->width - 1) / r->width;
    double sum = 0, n = 0;

    for (int64_t i = y0; i < y1; i++) {
        for (int64_t k = x0; k < x1; k++) {
            double v = value_at(t, i, k, c);

            if (!isfinite(v))
                continue;
            sum += v;
            n += 1;
        }
    }
    return n > 0 ? sum / n : r->low;
}

ost_rc ost_thumbnail(const ost_tensor *t, int64_t side, unsigned flags,
                     ost_buf *png, int64_t *width, int64_t *height,
                     ost_err *err)
{
    int64_t channels = t->ndim == 3 && t->shape[2] == 3 ? 3 : 1;
    int64_t shape[3], i = 0;
    ost_tensor small;
    uint8_t *pixels;
    reduction r;
    ost_rc rc;

    rc = open_picture(t, side, &r, err);
    if (rc)
        return rc;
    find_range(&r, channels);
    pixels = ost_xalloc((size_t)(r.height * r.width * channels));
    for (int64_t y = 0; y < r.height; y++) {
        for (int64_t x = 0; x < r.width; x++) {
            for (int64_t c = 0; c < channels; c++) {
                double v =
                    (mean_at(&r, y, x, c) - r.low) / (r.high - r.low) * 255;

                if (channels == 1 && (flags & OST_THUMBNAIL_INVERSE))
                    v = 255 - v;
                pixels[i++] = (uint8_t)(fmin(fmax(v, 0), 255) + 0.5);
            }
        }
    }
    shape[0] = *height = r.height;
    shape[1] = *width = r.width;
    shape[2] = channels;
    small = ost_tensor_of(pixels, OST_U8, channels == 3 ? 3 : 2, shape);
    rc = ost_png_encode(&small, png, err);
    ost_free(pixels);
    return rc;
}

ost_rc ost_thumbnail_marks(const ost_tensor *t, int64_t side,
                           const uint8_t color[3], ost_buf *png, ost_err *err)
{
    int64_t shape[3], i = 0;
    ost_tensor small;
    uint8_t *pixels;
    reduction r;
    ost_rc rc;

    rc = open_picture(t, side, &r, err);
    if (rc)
        return rc;
    pixels = ost_xalloc((size_t)(r.height * r.width * 4));
    for (int64_t y = 0; y < r.height; y++) {
        for (int64_t x = 0; x < r.width; x++) {
            bool marked = mean_at(&r, y, x, 0) > 0;

            for (int c = 0; c < 3; c++)
                pixels[i++] = color[c];
            pixels[i++] = marked ? 255 : 0;
        }
    }
    shape[0] = r.height;
    shape[1] = r.width;
    shape[2] = 4;
    small = ost_tensor_of(pixels, OST_U8, 3, shape);
    rc = ost_png_encode(&small, png, err);
    ost_free(pixels);
    return rc;
}
