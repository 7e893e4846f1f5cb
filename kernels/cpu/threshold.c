/* kernels/cpu/threshold.c - mark what lies at or above a level
 *
 * The level becomes the smallest marked value of the image's own type, so that
 * a pixel is compared once and in that type.
 */
#include "kernels/threshold.h"

#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"

#include <math.h>

#include "base/banned.h"

/* The smallest whole number that is marked, 0 .. 65536. */
static int32_t least_integer(const ost_threshold_spec *s)
{
    double v = s->above ? floor(s->least) + 1.0 : ceil(s->least);

    return (int32_t)fmin(fmax(v, 0.0), 65536.0);
}

/* The smallest float that is marked. */
static float least_float(const ost_threshold_spec *s)
{
    float v = (float)s->least;

    if ((double)v < s->least || (s->above && (double)v == s->least))
        v = nextafterf(v, INFINITY);
    return v;
}

static void mark_u8(const uint8_t *restrict v, int64_t step, int64_t w,
                    const ost_threshold_spec *s, uint8_t *restrict mark,
                    int64_t mark_step)
{
    int32_t level = least_integer(s);
    uint8_t least = (uint8_t)level, outside = s->outside;
    uint8_t inside = level > UINT8_MAX ? outside : s->inside;

    if (step == 1 && mark_step == 1)
        for (int64_t x = 0; x < w; x++)
            mark[x] = ost_px_mark_u8(v[x], least, inside, outside);
    else
        for (int64_t x = 0; x < w; x++)
            mark[x * mark_step] =
                ost_px_mark_u8(v[x * step], least, inside, outside);
}

static void mark_u16(const uint16_t *restrict v, int64_t step, int64_t w,
                     const ost_threshold_spec *s, uint8_t *restrict mark,
                     int64_t mark_step)
{
    int32_t level = least_integer(s);
    uint16_t least = (uint16_t)level;
    uint8_t outside = s->outside;
    uint8_t inside = level > UINT16_MAX ? outside : s->inside;

    if (step == 1 && mark_step == 1)
        for (int64_t x = 0; x < w; x++)
            mark[x] = ost_px_mark_u16(v[x], least, inside, outside);
    else
        for (int64_t x = 0; x < w; x++)
            mark[x * mark_step] =
                ost_px_mark_u16(v[x * step], least, inside, outside);
}

static void mark_f32(const float *restrict v, int64_t step, int64_t w,
                     const ost_threshold_spec *s, uint8_t *restrict mark,
                     int64_t mark_step)
{
    float least = least_float(s);
    uint8_t inside = s->inside, outside = s->outside;

    if (step == 1 && mark_step == 1)
        for (int64_t x = 0; x < w; x++)
            mark[x] = ost_px_mark_f32(v[x], least, inside, outside);
    else
        for (int64_t x = 0; x < w; x++)
            mark[x * mark_step] =
                ost_px_mark_f32(v[x * step], least, inside, outside);
}

static void mark_row(const ost_image *in, const ost_image *out, int64_t y,
                     int64_t c, const ost_threshold_spec *s)
{
    const void *p = ost_image_at(in, y, 0, c);
    uint8_t *mark = ost_image_at(out, y, 0, c);

    if (in->dtype == OST_U8)
        mark_u8(p, in->step_x, in->w, s, mark, out->step_x);
    else if (in->dtype == OST_U16)
        mark_u16(p, in->step_x, in->w, s, mark, out->step_x);
    else
        mark_f32(p, in->step_x, in->w, s, mark, out->step_x);
}

ost_rc ost_cpu_threshold(const ost_tensor *image,
                         const ost_threshold_spec *spec, ost_tensor *mask,
                         ost_err *err)
{
    ost_image in, out;
    ost_rc rc;

    rc = ost_image_of(image, "image", &in, err);
    if (!rc)
        rc = ost_image_of(mask, "mask", &out, err);
    if (rc)
        return rc;
    if (isnan(spec->least))
        return ost_fail(err, OST_EINPUT, "threshold: the level is no number");
    if (out.dtype != OST_U8 || in.h != out.h || in.w != out.w || in.c != out.c)
        return ost_fail(err, OST_EINPUT,
                        "threshold: the mask has another size or is not u8");
    if (in.step_c == out.step_c && in.step_x == out.step_x) {
        ost_image_flatten(&in);
        ost_image_flatten(&out);
    }
    for (int64_t c = 0; c < in.c; c++)
        for (int64_t y = 0; y < in.h; y++)
            mark_row(&in, &out, y, c, spec);
    return OST_OK;
}
