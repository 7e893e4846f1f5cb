/* kernels/cpu/rescale.c - linear change of levels and conversion of types */
#include "kernels/cpu/pixel_loops.h"
#include "kernels/image.h"

#include <math.h>

#include "base/banned.h"

ost_rc ost_cpu_rescale(const ost_tensor *image, double scale, double offset,
                       ost_tensor *rescaled, ost_err *err)
{
    const ost_px_args_line line = { (float)scale, (float)offset };
    ost_image in, out;
    ost_rc rc;

    rc = ost_image_of(image, "image", &in, err);
    if (!rc)
        rc = ost_image_of(rescaled, "rescaled image", &out, err);
    if (rc)
        return rc;
    if (in.h != out.h || in.w != out.w || in.c != out.c)
        return ost_fail(err, OST_EINPUT, "rescale: sizes differ");
    if (!isfinite(line.scale) || !isfinite(line.offset))
        return ost_fail(err, OST_EINPUT,
                        "rescale: scale or offset is not finite");
    return ost_each_pixel(&in, &out, "line", &line, err);
}
