/* kernels/cpu/blank.c - one value where nothing is marked */
#include "kernels/areas.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

ost_rc ost_blank_check(const ost_tensor *image, const ost_tensor *mask,
                       double fill, const ost_tensor *out, ost_image *in,
                       ost_image *marks, ost_image *to, ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(mask, "mask", marks, err);
    if (!rc)
        rc = ost_image_of(out, "blanked image", to, err);
    if (!rc)
        rc = ost_image_alike(in, to, err);
    if (rc)
        return rc;
    if (mask->dtype != OST_U8 || mask->ndim != 2 || in->h != marks->h ||
        in->w != marks->w || in->h != to->h || in->w != to->w)
        return ost_fail(err, OST_EINPUT, "blank: sizes or types differ");
    if (!isfinite(fill))
        return ost_fail(err, OST_EINPUT, "blank: the fill is not finite");
    return OST_OK;
}

ost_rc ost_cpu_blank(const ost_tensor *image, const ost_tensor *mask,
                     double fill, ost_tensor *out, ost_err *err)
{
    ost_image in, marks, to;
    float value; /* in the image's type */
    ost_rc rc = ost_blank_check(image, mask, fill, out, &in, &marks, &to, err);

    if (rc)
        return rc;
    ost_value_put(in.dtype, (float)fill, &value);
    for (int64_t y = 0; y < in.h; y++)
        for (int64_t x = 0; x < in.w; x++) {
            bool keep = *(const uint8_t *)ost_image_at(&marks, y, x, 0) != 0;

            for (int64_t c = 0; c < in.c; c++)
                memcpy(ost_image_at(&to, y, x, c),
                       keep ? ost_image_at(&in, y, x, c) : &value, in.size);
        }
    return OST_OK;
}
