/* stages/frames.c - each image of a series as an item
 *
 * The inverse of `sequence`: field `field` (T, H, W) gives T items whose field
 * `to` is a view of it, so that no pixel is copied.  Items are called ID#0,
 * ID#1 and so on and have the series as parent; with `ids: parents` they get
 * the ids that they had before `sequence`, and images that it repeated are
 * there once again.
 *
 * Attributes "frame.K.NAME" become NAME of image K, all others are shared;
 * `frame` is the number of the image unless it has one.
 */
#include "stages/planes.h"
#include "stages/series.h"

#include <string.h>

#include "base/banned.h"

enum { NUMBER, PARENTS };

typedef struct {
    const char *field;
    const char *to;
    ost_str_list also;
    int ids;
} frames_params;

static const ost_param params[] = {
    OST_PARAM(frames_params, ids, CHOICE,
              "call the images by number (ID#0), or as the parents of the "
              "series, which 'sequence' names",
              .dflt = "\"number\"", .choices = "number|parents"),
    OST_PARAM(frames_params, field, STR, "field that is taken apart",
              .dflt = "\"frames\""),
    OST_PARAM(frames_params, to, STR, "field that an image becomes",
              .dflt = "\"image\""),
    OST_PARAM(frames_params, also, STR_LIST,
              "further stacks, such as mask.NAME, that keep their names",
              .dflt = "[]"),
    OST_END,
};

static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const frames_params *p = ost_ctx_params(ctx);
    const ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (rc)
        return rc;
    ost_series_note_fields(ctx, items, n, p->field, &p->also);
    for (size_t i = 0; i < n; i++)
        ost_ctx_direct(ctx, i, "");
    return OST_OK;
}

/* A series is its own bucket: what comes out is named after its parents too. */
static ost_rc bucket(ost_stage_ctx *ctx, const ost_item *in, const char **name,
                     ost_err *err)
{
    (void)ctx;
    (void)err;
    *name = in->id;
    return OST_OK;
}

static ost_rc find_stack(const ost_item *series, const char *name,
                         const ost_field **stack, ost_err *err)
{
    *stack = ost_item_field(series, name);
    if (!*stack || (*stack)->ndim != 3)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': there is no stack (T, H, W) in field '%s'",
                        series->id, name);
    return OST_OK;
}

static void take_frame(ost_stage_ctx *ctx, ost_item *out,
                       const ost_field *stack, size_t k, const char *to)
{
    ost_field view = { .name = to,
                       .dtype = stack->dtype,
                       .ndim = 2,
                       .shape = { stack->shape[1], stack->shape[2] },
                       .stride = { stack->stride[1], stack->stride[2] },
                       .blob = stack->blob };

    view.offset = stack->offset + (uint64_t)((int64_t)k * stack->stride[0]);
    ost_item_set_field(ost_ctx_arena(ctx), out, &view);
}

static ost_rc emit_frame(ost_stage_ctx *ctx, const ost_item *series, size_t k,
                         const ost_field *stack, ost_err *err)
{
    const frames_params *p = ost_ctx_params(ctx);
    size_t n = (size_t)stack->shape[0];
    const ost_field *other;
    ost_item *out;
    ost_rc rc;

    rc = ost_plane_check_name(
        OST_PLANE_IMAGE,
        &(ost_field){ .name = p->to, .dtype = stack->dtype, .ndim = 2 }, err);
    if (rc)
        return rc;
    rc = ost_series_part(ctx, series, k, n, p->ids == PARENTS, &out, err);
    if (rc || !out)
        return rc;
    take_frame(ctx, out, stack, k, p->to);
    for (size_t i = 0; i < p->also.n; i++) {
        rc = find_stack(series, p->also.v[i], &other, err);
        if (rc)
            return rc;
        if (other->shape[0] != stack->shape[0])
            return ost_fail(err, OST_EINPUT,
                            "item '%s': field '%s' has %lld images and '%s' "
                            "%lld",
                            series->id, p->also.v[i],
                            (long long)other->shape[0], p->field,
                            (long long)stack->shape[0]);
        take_frame(ctx, out, other, k, p->also.v[i]);
    }
    if (p->ids == NUMBER && !ost_item_attr(out, "frame"))
        ost_item_set_number(ost_ctx_arena(ctx), out, "frame", (double)k);
    return ost_emit(ctx, "out", out, err);
}

static ost_rc gather(ost_stage_ctx *ctx, const ost_item *const *items, size_t n,
                     ost_err *err)
{
    const frames_params *p = ost_ctx_params(ctx);
    const ost_field *stack;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        rc = find_stack(items[i], p->field, &stack, err);
        for (size_t k = 0; !rc && k < (size_t)stack->shape[0]; k++)
            rc = emit_frame(ctx, items[i], k, stack, err);
    }
    return rc;
}

const ost_stage ost_stage_frames = {
    .name = "frames",
    .version = 2, /* bump when any output byte can change */
    .summary = "Take series apart into their images.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(frames_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "series", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "an item for each image", false, false }),
    .prepare = prepare,
    .bucket = bucket,
    .gather = gather,
};
