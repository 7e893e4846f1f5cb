/* kernels/cpu/pad.c - a rectangle that reaches beyond its image */
#include "base/alloc.h"
#include "kernels/areas.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* The column (or row) of the image that column `x` shows, -1 for the fill. */
int64_t ost_pad_source(int64_t x, int64_t n, ost_pad_mode mode)
{
    if (x >= 0 && x < n)
        return x;
    if (mode == OST_PAD_CONSTANT)
        return -1;
    if (mode == OST_PAD_EDGE)
        return ost_px_clamp(x, 0, n - 1);
    return ost_px_reflect(x, n);
}

/* Pixels x0..x1-1 of row `y`, one by one. */
static void copy_pixels(const ost_image *in, int64_t row, const int64_t *from,
                        const void *fill, const ost_image *out, int64_t y,
                        int64_t x0, int64_t x1)
{
    for (int64_t x = x0; x < x1; x++)
        for (int64_t c = 0; c < out->c; c++)
            memcpy(ost_image_at(out, y, x, c),
                   row < 0 || from[x] < 0 ? fill
                                          : ost_image_at(in, row, from[x], c),
                   out->size);
}

static bool is_dense(const ost_image *image)
{
    return image->step_x == image->c && (image->c == 1 || image->step_c == 1);
}

/* Row `y`, which shows row `row` of the image; what lies inside of it at once
 * where the pixels are neighbors. */
static void copy_row(const ost_image *in, int64_t row, const int64_t *from,
                     const void *fill, const ost_image *out, int64_t y,
                     int64_t left)
{
    int64_t x0 = ost_px_clamp(-left, 0, out->w);
    int64_t x1 = ost_px_clamp(in->w - left, x0, out->w);

    if (row < 0 || !is_dense(in) || !is_dense(out))
        x0 = x1 = 0;
    copy_pixels(in, row, from, fill, out, y, 0, x0);
    if (x1 > x0)
        memcpy(ost_image_at(out, y, x0, 0), ost_image_at(in, row, left + x0, 0),
               (size_t)((x1 - x0) * out->c) * out->size);
    copy_pixels(in, row, from, fill, out, y, x1, out->w);
}

ost_rc ost_pad_check(const ost_tensor *image, const ost_pad_spec *spec,
                     const ost_tensor *padded, ost_image *in, ost_image *out,
                     ost_err *err)
{
    const int64_t far = INT64_C(1) << 40; /* sums stay countable */
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(padded, "padded image", out, err);
    if (!rc)
        rc = ost_image_alike(in, out, err);
    if (rc)
        return rc;
    if (!isfinite(spec->fill) || spec->top > far || spec->top < -far ||
        spec->left > far || spec->left < -far)
        return ost_fail(err, OST_EINPUT, "pad: a number is out of range");
    if (!ost_image_is_empty(out) && ost_image_is_empty(in) &&
        spec->mode != OST_PAD_CONSTANT)
        return ost_fail(err, OST_EINPUT, "pad: the image has no pixels");
    return OST_OK;
}

ost_rc ost_cpu_pad(const ost_tensor *image, const ost_pad_spec *spec,
                   ost_tensor *padded, ost_err *err)
{
    float fill; /* in the image's type */
    ost_image in, out;
    int64_t *from;
    ost_rc rc = ost_pad_check(image, spec, padded, &in, &out, err);

    if (rc || ost_image_is_empty(&out))
        return rc;
    ost_value_put(in.dtype, (float)spec->fill, &fill);
    from = ost_try_alloc((size_t)out.w, sizeof(*from));
    if (!from)
        return ost_fail(err, OST_ENOMEM, "pad: no memory for a row");
    for (int64_t x = 0; x < out.w; x++)
        from[x] = ost_pad_source(spec->left + x, in.w, spec->mode);
    for (int64_t y = 0; y < out.h; y++)
        copy_row(&in, ost_pad_source(spec->top + y, in.h, spec->mode), from,
                 &fill, &out, y, spec->left);
    ost_free(from);
    return OST_OK;
}
