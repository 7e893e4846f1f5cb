/* kernels/cpu/noise.c - noise that is added to an image */
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel_noise.h"
#include "kernels/tone.h"

#include <math.h>

#include "base/banned.h"

static float value_of(const ost_image *in, const void *at)
{
    if (in->dtype == OST_U8)
        return (float)*(const uint8_t *)at;
    if (in->dtype == OST_U16)
        return (float)*(const uint16_t *)at;
    return *(const float *)at;
}

ost_rc ost_noise_check(const ost_tensor *image, double deviation,
                       const ost_tensor *noisy, ost_image *in, ost_image *out,
                       ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(noisy, "noisy image", out, err);
    if (!rc)
        rc = ost_image_alike(in, out, err);
    if (rc)
        return rc;
    if (in->h != out->h || in->w != out->w)
        return ost_fail(err, OST_EINPUT, "noise: two sizes");
    if (!(deviation >= 0.0) || !isfinite(deviation))
        return ost_fail(err, OST_EINPUT, "noise: no deviation");
    return OST_OK;
}

ost_rc ost_cpu_noise(const ost_tensor *image, double deviation, uint32_t seed,
                     ost_tensor *noisy, ost_err *err)
{
    float d = (float)deviation;
    ost_image in, out;
    ost_rc rc = ost_noise_check(image, deviation, noisy, &in, &out, err);

    if (rc)
        return rc;
    for (int64_t y = 0; y < in.h; y++)
        for (int64_t x = 0; x < in.w; x++)
            for (int64_t c = 0; c < in.c; c++) {
                uint64_t place = (uint64_t)((y * in.w + x) * in.c + c);
                float v = value_of(&in, ost_image_at(&in, y, x, c));

                v += d * ost_px_normal(place, seed);
                ost_value_put(out.dtype, v, ost_image_at(&out, y, x, c));
            }
    return OST_OK;
}
