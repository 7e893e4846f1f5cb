/* kernels/cpu/rescale.c - linear change of levels and conversion of types */
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/pixel_loops.h"
#include "kernels/image.h"

#include <math.h>

#include "base/banned.h"

ost_rc ost_rescale_check(const ost_tensor *image, double scale, double offset,
                         const ost_tensor *rescaled, ost_pixel_work *work,
                         ost_err *err)
{
    const ost_px_args_line line = { (float)scale, (float)offset };
    ost_image *in = &work->in, *out = &work->out;
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(rescaled, "rescaled image", out, err);
    if (rc)
        return rc;
    if (in->h != out->h || in->w != out->w || in->c != out->c)
        return ost_fail(err, OST_EINPUT, "rescale: sizes differ");
    if (!isfinite(line.scale) || !isfinite(line.offset))
        return ost_fail(err, OST_EINPUT,
                        "rescale: scale or offset is not finite");
    work->args.line = line;
    return OST_OK;
}

ost_rc ost_cpu_rescale(const ost_tensor *image, double scale, double offset,
                       ost_tensor *rescaled, ost_err *err)
{
    ost_pixel_work work;
    ost_rc rc = ost_rescale_check(image, scale, offset, rescaled, &work, err);

    return rc ? rc
              : ost_each_pixel(&work.in, &work.out, "line", &work.args.line,
                               err);
}
