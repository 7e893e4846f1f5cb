/* kernels/cpu/threshold.c - mark what lies at or above a level
 *
 * The level becomes the smallest marked value of the image's own type, so that
 * a pixel is compared once and in that type.
 */
#include "kernels/threshold.h"

#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/pixel_loops.h"

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

/* A level above all values of the type marks nothing. */
static ost_px_args_mark args_of(const ost_threshold_spec *s, ost_dtype dtype)
{
    int32_t level = least_integer(s);
    int32_t most = dtype == OST_U8 ? UINT8_MAX : UINT16_MAX;
    bool none = dtype != OST_F32 && level > most;

    return (ost_px_args_mark){
        .least_f32 = least_float(s),
        .least_u16 = (uint16_t)level,
        .least_u8 = (uint8_t)level,
        .inside = none ? s->outside : s->inside,
        .outside = s->outside,
    };
}

ost_rc ost_threshold_check(const ost_tensor *image,
                           const ost_threshold_spec *spec,
                           const ost_tensor *mask, ost_pixel_work *work,
                           ost_err *err)
{
    ost_image *in = &work->in, *out = &work->out;
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(mask, "mask", out, err);
    if (rc)
        return rc;
    if (isnan(spec->least))
        return ost_fail(err, OST_EINPUT, "threshold: the level is no number");
    if (out->dtype != OST_U8 || in->h != out->h || in->w != out->w ||
        in->c != out->c)
        return ost_fail(err, OST_EINPUT,
                        "threshold: the mask has another size or is not u8");
    work->args.mark = args_of(spec, in->dtype);
    return OST_OK;
}

ost_rc ost_cpu_threshold(const ost_tensor *image,
                         const ost_threshold_spec *spec, ost_tensor *mask,
                         ost_err *err)
{
    ost_pixel_work work;
    ost_rc rc = ost_threshold_check(image, spec, mask, &work, err);

    return rc ? rc
              : ost_each_pixel(&work.in, &work.out, "threshold",
                               &work.args.mark, err);
}
