/* kernels/cpu/ramp.c - gray levels along a straight line with two ends */
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/pixel_loops.h"
#include "kernels/tone.h"

#include <math.h>

#include "base/banned.h"

ost_rc ost_ramp_check(const ost_tensor *image, const ost_ramp_spec *spec,
                      const ost_tensor *out, ost_pixel_work *work, ost_err *err)
{
    const ost_px_args_ramp ramp = {
        .low = (float)spec->low,
        .to_low = (float)spec->to_low,
        .gain = (float)spec->gain,
        .least = (float)spec->least,
        .most = (float)spec->most,
    };
    ost_image *from = &work->in, *to = &work->out;
    ost_rc rc = ost_image_of(image, "image", from, err);

    if (!rc)
        rc = ost_image_of(out, "toned image", to, err);
    if (rc)
        return rc;
    if (from->h != to->h || from->w != to->w || from->c != to->c)
        return ost_fail(err, OST_EINPUT, "ramp: sizes differ");
    if (!isfinite(ramp.low) || !isfinite(ramp.to_low) || !isfinite(ramp.gain) ||
        isnan(ramp.least) || isnan(ramp.most))
        return ost_fail(err, OST_EINPUT, "ramp: a level is not finite");
    work->args.ramp = ramp;
    return OST_OK;
}

ost_rc ost_cpu_ramp(const ost_tensor *image, const ost_ramp_spec *spec,
                    ost_tensor *out, ost_err *err)
{
    ost_pixel_work work;
    ost_rc rc = ost_ramp_check(image, spec, out, &work, err);

    return rc ? rc
              : ost_each_pixel(&work.in, &work.out, "ramp", &work.args.ramp,
                               err);
}
