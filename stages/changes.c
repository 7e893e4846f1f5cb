/* stages/changes.c - pictures moved and toned at random */
#include "stages/changes.h"

#include "base/alloc.h"
#include "kernels/backend.h"
#include "kernels/exact.h"
#include "kernels/remap.h"
#include "kernels/tone.h"
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
    return ranges->brightness > 0.0 || ranges->contrast > 0.0 ||
           ranges->gamma > 0.0 || ranges->noise > 0.0;
}

bool ost_change_ranges_any(const ost_change_ranges *ranges)
{
    return ranges->rotate > 0.0 || ranges->translate > 0.0 ||
           ranges->translate_share > 0.0 || ranges->scale > 0.0 ||
           ranges->shear > 0.0 || ranges->flip_h > 0.0 ||
           ranges->flip_v > 0.0 || ranges->elastic > 0.0 ||
           ost_change_ranges_tone(ranges);
}

static double around(ost_rng *r, double middle, double reach)
{
    return middle + ost_rng_range(r, -1.0, 1.0) * reach;
}

/* 1 / (1 + reach) to 1 + reach, as often below 1 as above. */
static double exponent(ost_rng *r, double reach)
{
    double t = ost_rng_range(r, -1.0, 1.0) * reach;

    return t < 0.0 ? 1.0 / (1.0 - t) : 1.0 + t;
}

ost_change ost_change_draw(const ost_change_ranges *ranges, ost_rng *r)
{
    ost_change c = { .ranges = ranges };

    c.motion.rotate = around(r, 0.0, ranges->rotate);
    c.shift_x = around(r, 0.0, 1.0);
    c.shift_y = around(r, 0.0, 1.0);
    c.motion.scale = around(r, 1.0, ranges->scale);
    c.motion.flip_x = ost_rng_f64(r) < ranges->flip_h;
    c.motion.flip_y = ost_rng_f64(r) < ranges->flip_v;
    c.brightness = around(r, 0.0, ranges->brightness);
    c.contrast = around(r, 1.0, ranges->contrast);
    c.shear = around(r, 0.0, ranges->shear);
    c.gamma = exponent(r, ranges->gamma);
    c.noise = ost_rng_f64(r) * ranges->noise;
    c.noise_seed = ost_rng_u32(r);
    c.elastic.alpha = ranges->elastic;
    c.elastic.sigma = ranges->elastic_sigma;
    c.elastic.seed = ost_rng_u32(r);
    return c;
}

ost_change ost_change_mirror(const ost_change *c)
{
    ost_change m = *c;

    m.motion.rotate = -c->motion.rotate;
    m.shift_x = -c->shift_x;
    m.shear = -c->shear;
    m.elastic.mirror = !c->elastic.mirror;
    m.noise_seed = ~c->noise_seed;
    return m;
}

ost_change ost_change_of_frame(const ost_change *c, uint64_t frame)
{
    ost_change one = *c;

    one.noise_seed += (uint32_t)frame * 0x9E3779B9u;
    return one;
}

void ost_change_shift(const ost_change *c, int64_t height, int64_t width,
                      double shift[2])
{
    const ost_change_ranges *r = c->ranges;

    shift[0] = c->shift_x * (r->translate + r->translate_share * (double)width);
    shift[1] =
        c->shift_y * (r->translate + r->translate_share * (double)height);
}

ost_affine ost_change_map(const ost_change *c, int64_t height, int64_t width)
{
    double center_y = ((double)height - 1.0) / 2.0;
    double shift[2], sine, cosine, lean;
    ost_motion m = c->motion;
    ost_affine a;

    ost_change_shift(c, height, width, shift);
    m.shift_x = shift[0];
    m.shift_y = shift[1];
    a = ost_affine_of(&m, height, width);
    if (c->shear == 0.0)
        return a;
    /* The picture is sheared before anything else, so the map ends with it:
     * what is above the center leans to the right. */
    ost_exact_sincos(c->shear, &sine, &cosine);
    lean = sine / cosine;
    a.m[0] += lean * a.m[3];
    a.m[1] += lean * a.m[4];
    a.m[2] += lean * (a.m[5] - center_y);
    return a;
}

/* ---- values ---- */

static const ost_backend *images_of(const ost_change *c)
{
    return c->images ? c->images : ost_backend_images();
}

static ost_rc bend(const ost_change *c, ost_tensor *t, ost_err *err)
{
    ost_gamma_spec spec = { .exponent = c->gamma };
    ost_levels levels;
    ost_rc rc = images_of(c)->levels(t, &levels, err);

    if (rc || levels.count == 0)
        return rc;
    spec.low = levels.min;
    spec.high = levels.max;
    return images_of(c)->gamma(t, &spec, t, err);
}

/* In place: what is warped already may be changed pixel by pixel. */
static ost_rc tone_plane(const ost_change *c, ost_tensor *t, ost_err *err)
{
    double range = t->dtype == OST_U8    ? 255.0
                   : t->dtype == OST_U16 ? 65535.0
                                         : 1.0;
    const ost_change_ranges *r = c->ranges;
    ost_levels levels;
    ost_rc rc = OST_OK;

    if (r->gamma > 0.0)
        rc = bend(c, t, err);
    if (!rc && (r->brightness > 0.0 || r->contrast > 0.0))
        rc = images_of(c)->levels(t, &levels, err);
    if (!rc && (r->brightness > 0.0 || r->contrast > 0.0))
        rc = images_of(c)->rescale(
            t, c->contrast,
            levels.mean * (1.0 - c->contrast) + c->brightness * range, t, err);
    if (!rc && r->noise > 0.0)
        rc = images_of(c)->noise(t, c->noise * range, c->noise_seed, t, err);
    return rc;
}

/* ---- places ---- */

static ost_rc deform(const ost_change *c, const ost_warp_spec *warp,
                     const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    ost_tensor map;
    ost_remap_spec spec = { .map = &map,
                            .nearest = warp->nearest,
                            .border = warp->border,
                            .fill = warp->fill };
    ost_rc rc = ost_elastic_map(&c->elastic, &warp->map, out->shape[0],
                                out->shape[1], &map, err);

    if (!rc)
        rc = images_of(c)->remap(in, &spec, out, err);
    ost_free(map.data);
    return rc;
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
    rc = c->elastic.alpha > 0.0 ? deform(c, &spec, in, out, err)
                                : images_of(c)->warp(in, &spec, out, err);
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
        ost_change one = ost_change_of_frame(c, (uint64_t)i);

        rc = ost_change_plane(&one, flags, &from, &to, err);
    }
    return rc;
}
