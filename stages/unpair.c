/* stages/unpair.c - one picture as the several that it was made of
 *
 * The reverse of `pair`: a picture of parts side by side, or on top of each
 * other as channels, becomes one field for each part.  Side by side, each part
 * is a view of the picture, of which no pixel is copied.  `counts` says how
 * many channels each field takes; by default all take the same number.  The
 * picture is dropped unless `keep` is set or a part takes its name.
 */
#include "kernels/image.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

enum { LAYOUT_SIDE, LAYOUT_CHANNELS, MAX_FIELDS = 16 };

typedef struct unpair_params {
    ost_str_list fields;
    int layout;
    ost_i64_list counts;
    const char *field;
    bool keep;
} unpair_params;

static const ost_param params[] = {
    OST_PARAM(unpair_params, fields, STR_LIST, "names of the parts, in order",
              .dflt = "[\"contour\", \"image\"]", .min_len = 1,
              .max_len = MAX_FIELDS),
    OST_PARAM(unpair_params, layout, CHOICE,
              "parts next to each other, or channels", .dflt = "\"side\"",
              .choices = "side|channels"),
    OST_PARAM(unpair_params, counts, I64_LIST,
              "channels of each part; unset: all the same", .dflt = "null",
              .min = 1, .max = 65536, .max_len = MAX_FIELDS),
    OST_PARAM(unpair_params, field, STR, "picture that is taken apart",
              .dflt = "\"image\""),
    OST_PARAM(unpair_params, keep, BOOL, "keep it too", .dflt = "false"),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const unpair_params *p = with;

    for (size_t i = 0; i < p->fields.n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(p->fields.v[i], p->fields.v[k]) == 0)
                return ost_fail(err, OST_EWORKFLOW, "'fields' names '%s' twice",
                                p->fields.v[i]);
    if (p->counts.n != 0 && p->layout != LAYOUT_CHANNELS)
        return ost_fail(err, OST_EWORKFLOW,
                        "'counts' goes with \"layout\": \"channels\" alone");
    if (p->counts.n != 0 && p->counts.n != p->fields.n)
        return ost_fail(err, OST_EWORKFLOW,
                        "'counts' has %zu numbers for %zu fields", p->counts.n,
                        p->fields.n);
    return OST_OK;
}

static ost_rc part_side(ost_stage_ctx *ctx, const ost_field *from,
                        ost_item *out, ost_err *err)
{
    const unpair_params *p = ost_ctx_params(ctx);
    ost_plane_kind kind = ost_plane_kind_of(from);
    int64_t n = (int64_t)p->fields.n;
    int64_t h = ost_plane_height(kind, from->shape);
    int64_t w = ost_plane_width(kind, from->shape);

    if (w % n != 0)
        return ost_fail(err, OST_EINPUT,
                        "%lld columns are not %lld parts of the same width",
                        (long long)w, (long long)n);
    for (int64_t i = 0; i < n; i++) {
        ost_field part = ost_plane_view(from, 0, i * (w / n), h, w / n);
        ost_rc rc;

        part.name = p->fields.v[i];
        rc = ost_plane_check_name(kind, &part, err);
        if (rc)
            return rc;
        ost_item_set_field(ost_ctx_arena(ctx), out, &part);
    }
    return OST_OK;
}

/* Channels `first` .. `first` + count - 1, one of them as (H, W). */
static ost_tensor channels_of(const ost_tensor *t, int64_t first, int64_t count)
{
    ost_tensor part = *t;
    int64_t skip = t->ndim == 3 ? first * t->stride[2] : 0;

    part.data =
        (unsigned char *)t->data + skip * (int64_t)ost_dtype_size(t->dtype);
    part.ndim = count == 1 ? 2 : 3;
    part.shape[2] = count;
    return part;
}

static ost_rc part_channels(ost_stage_ctx *ctx, const ost_tensor *t,
                            ost_item *out, ost_err *err)
{
    const unpair_params *p = ost_ctx_params(ctx);
    int64_t c = t->ndim == 3 ? t->shape[2] : 1, n = (int64_t)p->fields.n;
    int64_t sum = 0, at = 0;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < p->counts.n; i++)
        sum += p->counts.v[i];
    if (p->counts.n ? sum != c : c % n != 0)
        return ost_fail(
            err, OST_EINPUT, "%lld channels do not make %lld parts%s",
            (long long)c, (long long)n,
            p->counts.n ? " of 'counts' channels" : " of the same number");
    for (int64_t i = 0; i < n && !rc; i++) {
        int64_t count = p->counts.n ? p->counts.v[i] : c / n;
        ost_tensor from = channels_of(t, at, count), to;
        ost_field part = { .name = p->fields.v[i],
                           .dtype = t->dtype,
                           .ndim = from.ndim };

        rc = ost_plane_check_name(OST_PLANE_IMAGE, &part, err);
        if (!rc)
            rc = ost_new_field(ctx, out, p->fields.v[i], t->dtype, from.ndim,
                               from.shape, &to, err);
        if (!rc)
            rc = ost_cpu_copy(&from, &to, err);
        at += count;
    }
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const unpair_params *p = ost_ctx_params(ctx);
    ost_item *out = ost_derive(ctx, in, -1);
    ost_plane_kind kind;
    ost_tensor t;
    ost_rc rc;

    rc = ost_open_plane(ctx, in, p->field, &kind, &t, err);
    if (!rc && ost_plane_is_stack(kind) && p->layout == LAYOUT_CHANNELS)
        rc = ost_fail(err, OST_EINPUT, "field '%s' holds frames, not channels",
                      p->field);
    if (rc)
        return rc;
    if (!p->keep)
        ost_item_remove_field(ost_ctx_arena(ctx), out, p->field);
    if (p->layout == LAYOUT_SIDE)
        rc = part_side(ctx, ost_item_field(in, p->field), out, err);
    else
        rc = part_channels(ctx, &t, out, err);
    if (rc) {
        ost_err_at(err, "field '%s'", p->field);
        return rc;
    }
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_unpair = {
    .name = "unpair",
    .version = 1, /* bump when any output byte can change */
    .summary = "Takes a picture of several parts apart again.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(unpair_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "items with a joined picture", false, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "items with its parts", false, false }),
    .reads = "@field",
    .check = check,
    .map = map,
};
