/* kernels/cpu/ramp.c - gray levels along a straight line with two ends */
#include "base/alloc.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"
#include "kernels/tone.h"

#include <math.h>

#include "base/banned.h"

ost_rc ost_cpu_ramp(const ost_tensor *image, const ost_ramp_spec *spec,
                    ost_tensor *out, ost_err *err)
{
    float low = (float)spec->low, to_low = (float)spec->to_low;
    float gain = (float)spec->gain;
    float least = (float)spec->least, most = (float)spec->most, *row;
    ost_image from, to;
    ost_rc rc;

    rc = ost_image_of(image, "image", &from, err);
    if (!rc)
        rc = ost_image_of(out, "toned image", &to, err);
    if (rc)
        return rc;
    if (from.h != to.h || from.w != to.w || from.c != to.c)
        return ost_fail(err, OST_EINPUT, "ramp: sizes differ");
    if (!isfinite(low) || !isfinite(to_low) || !isfinite(gain) ||
        isnan(least) || isnan(most))
        return ost_fail(err, OST_EINPUT, "ramp: a level is not finite");
    if (ost_image_is_empty(&from))
        return OST_OK;
    if (from.step_c == to.step_c && from.step_x == to.step_x) {
        ost_image_flatten(&from);
        ost_image_flatten(&to);
    }
    row = ost_try_alloc((size_t)from.w, sizeof(*row));
    if (!row)
        return ost_fail(err, OST_ENOMEM, "ramp: no memory for a row");
    for (int64_t c = 0; c < from.c; c++)
        for (int64_t y = 0; y < from.h; y++) {
            ost_row_get(&from, y, c, row);
            for (int64_t x = 0; x < from.w; x++)
                row[x] = ost_px_ramp(row[x], low, to_low, gain, least, most);
            ost_row_put(&to, y, c, row);
        }
    ost_free(row);
    return OST_OK;
}
