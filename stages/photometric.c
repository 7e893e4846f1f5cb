/* stages/photometric.c - each image in a listed set of contrasts and tones
 *
 * A variant (a, b) makes of a gray level v
 *     a (v - 128) + 128 + b
 * rounded and cut off at 0 and 255.  In other types levels are counted in 255
 * steps of their range: u16 from 0 to 65535, f32 from 0 to 1, or `range`.  Each
 * item gives one item for each variant; masks, boxes and all else are carried
 * along.  The attributes photometric.variant, photometric.contrast (a) and
 * photometric.brightness (b) say which it is; with `identity` the unchanged
 * item is variant 0.
 */
#include "kernels/backend.h"
#include "kernels/tone.h"
#include "stages/planes.h"

#include "base/banned.h"

enum { MAX_VARIANTS = 1000 };

typedef struct photometric_params {
    const json_t *variants;
    bool identity;
    ost_f64_list range;
    ost_str_list fields;
} photometric_params;

static const ost_param params[] = {
    OST_PARAM(photometric_params, variants, JSON,
              "pairs of contrast (1 changes nothing) and brightness (in 255ths "
              "of the range)",
              .dflt = "[[0.9, 0], [1.1, 0], [1, -20], [1, 20], [0.9, -20], "
                      "[1.1, 20]]"),
    OST_PARAM(photometric_params, identity, BOOL,
              "emit the item as it is too, as variant 0", .dflt = "true"),
    OST_PARAM(photometric_params, range, F64_LIST,
              "black and white; unset: 0 and 255, 65535 or 1", .dflt = "null",
              .min = -1e9, .max = 1e9, .max_len = 2),
    OST_PARAM(photometric_params, fields, STR_LIST,
              "pictures that change, where an item has them",
              .dflt = "[\"image\", \"frames\"]", .min_len = 1, .max_len = 64),
    OST_END,
};

static bool is_variant(const json_t *v)
{
    return json_is_array(v) && json_array_size(v) == 2 &&
           json_is_number(json_array_get(v, 0)) &&
           json_is_number(json_array_get(v, 1)) &&
           fabs(json_number_value(json_array_get(v, 0))) <= 1e6 &&
           fabs(json_number_value(json_array_get(v, 1))) <= 1e6;
}

static ost_rc check(const void *with, ost_err *err)
{
    const photometric_params *p = with;
    size_t n = json_array_size(p->variants);

    if (!json_is_array(p->variants) || n > MAX_VARIANTS || n + p->identity == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "'variants' is not a list of up to %d pairs",
                        MAX_VARIANTS);
    for (size_t i = 0; i < n; i++)
        if (!is_variant(json_array_get(p->variants, i)))
            return ost_fail(err, OST_EWORKFLOW,
                            "'variants' element %zu is not a contrast and a "
                            "brightness ([1.1, -20])",
                            i);
    if (p->range.n == 1 || (p->range.n == 2 && p->range.v[0] >= p->range.v[1]))
        return ost_fail(err, OST_EWORKFLOW,
                        "'range' needs two numbers in ascending order");
    return OST_OK;
}

typedef struct variant {
    const photometric_params *p;
    double contrast;
    double brightness;
    const ost_backend *images;
} variant;

static ost_rc tone_plane(void *user, ost_plane_kind kind, const ost_tensor *in,
                         ost_tensor *out, ost_err *err)
{
    const variant *v = user;
    double full = in->dtype == OST_U8    ? 255.0
                  : in->dtype == OST_U16 ? 65535
                                         : 1;
    double black = v->p->range.n ? v->p->range.v[0] : 0.0;
    double white = v->p->range.n ? v->p->range.v[1] : full;
    double level = (white - black) / 255.0;
    ost_ramp_spec ramp = {
        .low = black + 128.0 * level,
        .to_low = black + (128.0 + v->brightness) * level,
        .gain = v->contrast,
        .least = black,
        .most = white,
    };

    (void)kind;
    return v->images->ramp(in, &ramp, out, err);
}

static ost_rc tone_fields(ost_stage_ctx *ctx, const ost_item *in, variant *v,
                          ost_item *out, ost_err *err)
{
    const photometric_params *p = v->p;
    bool found = false;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < p->fields.n && !rc; i++) {
        const ost_field *f = ost_item_field(in, p->fields.v[i]);
        ost_plane_map m = { .body = tone_plane, .user = v };

        if (!f)
            continue;
        found = true;
        rc = ost_map_planes(ctx, in, f->name, &m, out, err);
    }
    if (!found)
        rc = ost_fail(err, OST_EINPUT, "there is none of the 'fields'");
    return rc;
}

static ost_rc emit_variant(ost_stage_ctx *ctx, const ost_item *in,
                           size_t number, variant *v, ost_err *err)
{
    ost_item *out = ost_derive(ctx, in, (int64_t)number);
    ost_arena *arena = ost_ctx_arena(ctx);
    bool same = v->contrast == 1.0 && v->brightness == 0.0 && number == 0;
    ost_rc rc = OST_OK;

    if (!same)
        rc = tone_fields(ctx, in, v, out, err);
    if (rc)
        return rc;
    ost_item_set_number(arena, out, "photometric.variant", (double)number);
    ost_item_set_number(arena, out, "photometric.contrast", v->contrast);
    ost_item_set_number(arena, out, "photometric.brightness", v->brightness);
    rc = ost_emit(ctx, "out", out, err);
    return rc ? rc : ost_spill(ctx, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const photometric_params *p = ost_ctx_params(ctx);
    variant v = { p, 1.0, 0.0, ost_ctx_images(ctx) };
    ost_rc rc = OST_OK;

    if (p->identity)
        rc = emit_variant(ctx, in, 0, &v, err);
    for (size_t i = 0; i < json_array_size(p->variants) && !rc; i++) {
        const json_t *pair = json_array_get(p->variants, i);

        v.contrast = json_number_value(json_array_get(pair, 0));
        v.brightness = json_number_value(json_array_get(pair, 1));
        rc = emit_variant(ctx, in, i + 1, &v, err);
    }
    return rc;
}

const ost_stage ost_stage_photometric = {
    .name = "photometric",
    .version = 1, /* bump when any output byte can change */
    .summary = "Gives each image in several contrasts and brightnesses.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(photometric_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "an item for each variant", false, false }),
    .reads = "@fields",
    .check = check,
    .map = map,
};
