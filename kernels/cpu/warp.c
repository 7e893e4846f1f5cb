/* kernels/cpu/warp.c - affine maps of images
 *
 * Coordinates are computed in double for every pixel anew (no running sums),
 * values in single precision.
 */
#include "kernels/cpu/rows.h"
#include "kernels/exact.h"
#include "kernels/image.h"
#include "kernels/pixel.h"

#include <math.h>

#include "base/banned.h"

ost_affine ost_affine_of(const ost_motion *motion, int64_t height,
                         int64_t width)
{
    double center_x = ((double)width - 1.0) / 2.0;
    double center_y = ((double)height - 1.0) / 2.0;
    double to_x = center_x + motion->shift_x;
    double to_y = center_y + motion->shift_y;
    double sine, cosine;
    ost_affine a;

    /* Rows point down, so turning the picture counter-clockwise turns the
     * coordinates back, by the inverse of the motion. */
    ost_exact_sincos(motion->rotate, &sine, &cosine);
    a.m[0] = cosine / motion->scale;
    a.m[1] = -sine / motion->scale;
    a.m[3] = sine / motion->scale;
    a.m[4] = cosine / motion->scale;
    if (motion->flip_x) {
        a.m[0] = -a.m[0];
        a.m[1] = -a.m[1];
    }
    if (motion->flip_y) {
        a.m[3] = -a.m[3];
        a.m[4] = -a.m[4];
    }
    a.m[2] = center_x - (a.m[0] * to_x + a.m[1] * to_y);
    a.m[5] = center_y - (a.m[3] * to_x + a.m[4] * to_y);
    return a;
}

/* One value; `edge` says what stands outside of the image. */
static float value_at(const ost_image *in, int64_t y, int64_t x, int64_t c,
                      const ost_warp_spec *spec)
{
    const void *p;

    if (y < 0 || y >= in->h || x < 0 || x >= in->w) {
        if (spec->border == OST_BORDER_CONSTANT)
            return spec->fill;
        y = ost_px_clamp(y, 0, in->h - 1);
        x = ost_px_clamp(x, 0, in->w - 1);
    }
    p = ost_image_at(in, y, x, c);
    if (in->dtype == OST_U8)
        return (float)*(const uint8_t *)p;
    if (in->dtype == OST_U16)
        return (float)*(const uint16_t *)p;
    return *(const float *)p;
}

static void put_value(const ost_image *out, int64_t y, int64_t x, int64_t c,
                      float v)
{
    void *p = ost_image_at(out, y, x, c);

    if (out->dtype == OST_U8)
        *(uint8_t *)p = ost_px_u8(v);
    else if (out->dtype == OST_U16)
        *(uint16_t *)p = ost_px_u16(v);
    else
        *(float *)p = v;
}

/* A pixel position that is far outside behaves like one just outside. */
static double bounded(double v, int64_t length)
{
    return fmin(fmax(v, -2.0), (double)length + 1.0);
}

static void warp_pixel(const ost_image *in, const ost_image *out, int64_t y,
                       int64_t x, const ost_warp_spec *spec)
{
    const double *m = spec->map.m;
    double px = m[0] * (double)x + m[1] * (double)y + m[2];
    double py = m[3] * (double)x + m[4] * (double)y + m[5];
    double shift = spec->nearest ? 0.5 : 0.0;
    double left, top;
    int64_t u, v;
    float fx, fy;

    px = bounded(px + shift, in->w);
    py = bounded(py + shift, in->h);
    left = floor(px);
    top = floor(py);
    u = (int64_t)left;
    v = (int64_t)top;
    fx = (float)(px - left);
    fy = (float)(py - top);
    for (int64_t c = 0; c < in->c; c++) {
        float value = value_at(in, v, u, c, spec);

        if (!spec->nearest)
            value =
                ost_px_bilinear(value, value_at(in, v, u + 1, c, spec),
                                value_at(in, v + 1, u, c, spec),
                                value_at(in, v + 1, u + 1, c, spec), fx, fy);
        put_value(out, y, x, c, value);
    }
}

ost_rc ost_cpu_warp(const ost_tensor *image, const ost_warp_spec *spec,
                    ost_tensor *warped, ost_err *err)
{
    ost_image in, out;
    ost_rc rc;

    rc = ost_image_of(image, "image", &in, err);
    if (!rc)
        rc = ost_image_of(warped, "warped image", &out, err);
    if (!rc)
        rc = ost_image_alike(&in, &out, err);
    if (rc || ost_image_is_empty(&out))
        return rc;
    for (int i = 0; i < 6; i++)
        if (!isfinite(spec->map.m[i]))
            return ost_fail(err, OST_EINPUT, "warp: the map is not finite");
    if (ost_image_is_empty(&in))
        return ost_fail(err, OST_EINPUT, "warp: the image has no pixels");
    for (int64_t y = 0; y < out.h; y++)
        for (int64_t x = 0; x < out.w; x++)
            warp_pixel(&in, &out, y, x, spec);
    return OST_OK;
}
