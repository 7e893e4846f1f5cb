/* kernels/cpu/mark.c - where an image is not 0 */
#include "kernels/areas.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"

#include "base/banned.h"

ost_rc ost_mark_check(const ost_tensor *image, const ost_tensor *mask,
                      ost_image *in, ost_image *out, ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(mask, "mask", out, err);
    if (rc)
        return rc;
    if (mask->dtype != OST_U8 || mask->ndim != 2 || in->h != out->h ||
        in->w != out->w)
        return ost_fail(err, OST_EINPUT,
                        "mark: the mask is not u8 of the image's size");
    return OST_OK;
}

ost_rc ost_cpu_mark(const ost_tensor *image, ost_tensor *mask, ost_err *err)
{
    ost_image in, out;
    ost_rc rc = ost_mark_check(image, mask, &in, &out, err);

    if (rc)
        return rc;
    for (int64_t y = 0; y < in.h; y++)
        for (int64_t x = 0; x < in.w; x++)
            for (int64_t c = 0; c < in.c; c++) {
                const void *at = ost_image_at(&in, y, x, c);

                if (in.dtype == OST_U8    ? *(const uint8_t *)at != 0
                    : in.dtype == OST_U16 ? *(const uint16_t *)at != 0
                                          : ost_px_is_set(*(const float *)at))
                    *(uint8_t *)ost_image_at(&out, y, x, 0) = 1;
            }
    return OST_OK;
}
