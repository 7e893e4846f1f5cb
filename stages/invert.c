/* stages/invert.c - dark becomes bright
 *
 * Each value v becomes `about` - v: the largest value that the type can hold
 * (1 in f32), the largest one of the picture itself, or a given number.
 * Integers stop at the ends of their type.  `about` the full range undoes
 * itself.
 */
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/image.h"
#include "kernels/tone.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

typedef struct invert_params {
    const json_t *about;
    const char *field;
    const char *to;
} invert_params;

static const ost_param params[] = {
    OST_PARAM(invert_params, about, JSON,
              "what 0 becomes: \"full\" (255, 65535 or 1), \"max\" of the "
              "picture, or a number",
              .dflt = "\"full\""),
    OST_PARAM(invert_params, field, STR, "field that is read",
              .dflt = "\"image\""),
    OST_PARAM(invert_params, to, STR, "field that is written; unset: the same",
              .dflt = "null"),
    OST_END,
};

static bool is_word(const json_t *v, const char *word)
{
    return json_is_string(v) && strcmp(json_string_value(v), word) == 0;
}

static ost_rc check(const void *with, ost_err *err)
{
    const invert_params *p = with;

    if (json_is_number(p->about) || is_word(p->about, "full") ||
        is_word(p->about, "max"))
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "'about' is neither \"full\" nor \"max\" nor a number");
}

static ost_rc find_level(const invert_params *p, const ost_backend *images,
                         const ost_tensor *t, double *level, ost_err *err)
{
    ost_levels levels;
    ost_rc rc;

    *level = json_number_value(p->about);
    if (is_word(p->about, "full"))
        *level = t->dtype == OST_U8 ? 255.0 : t->dtype == OST_U16 ? 65535.0 : 1;
    if (!is_word(p->about, "max"))
        return OST_OK;
    rc = images->levels(t, &levels, err);
    *level = levels.max;
    return rc;
}

typedef struct inverting {
    const ost_backend *images;
    ost_ramp_spec ramp;
} inverting;

static ost_rc invert_plane(void *user, ost_plane_kind kind,
                           const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    const inverting *v = user;

    (void)kind;
    return v->images->ramp(in, &v->ramp, out, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const invert_params *p = ost_ctx_params(ctx);
    inverting v = { .images = ost_ctx_images(ctx),
                    .ramp = { .gain = -1.0,
                              .least = -(double)INFINITY,
                              .most = (double)INFINITY } };
    ost_plane_map m = { .to = p->to, .body = invert_plane, .user = &v };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_plane_kind kind;
    ost_tensor t;
    ost_rc rc;

    rc = ost_open_plane(ctx, in, p->field, &kind, &t, err);
    if (!rc)
        rc = find_level(p, v.images, &t, &v.ramp.to_low, err);
    if (!rc)
        rc = ost_map_planes(ctx, in, p->field, &m, out, err);
    if (rc)
        return rc;
    ost_plane_upright(ctx, out, p->field, p->to ? p->to : p->field);
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_invert = {
    .name = "invert",
    .version = 2, /* bump when any output byte can change */
    .summary = "Makes dark bright and bright dark.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(invert_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "the images, inverted", false, false }),
    .reads = "@field attr:photometric",
    .check = check,
    .map = map,
};
