/* stages/pair.c - several fields of an item as one picture
 *
 * `side` puts them next to each other, left to right; `channels` on top of
 * each other, as the channels of one image.  All have the same type, height
 * and width; side by side, gray fields beside colored ones become colored.
 * The fields that were joined are dropped unless `keep` is set.
 */
#include "kernels/image.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

enum { LAYOUT_SIDE, LAYOUT_CHANNELS, MAX_FIELDS = 16 };

typedef struct pair_params {
    ost_str_list fields;
    int layout;
    const char *to;
    bool keep;
} pair_params;

static const ost_param params[] = {
    OST_PARAM(pair_params, fields, STR_LIST, "fields that are joined, in order",
              .dflt = "[\"contour\", \"image\"]", .min_len = 1,
              .max_len = MAX_FIELDS),
    OST_PARAM(pair_params, layout, CHOICE, "next to each other, or as channels",
              .dflt = "\"side\"", .choices = "side|channels"),
    OST_PARAM(pair_params, to, STR, "field that is written",
              .dflt = "\"image\""),
    OST_PARAM(pair_params, keep, BOOL, "keep the fields that were joined",
              .dflt = "false"),
    OST_END,
};

static int64_t channels_of(const ost_tensor *t)
{
    return t->ndim == 3 ? t->shape[2] : 1;
}

/* Opens the fields and checks that they fit together. */
static ost_rc open_fields(ost_stage_ctx *ctx, const ost_item *in, ost_tensor *t,
                          ost_err *err)
{
    const pair_params *p = ost_ctx_params(ctx);

    for (size_t i = 0; i < p->fields.n; i++) {
        const char *name = p->fields.v[i];
        ost_plane_kind kind;
        ost_rc rc = ost_open_plane(ctx, in, name, &kind, &t[i], err);

        if (!rc && ost_plane_is_stack(kind))
            rc = ost_fail(err, OST_EINPUT, "frames cannot be paired");
        if (rc)
            return rc;
        if (t[i].shape[0] != t[0].shape[0] || t[i].shape[1] != t[0].shape[1])
            return ost_fail(err, OST_EINPUT,
                            "field '%s' is %lld x %lld and '%s' is "
                            "%lld x %lld",
                            name, (long long)t[i].shape[0],
                            (long long)t[i].shape[1], p->fields.v[0],
                            (long long)t[0].shape[0], (long long)t[0].shape[1]);
        if (t[i].dtype != t[0].dtype)
            return ost_fail(err, OST_EINPUT, "field '%s' is %s and '%s' is %s",
                            name, ost_dtype_name(t[i].dtype), p->fields.v[0],
                            ost_dtype_name(t[0].dtype));
    }
    return OST_OK;
}

/* `count` channels of `t` from the `first` on, as (H, W, count). */
static ost_tensor part_of(const ost_tensor *t, int64_t first_column,
                          int64_t columns, int64_t first_channel,
                          int64_t channels)
{
    int64_t step = t->ndim == 3 ? t->stride[2] : 0;
    int64_t skip = first_column * t->stride[1] + first_channel * step;
    ost_tensor part = *t;

    part.ndim = 3;
    part.shape[1] = columns;
    part.shape[2] = channels;
    part.stride[2] = step;
    part.data =
        (unsigned char *)t->data + skip * (int64_t)ost_dtype_size(t->dtype);
    return part;
}

/* A gray field fills all channels of its part: its stride over them is 0. */
static ost_rc copy_part(const ost_tensor *from, ost_tensor part, ost_err *err)
{
    ost_tensor src = part_of(from, 0, from->shape[1], 0, part.shape[2]);

    return ost_cpu_copy(&src, &part, err);
}

static ost_rc join(ost_stage_ctx *ctx, ost_item *out, const ost_tensor *t,
                   ost_err *err)
{
    const pair_params *p = ost_ctx_params(ctx);
    bool side = p->layout == LAYOUT_SIDE;
    int64_t width = t[0].shape[1], most = 1, sum = 0, at = 0;
    int64_t shape[3];
    ost_field made;
    ost_tensor to;
    ost_rc rc;

    for (size_t i = 0; i < p->fields.n; i++) {
        int64_t c = channels_of(&t[i]);

        if (c != 1 && most != 1 && c != most && side)
            return ost_fail(err, OST_EINPUT,
                            "fields of %lld and %lld channels do not fit side "
                            "by side",
                            (long long)most, (long long)c);
        most = c > most ? c : most;
        sum += c;
    }
    shape[0] = t[0].shape[0];
    shape[1] = side ? width * (int64_t)p->fields.n : width;
    shape[2] = side ? most : sum;
    made = (ost_field){ .name = p->to,
                        .dtype = t[0].dtype,
                        .ndim = shape[2] > 1 ? 3 : 2 };
    rc = ost_plane_check_name(OST_PLANE_IMAGE, &made, err);
    if (!rc)
        rc = ost_new_field(ctx, out, p->to, made.dtype, made.ndim, shape, &to,
                           err);
    for (size_t i = 0; i < p->fields.n && !rc; i++) {
        int64_t c = channels_of(&t[i]);

        if (side)
            rc = copy_part(
                &t[i], part_of(&to, (int64_t)i * width, width, 0, most), err);
        else
            rc = copy_part(&t[i], part_of(&to, 0, width, at, c), err);
        at += c;
    }
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const pair_params *p = ost_ctx_params(ctx);
    ost_item *out = ost_derive(ctx, in, -1);
    ost_tensor t[MAX_FIELDS] = { { 0 } };
    ost_rc rc;

    rc = open_fields(ctx, in, t, err);
    for (size_t i = 0; !rc && !p->keep && i < p->fields.n; i++)
        if (strcmp(p->fields.v[i], p->to) != 0)
            ost_item_remove_field(ost_ctx_arena(ctx), out, p->fields.v[i]);
    if (!rc)
        rc = join(ctx, out, t, err);
    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_pair = {
    .name = "pair",
    .version = 1, /* bump when any output byte can change */
    .summary = "Joins fields side by side or as channels.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(pair_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "items with the fields", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "items with the joined picture", false, false }),
    .reads = "@fields",
    .map = map,
};
