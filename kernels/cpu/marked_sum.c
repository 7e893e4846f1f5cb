/* kernels/cpu/marked_sum.c - the pixels that a mask marks, added up */
#include "kernels/areas.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"

#include "base/banned.h"

static double value_at(const ost_image *image, int64_t y, int64_t x)
{
    const void *at = ost_image_at(image, y, x, 0);

    return image->dtype == OST_U8    ? (double)*(const uint8_t *)at
           : image->dtype == OST_U16 ? (double)*(const uint16_t *)at
                                     : (double)*(const float *)at;
}

ost_rc ost_marked_sum_check(const ost_tensor *mask, const ost_tensor *image,
                            ost_image *marks, ost_image *in, ost_err *err)
{
    ost_rc rc = ost_image_of(mask, "mask", marks, err);

    if (!rc)
        rc = ost_image_of(image, "image", in, err);
    if (rc)
        return rc;
    if (marks->c != 1 || in->c != 1 || marks->h != in->h || marks->w != in->w)
        return ost_fail(err, OST_EINPUT,
                        "marked_sum: mask and image do not go together");
    return OST_OK;
}

ost_rc ost_cpu_marked_sum(const ost_tensor *mask, const ost_tensor *image,
                          ost_sum *sum, ost_err *err)
{
    ost_image marks, in;
    ost_rc rc = ost_marked_sum_check(mask, image, &marks, &in, err);

    *sum = (ost_sum){ 0 };
    if (rc)
        return rc;
    for (int64_t y = 0; y < in.h; y++) {
        double row = 0;

        for (int64_t x = 0; x < in.w; x++)
            if (ost_px_is_set((float)value_at(&marks, y, x))) {
                sum->count++;
                row += value_at(&in, y, x);
            }
        sum->sum += row;
    }
    return OST_OK;
}
