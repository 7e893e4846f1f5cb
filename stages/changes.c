/* stages/changes.c - pictures moved and toned at random */
#include "stages/changes.h"

#include "stages/params.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

typedef struct change_params {
    ost_change_ranges ranges;
} change_params;

static const ost_param rows[] = {
    OST_CHANGE_PARAMS(change_params, ranges),
    OST_END,
};

ost_rc ost_change_ranges_read(const char *name, const json_t *with,
                              ost_change_ranges *ranges, ost_err *err)
{
    /* A table of params reads what a table of params describes. */
    const ost_stage table = { .name = name,
                              .param_size = sizeof(change_params),
                              .params = rows };
    ost_param_faults faults = { 0 };
    ost_arena arena = { 0 };
    json_t *full = NULL;
    const void *filled;
    ost_rc rc = OST_OK;

    ost_params_check(&table, with, &faults);
    if (faults.len > 0)
        rc =
            ost_fail(err, OST_EWORKFLOW, "'%s': %s", name, faults.data[0].text);
    if (!rc)
        rc = ost_params_complete(&table, with, NULL, NULL, &full, err);
    if (!rc)
        rc = ost_params_fill(&table, full, &arena, &filled, err);
    if (!rc)
        *ranges = ((const change_params *)filled)->ranges;
    json_decref(full);
    ost_arena_release(&arena);
    ost_vec_release(&faults);
    return rc;
}

bool ost_change_ranges_tone(const ost_change_ranges *ranges)
{
    return ranges->brightness > 0.0 || ranges->contrast > 0.0;
}

bool ost_change_ranges_any(const ost_change_ranges *ranges)
{
    return ranges->rotate > 0.0 || ranges->translate > 0.0 ||
           ranges->scale > 0.0 || ranges->flip_h > 0.0 ||
           ranges->flip_v > 0.0 || ost_change_ranges_tone(ranges);
}

static double around(ost_rng *r, double middle, double reach)
{
    return middle + ost_rng_range(r, -1.0, 1.0) * reach;
}

ost_change ost_change_draw(const ost_change_ranges *ranges, ost_rng *r)
{
    ost_change c = { .ranges = ranges };

    c.motion.rotate = around(r, 0.0, ranges->rotate);
    c.motion.shift_x = around(r, 0.0, ranges->translate);
    c.motion.shift_y = around(r, 0.0, ranges->translate);
    c.motion.scale = around(r, 1.0, ranges->scale);
    c.motion.flip_x = ost_rng_f64(r) < ranges->flip_h;
    c.motion.flip_y = ost_rng_f64(r) < ranges->flip_v;
    c.brightness = around(r, 0.0, ranges->brightness);
    c.contrast = around(r, 1.0, ranges->contrast);
    return c;
}

ost_affine ost_change_map(const ost_change *c, int64_t height, int64_t width)
{
    ost_motion m = c->motion;

    m.shift_x *= (double)width;
    m.shift_y *= (double)height;
    return ost_affine_of(&m, height, width);
}

/* In place: what is warped already may be changed pixel by pixel. */
static ost_rc tone_plane(const ost_change *c, ost_tensor *t, ost_err *err)
{
    double range = t->dtype == OST_U8    ? 255.0
                   : t->dtype == OST_U16 ? 65535.0
                                         : 1.0;
    ost_levels levels;
    ost_rc rc = ost_cpu_levels(t, &levels, err);

    if (rc)
        return rc;
    return ost_cpu_rescale(
        t, c->contrast,
        levels.mean * (1.0 - c->contrast) + c->brightness * range, t, err);
}

ost_rc ost_change_plane(const ost_change *c, unsigned flags,
                        const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    bool mask = flags & OST_CHANGE_MASK;
    ost_warp_spec spec = { .map = ost_change_map(c, in->shape[0], in->shape[1]),
                           .nearest = mask,
                           .border = OST_BORDER_CONSTANT };
    ost_rc rc;

    if (!mask && c->ranges->border == 1)
        spec.border = OST_BORDER_EDGE;
    if (!mask)
        spec.fill = (float)c->ranges->fill;
    if (in->shape[0] == 0 || in->shape[1] == 0)
        return OST_OK;
    rc = ost_cpu_warp(in, &spec, out, err);
    if (!rc && (flags & OST_CHANGE_TONE))
        rc = tone_plane(c, out, err);
    return rc;
}

ost_rc ost_change_picture(const ost_change *c, unsigned flags,
                          const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    ost_rc rc = OST_OK;

    if (!(flags & OST_CHANGE_FRAMES))
        return ost_change_plane(c, flags, in, out, err);
    for (int64_t i = 0; i < in->shape[0] && !rc; i++) {
        ost_tensor from = ost_plane_frame(in, i);
        ost_tensor to = ost_plane_frame(out, i);

        rc = ost_change_plane(c, flags, &from, &to, err);
    }
    return rc;
}
