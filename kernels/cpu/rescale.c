/* kernels/cpu/rescale.c - linear change of levels and conversion of types */
#include "base/alloc.h"
#include "kernels/cpu/rows.h"
#include "kernels/image.h"

#include <math.h>

#include "base/banned.h"

ost_rc ost_cpu_rescale(const ost_tensor *image, double scale, double offset,
                       ost_tensor *rescaled, ost_err *err)
{
    float a = (float)scale, b = (float)offset, *row;
    ost_image in, out;
    ost_rc rc;

    rc = ost_image_of(image, "image", &in, err);
    if (!rc)
        rc = ost_image_of(rescaled, "rescaled image", &out, err);
    if (rc)
        return rc;
    if (in.h != out.h || in.w != out.w || in.c != out.c)
        return ost_fail(err, OST_EINPUT, "rescale: sizes differ");
    if (!isfinite(a) || !isfinite(b))
        return ost_fail(err, OST_EINPUT,
                        "rescale: scale or offset is not finite");
    if (ost_image_is_empty(&in))
        return OST_OK;
    if (in.step_c == out.step_c && in.step_x == out.step_x) {
        ost_image_flatten(&in);
        ost_image_flatten(&out);
    }
    row = ost_try_alloc((size_t)in.w, sizeof(*row));
    if (!row)
        return ost_fail(err, OST_ENOMEM, "rescale: no memory for a row");
    for (int64_t c = 0; c < in.c; c++)
        for (int64_t y = 0; y < in.h; y++) {
            ost_row_get(&in, y, c, row);
            for (int64_t x = 0; x < in.w; x++)
                row[x] = row[x] * a + b;
            ost_row_put(&out, y, c, row);
        }
    ost_free(row);
    return OST_OK;
}
