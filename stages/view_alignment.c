/* stages/view_alignment.c - where a body lies in two opposite views */
#include "stages/view_alignment.h"

#include "base/alloc.h"

#include <math.h>

#include "base/banned.h"

static double value_at(const ost_tensor *t, int64_t y, int64_t x, int64_t c)
{
    int64_t at = y * t->stride[0] + x * t->stride[1] +
                 (t->ndim == 3 ? c * t->stride[2] : 0);

    if (t->dtype == OST_U8)
        return ((const uint8_t *)t->data)[at];
    if (t->dtype == OST_U16)
        return ((const uint16_t *)t->data)[at];
    return (double)((const float *)t->data)[at];
}

static bool above(const ost_tensor *t, int64_t y, int64_t x, double level)
{
    int64_t channels = t->ndim == 3 ? t->shape[2] : 1;

    for (int64_t c = 0; c < channels; c++)
        if (value_at(t, y, x, c) > level)
            return true;
    return false;
}

/* From the first to the last line with `pixels` of them; false: there is
 * none. */
static bool span_of(const int64_t *count, int64_t n, int64_t pixels,
                    int64_t *first, int64_t *length)
{
    int64_t last = n - 1;

    for (*first = 0; *first < n && count[*first] < pixels;)
        ++*first;
    while (last > *first && count[last] < pixels)
        last--;
    *length = *first < n ? last - *first + 1 : 0;
    return *length > 0;
}

ost_rc ost_uptake_box(const ost_tensor *image, double theta, int64_t pixels,
                      ost_rect *box, ost_err *err)
{
    int64_t h = image->shape[0], w = image->shape[1];
    const double percent = 99.0;
    double level = 0.0;
    int64_t *count;
    ost_rc rc;

    *box = (ost_rect){ 0 };
    rc = ost_cpu_percentiles(image, &percent, 1, &level, err);
    if (rc)
        return rc;
    level = level > 0.0 ? theta * level : 0.0;
    count = ost_try_alloc((size_t)(h + w) + 1, sizeof(*count));
    if (!count)
        return ost_fail(err, OST_ENOMEM, "no memory for %lld lines",
                        (long long)(h + w));
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            if (above(image, y, x, level)) {
                count[y]++;
                count[h + x]++;
            }
    if (!span_of(count, h, pixels, &box->top, &box->height) ||
        !span_of(count + h, w, pixels, &box->left, &box->width))
        *box = (ost_rect){ 0 };
    ost_free(count);
    return OST_OK;
}

static bool is_empty(const ost_rect *r)
{
    return r->height <= 0 || r->width <= 0;
}

/* Half of a whole number, rounded up. */
static double half(int64_t v)
{
    return floor(((double)v + 1.0) / 2.0);
}

ost_affine ost_view_map(ost_view_align align, const ost_rect *front,
                        const ost_rect *back, int64_t back_width)
{
    double sx = 1.0, sy = 1.0, dx = 0.0, dy = 0.0;
    ost_rect b = *back; /* in the mirrored view */

    b.left = back_width - (back->left + back->width);
    if (is_empty(front) || is_empty(back))
        align = OST_VIEW_ALIGN_NONE;
    if (align == OST_VIEW_ALIGN_TRANSLATE) {
        dx = -half(2 * front->left + front->width - 2 * b.left - b.width);
        dy = -half(2 * front->top + front->height - 2 * b.top - b.height);
    } else if (align == OST_VIEW_ALIGN_SCALE) {
        sx = (double)b.width / (double)front->width;
        sy = (double)b.height / (double)front->height;
        dx = (0.5 - (double)front->left) * sx + (double)b.left - 0.5;
        dy = (0.5 - (double)front->top) * sy + (double)b.top - 0.5;
    }
    return (
        ost_affine){ { -sx, 0.0, (double)back_width - 1.0 - dx, 0.0, sy, dy } };
}
