/* kernels/cpu/remap.c - an image through a map with a place for each pixel */
#include "kernels/remap.h"

#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"

#include <math.h>

#include "base/banned.h"

/* One value; `edge` of the spec says what stands outside of the image. */
static float value_at(const ost_image *in, int64_t y, int64_t x, int64_t c,
                      const ost_remap_spec *spec)
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

/* A place that is far outside behaves like one just outside. */
static double bounded(double v, int64_t length)
{
    return fmin(fmax(v, -2.0), (double)length + 1.0);
}

static void remap_pixel(const ost_image *in, const float *place, int64_t y,
                        int64_t x, const ost_remap_spec *spec,
                        const ost_image *out)
{
    double shift = spec->nearest ? 0.5 : 0.0;
    double px = bounded((double)place[0] + shift, in->w);
    double py = bounded((double)place[1] + shift, in->h);
    double left = floor(px), top = floor(py);
    int64_t u = (int64_t)left, v = (int64_t)top;
    float fx = (float)(px - left), fy = (float)(py - top);

    for (int64_t c = 0; c < in->c; c++) {
        float value = value_at(in, v, u, c, spec);

        if (!spec->nearest)
            value =
                ost_px_bilinear(value, value_at(in, v, u + 1, c, spec),
                                value_at(in, v + 1, u, c, spec),
                                value_at(in, v + 1, u + 1, c, spec), fx, fy);
        ost_value_put(out->dtype, value, ost_image_at(out, y, x, c));
    }
}

ost_rc ost_remap_check(const ost_tensor *image, const ost_remap_spec *spec,
                       const ost_tensor *remapped, ost_image *in,
                       ost_image *out, ost_err *err)
{
    const ost_tensor *map = spec->map;
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(remapped, "remapped image", out, err);
    if (!rc)
        rc = ost_image_alike(in, out, err);
    if (rc || ost_image_is_empty(out))
        return rc;
    if (map->dtype != OST_F32 || map->ndim != 3 || map->shape[0] != out->h ||
        map->shape[1] != out->w || map->shape[2] != 2 || map->stride[2] != 1)
        return ost_fail(err, OST_EINPUT,
                        "remap: the map is not f32 of (h, w, 2)");
    if (ost_image_is_empty(in))
        return ost_fail(err, OST_EINPUT, "remap: the image has no pixels");
    return OST_OK;
}

ost_rc ost_cpu_remap(const ost_tensor *image, const ost_remap_spec *spec,
                     ost_tensor *remapped, ost_err *err)
{
    const ost_tensor *map = spec->map;
    ost_image in, out;
    ost_rc rc = ost_remap_check(image, spec, remapped, &in, &out, err);

    if (rc || ost_image_is_empty(&out))
        return rc;
    for (int64_t y = 0; y < out.h; y++)
        for (int64_t x = 0; x < out.w; x++)
            remap_pixel(&in,
                        (const float *)map->data + y * map->stride[0] +
                            x * map->stride[1],
                        y, x, spec, &out);
    return OST_OK;
}
