/* kernels/cpu/gray.c - the gray levels of a color image */
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"
#include "kernels/tone.h"

#include "base/banned.h"

static void gray_row(const ost_image *in, const ost_image *out, int64_t y)
{
    const void *p = ost_image_at(in, y, 0, 0);
    void *q = ost_image_at(out, y, 0, 0);
    int64_t step = in->step_x, c = in->step_c, to = out->step_x;

    if (in->dtype == OST_U8) {
        const uint8_t *v = p;
        uint8_t *g = q;

        for (int64_t x = 0; x < in->w; x++, v += step)
            g[x * to] = (uint8_t)ost_px_luma(v[0], v[c], v[2 * c]);
    } else if (in->dtype == OST_U16) {
        const uint16_t *v = p;
        uint16_t *g = q;

        for (int64_t x = 0; x < in->w; x++, v += step)
            g[x * to] = (uint16_t)ost_px_luma(v[0], v[c], v[2 * c]);
    } else {
        const float *v = p;
        float *g = q;

        for (int64_t x = 0; x < in->w; x++, v += step)
            g[x * to] = ost_px_luma_f32(v[0], v[c], v[2 * c]);
    }
}

ost_rc ost_cpu_gray(const ost_tensor *image, ost_tensor *gray, ost_err *err)
{
    ost_image in, out;
    ost_rc rc;

    rc = ost_image_of(image, "image", &in, err);
    if (!rc)
        rc = ost_image_of(gray, "gray image", &out, err);
    if (rc)
        return rc;
    if (in.c != 3 || out.c != 1 || in.h != out.h || in.w != out.w ||
        in.dtype != out.dtype)
        return ost_fail(err, OST_EINPUT,
                        "gray: 3 channels become 1 of the same size and type");
    for (int64_t y = 0; y < in.h && in.w > 0; y++)
        gray_row(&in, &out, y);
    return OST_OK;
}
