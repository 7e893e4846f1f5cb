/* stages/threshold.c - mark the pixels above a level
 *
 * The level is a given value (what lies at or above it is marked), Otsu's, or a
 * share of a percentile (what lies above it is marked, as OpenCV does).  The
 * mask is u8: `inside` where marked, 0 elsewhere; NaN is never marked.  With
 * `within` only pixels inside of a mask or of boxes count, and nothing outside
 * of it is marked.  The attribute `threshold` keeps the level.
 *
 * A color image has no single level: `gray` makes one channel of it.  Frames
 * each have a level of their own, and become masks (T, H, W).
 */
#include "kernels/threshold.h"

#include "base/alloc.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/image.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

enum { METHOD_FIXED, METHOD_OTSU, METHOD_PERCENTILE };

typedef struct threshold_params {
    const json_t *value;
    int method;
    double percentile;
    double share;
    bool invert;
    int64_t inside;
    const char *within;
    const char *field;
    const char *to;
} threshold_params;

static const ost_param params[] = {
    OST_PARAM(threshold_params, value, JSON,
              "smallest marked pixel value, of method 'fixed'", .dflt = "null"),
    OST_PARAM(threshold_params, method, CHOICE,
              "a given value, Otsu's level, or a share of a percentile",
              .dflt = "\"fixed\"", .choices = "fixed|otsu|percentile"),
    OST_PARAM(threshold_params, percentile, F64,
              "of the values; 100 is the largest one", .dflt = "99", .min = 0,
              .max = 100),
    OST_PARAM(threshold_params, share, F64,
              "what the percentile is multiplied by", .dflt = "1", .min = 0,
              .max = 1000),
    OST_PARAM(threshold_params, invert, BOOL, "mark what is not, instead",
              .dflt = "false"),
    OST_PARAM(threshold_params, inside, I64, "what the mask holds where marked",
              .dflt = "255", .min = 1, .max = 255),
    OST_PARAM(threshold_params, within, STR,
              "a mask, or 'boxes': only what is inside counts; unset: all",
              .dflt = "null"),
    OST_PARAM(threshold_params, field, STR, "field that is read",
              .dflt = "\"image\""),
    OST_PARAM(threshold_params, to, STR, "field that is written",
              .dflt = "\"mask\""),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const threshold_params *p = with;
    bool given = p->value && !json_is_null(p->value);

    if (p->method == METHOD_FIXED && !given)
        return ost_fail(
            err, OST_EWORKFLOW,
            "a 'value' is missing (\"method\": \"otsu\" finds one)");
    if (p->method != METHOD_FIXED && given)
        return ost_fail(err, OST_EWORKFLOW,
                        "'value' goes with \"method\": \"fixed\" alone");
    if (given && !json_is_number(p->value))
        return ost_fail(err, OST_EWORKFLOW, "'value' is not a number");
    if (p->within && strcmp(p->within, "boxes") != 0 &&
        strcmp(p->within, "mask") != 0 && !ost_starts_with(p->within, "mask."))
        return ost_fail(err, OST_EWORKFLOW,
                        "'within' (\"%s\") is neither a mask nor \"boxes\"",
                        p->within);
    return OST_OK;
}

/* ---- the region that counts ---- */

static int64_t edge(double v, int64_t n)
{
    return v > 0.0 ? v < (double)n ? (int64_t)v : n : 0;
}

static void fill_boxes(const ost_tensor *boxes, const ost_tensor *region)
{
    int64_t h = region->shape[0], w = region->shape[1];

    for (int64_t i = 0; i < boxes->shape[0]; i++) {
        const float *v = (const float *)boxes->data + i * boxes->stride[0];
        int64_t step = boxes->stride[1];
        int64_t x0 = edge(floor((double)v[0]), w);
        int64_t y0 = edge(floor((double)v[step]), h);
        int64_t x1 = edge(ceil((double)v[2 * step]), w);
        int64_t y1 = edge(ceil((double)v[3 * step]), h);

        for (int64_t y = y0; y < y1 && x0 < x1; y++)
            memset((uint8_t *)region->data + y * w + x0, 1, (size_t)(x1 - x0));
    }
}

/* Gives the region of `within` (data NULL when there is none) of an image; of
 * frames perhaps one for each. */
static ost_rc open_region(ost_stage_ctx *ctx, const ost_item *in,
                          ost_plane_kind of, const ost_tensor *image,
                          ost_tensor *region, ost_err *err)
{
    const threshold_params *p = ost_ctx_params(ctx);
    int64_t h = ost_plane_height(of, image->shape);
    int64_t w = ost_plane_width(of, image->shape);
    ost_plane_kind kind;
    ost_tensor boxes;
    ost_rc rc;

    *region = (ost_tensor){ 0 };
    if (!p->within)
        return OST_OK;
    if (strcmp(p->within, "boxes") == 0) {
        rc = ost_item_tensor(ctx, in, "boxes", &boxes, err);
        if (!rc &&
            ost_plane_kind_of(ost_item_field(in, "boxes")) != OST_PLANE_BOXES)
            rc = ost_fail(err, OST_EINPUT,
                          "field 'boxes' is not (N, 4) numbers of f32");
        if (rc)
            return rc;
        *region = ost_tensor_of(NULL, OST_U8, 2, (int64_t[]){ h, w });
        region->data =
            ost_arena_alloc(ost_ctx_arena(ctx), (size_t)h * (size_t)w + 1);
        memset(region->data, 0, (size_t)h * (size_t)w);
        fill_boxes(&boxes, region);
        return OST_OK;
    }
    rc = ost_open_plane(ctx, in, p->within, &kind, region, err);
    if (rc)
        return rc;
    if (ost_plane_height(kind, region->shape) != h ||
        ost_plane_width(kind, region->shape) != w ||
        (ost_plane_is_stack(kind) &&
         (!ost_plane_is_stack(of) || region->shape[0] != image->shape[0])))
        rc = ost_fail(err, OST_EINPUT, "field '%s' has another size than '%s'",
                      p->within, p->field);
    return rc;
}

static bool is_inside(const ost_tensor *region, int64_t y, int64_t x)
{
    int64_t at = y * region->stride[0] + x * region->stride[1];

    return region->dtype == OST_U8 ? ((const uint8_t *)region->data)[at] != 0
           : region->dtype == OST_U16
               ? ((const uint16_t *)region->data)[at] != 0
               : ((const float *)region->data)[at] != 0;
}

static void clear_outside(const ost_tensor *region, const ost_tensor *mask)
{
    for (int64_t y = 0; y < mask->shape[0]; y++)
        for (int64_t x = 0; x < mask->shape[1]; x++)
            if (!is_inside(region, y, x))
                ((uint8_t *)
                     mask->data)[y * mask->stride[0] + x * mask->stride[1]] = 0;
}

/* ---- the level ---- */

typedef struct marking {
    ost_stage_ctx *ctx;
    ost_tensor within; /* the region, or those of frames; or no data */
    int64_t frame;     /* that is next */
    ost_tensor region; /* of the plane at hand */
    double level;
} marking;

/* The percentile of what is inside: its values in one row, where NaN does not
 * count. */
static ost_rc percentile_inside(const marking *m, const ost_tensor *image,
                                double *value, ost_err *err)
{
    const threshold_params *p = ost_ctx_params(m->ctx);
    ost_tensor row = ost_tensor_of(NULL, OST_F32, image->ndim, image->shape);
    float *v;
    ost_rc rc;

    if (!m->region.data)
        return ost_ctx_images(m->ctx)->percentiles(image, &p->percentile, 1,
                                                   value, err);
    v = ost_try_alloc((size_t)ost_tensor_count(&row) + 1, sizeof(*v));
    if (!v)
        return ost_fail(err, OST_ENOMEM, "no memory for a copy");
    row.data = v;
    rc = ost_ctx_images(m->ctx)->rescale(image, 1.0, 0.0, &row, err);
    for (int64_t y = 0; y < row.shape[0]; y++)
        for (int64_t x = 0; x < row.shape[1]; x++)
            if (!is_inside(&m->region, y, x))
                v[y * row.stride[0] + x * row.stride[1]] = NAN;
    if (!rc)
        rc = ost_ctx_images(m->ctx)->percentiles(&row, &p->percentile, 1, value,
                                                 err);
    ost_free(v);
    return rc;
}

static ost_rc find_level(marking *m, const ost_tensor *image, ost_err *err)
{
    const threshold_params *p = ost_ctx_params(m->ctx);
    ost_rc rc;

    if (p->method == METHOD_FIXED) {
        m->level = json_number_value(p->value);
        return OST_OK;
    }
    if (p->method == METHOD_OTSU)
        return ost_ctx_images(m->ctx)->otsu(
            image, m->region.data ? &m->region : NULL, &m->level, err);
    rc = percentile_inside(m, image, &m->level, err);
    m->level *= p->share;
    return rc;
}

static ost_rc mark_plane(void *user, ost_plane_kind kind,
                         const ost_tensor *image, ost_tensor *mask,
                         ost_err *err)
{
    marking *m = user;
    const threshold_params *p = ost_ctx_params(m->ctx);
    ost_threshold_spec spec = {
        .above = p->method != METHOD_FIXED,
        .inside = (uint8_t)(p->invert ? 0 : p->inside),
        .outside = (uint8_t)(p->invert ? p->inside : 0),
    };
    ost_tensor plane = *image;
    ost_rc rc;

    (void)kind;
    if (plane.ndim == 3 && plane.shape[2] != 1)
        return ost_fail(err, OST_EINPUT,
                        "%lld channels have no single level ('gray' makes one "
                        "of them)",
                        (long long)plane.shape[2]);
    plane.ndim = 2;
    m->region = m->within;
    if (m->within.ndim == 3)
        m->region = ost_plane_frame(&m->within, m->frame++);
    rc = find_level(m, &plane, err);
    if (rc)
        return rc;
    spec.least = m->level;
    rc = ost_ctx_images(m->ctx)->threshold(&plane, &spec, mask, err);
    if (!rc && m->region.data)
        clear_outside(&m->region, mask);
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const threshold_params *p = ost_ctx_params(ctx);
    ost_item *out = ost_derive(ctx, in, -1);
    marking m = { .ctx = ctx };
    ost_plane_map map = { .to = p->to,
                          .dtype = OST_U8,
                          .drop_channels = true,
                          .body = mark_plane,
                          .user = &m };
    ost_plane_kind kind;
    ost_tensor t;
    ost_rc rc;

    rc = ost_open_plane(ctx, in, p->field, &kind, &t, err);
    if (!rc)
        rc = open_region(ctx, in, kind, &t, &m.within, err);
    if (!rc)
        rc = ost_map_planes(ctx, in, p->field, &map, out, err);
    if (rc)
        return rc;
    if (!ost_plane_is_stack(kind))
        ost_item_set_number(ost_ctx_arena(ctx), out, "threshold", m.level);
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_threshold = {
    .name = "threshold",
    .version = 1, /* bump when any output byte can change */
    .summary = "Marks the pixels above a level, given or found.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(threshold_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the items with a mask", false, false }),
    .reads = "@field @within",
    .check = check,
    .map = map,
};
