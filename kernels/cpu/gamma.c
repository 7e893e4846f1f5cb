/* kernels/cpu/gamma.c - values along a curve */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel_exact.h"
#include "kernels/tone.h"

#include <math.h>

#include "base/banned.h"

static float curve(const ost_gamma_spec *spec, float v)
{
    return ost_px_curve(spec->low, spec->high, spec->exponent, v);
}

/* What each integer value becomes. */
float *ost_gamma_table(const ost_gamma_spec *spec, int64_t n)
{
    float *table = ost_try_alloc((size_t)n, sizeof(*table));

    for (int64_t i = 0; table && i < n; i++)
        table[i] = curve(spec, (float)i);
    return table;
}

static void tone_pixels(const ost_image *in, const ost_gamma_spec *spec,
                        const float *table, const ost_image *out)
{
    for (int64_t y = 0; y < in->h; y++)
        for (int64_t x = 0; x < in->w; x++)
            for (int64_t c = 0; c < in->c; c++) {
                const void *at = ost_image_at(in, y, x, c);
                float v = in->dtype == OST_U8 ? table[*(const uint8_t *)at]
                          : in->dtype == OST_U16
                              ? table[*(const uint16_t *)at]
                              : curve(spec, *(const float *)at);

                ost_value_put(out->dtype, v, ost_image_at(out, y, x, c));
            }
}

ost_rc ost_gamma_check(const ost_tensor *image, const ost_gamma_spec *spec,
                       const ost_tensor *toned, ost_image *in, ost_image *out,
                       ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(toned, "toned image", out, err);
    if (!rc)
        rc = ost_image_alike(in, out, err);
    if (rc)
        return rc;
    if (in->h != out->h || in->w != out->w)
        return ost_fail(err, OST_EINPUT, "gamma: two sizes");
    if (!(spec->exponent > 0.0) || !isfinite(spec->exponent) ||
        !(spec->high >= spec->low) || !isfinite(spec->high - spec->low))
        return ost_fail(err, OST_EINPUT, "gamma: a number is out of range");
    return OST_OK;
}

ost_rc ost_cpu_gamma(const ost_tensor *image, const ost_gamma_spec *spec,
                     ost_tensor *toned, ost_err *err)
{
    float *table = NULL;
    ost_image in, out;
    ost_rc rc = ost_gamma_check(image, spec, toned, &in, &out, err);

    if (rc)
        return rc;
    if (in.dtype != OST_F32) {
        table = ost_gamma_table(spec, in.dtype == OST_U8 ? 256 : 65536);
        if (!table)
            return ost_fail(err, OST_ENOMEM, "gamma: no memory for a table");
    }
    tone_pixels(&in, spec, table, &out);
    ost_free(table);
    return OST_OK;
}
