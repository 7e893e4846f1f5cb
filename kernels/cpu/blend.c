/* kernels/cpu/blend.c - an image faded into the middle of another */
#include "base/alloc.h"
#include "kernels/areas.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/exact.h"

#include <math.h>

#include "base/banned.h"

/* cos(|i|^n pi / 2) with i from -1 to 1 over `count` pixels, which is exactly 0
 * at both ends. */
void ost_blend_weigh(double *weight, int64_t count, int n)
{
    for (int64_t k = 0; k < count; k++) {
        int64_t twice = 2 * k - (count - 1);
        double i = count > 1 ? (double)(twice < 0 ? -twice : twice) /
                                   (double)(count - 1)
                             : 1.0;
        double power = i, sine;

        for (int m = 1; m < n; m++)
            power *= i;
        ost_exact_sincos(90.0 * power, &sine, &weight[k]);
    }
}

static double mixed(double from, double to, double alpha)
{
    return alpha * from + (1.0 - alpha) * to;
}

/* What is mixed lies between what was there, so that integers only have to be
 * rounded (half to even). */
static void mix(const ost_image *in, const ost_image *out, int64_t y, int64_t x,
                double alpha)
{
    for (int64_t c = 0; c < in->c; c++) {
        const void *from = ost_image_at(in, y, x, c);
        void *to = ost_image_at(out, y, x, c);

        if (in->dtype == OST_U8)
            *(uint8_t *)to = (uint8_t)rint(
                mixed(*(const uint8_t *)from, *(uint8_t *)to, alpha));
        else if (in->dtype == OST_U16)
            *(uint16_t *)to = (uint16_t)rint(
                mixed(*(const uint16_t *)from, *(uint16_t *)to, alpha));
        else
            *(float *)to = (float)mixed((double)*(const float *)from,
                                        (double)*(float *)to, alpha);
    }
}

ost_rc ost_blend_check(const ost_tensor *image, int n,
                       const ost_tensor *blended, ost_image *in, ost_image *out,
                       ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(blended, "blended image", out, err);
    if (!rc)
        rc = ost_image_alike(in, out, err);
    if (rc)
        return rc;
    if (in->h != out->h || in->w != out->w)
        return ost_fail(err, OST_EINPUT, "blend: sizes differ");
    if (n < 1 || n > 64)
        return ost_fail(err, OST_EINPUT, "blend: the exponent is out of range");
    return OST_OK;
}

ost_rc ost_cpu_blend(const ost_tensor *image, int n, ost_tensor *blended,
                     ost_err *err)
{
    ost_image in, out;
    double *rows;
    ost_rc rc = ost_blend_check(image, n, blended, &in, &out, err);

    if (rc || ost_image_is_empty(&in))
        return rc;
    rows = ost_try_alloc((size_t)(in.h + in.w), sizeof(*rows));
    if (!rows)
        return ost_fail(err, OST_ENOMEM, "blend: no memory for the weights");
    ost_blend_weigh(rows, in.h, n);
    ost_blend_weigh(rows + in.h, in.w, n);
    for (int64_t y = 0; y < in.h; y++)
        for (int64_t x = 0; x < in.w; x++) {
            double alpha = rows[y] * rows[in.h + x];

            if (alpha > 0.0)
                mix(&in, &out, y, x, alpha);
        }
    ost_free(rows);
    return OST_OK;
}
