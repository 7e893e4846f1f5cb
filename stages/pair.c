/* stages/pair.c - several fields of an item as one picture
 *
 * `side` puts them next to each other, left to right; `channels` on top of
 * each other, as the channels of one image; `frames` one after the other, as
 * a series (T, H, W).  All have the same type, height and width; side by side,
 * gray fields beside colored ones become colored.  For `channels` and `frames`
 * a series counts as many channels as it has frames, and an image as many
 * frames as it has channels, so that one becomes the other.  A field may be
 * named more than once.  The fields that were joined are dropped unless `keep`
 * is set.
 */
#include "kernels/image.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

enum { LAYOUT_SIDE, LAYOUT_CHANNELS, LAYOUT_FRAMES, MAX_FIELDS = 16 };

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
    OST_PARAM(pair_params, layout, CHOICE,
              "next to each other, as channels, or as the frames of a series "
              "('to' is \"frames\" then)",
              .dflt = "\"side\"", .choices = "side|channels|frames"),
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

/* A series (T, H, W) seen as an image (H, W, T). */
static ost_tensor as_channels(const ost_tensor *t)
{
    ost_tensor view = *t;

    for (int d = 0; d < 3; d++) {
        view.shape[d] = t->shape[(d + 1) % 3];
        view.stride[d] = t->stride[(d + 1) % 3];
    }
    return view;
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

        if (!rc && ost_plane_is_stack(kind) && p->layout == LAYOUT_SIDE)
            rc = ost_fail(err, OST_EINPUT,
                          "frames cannot be paired side by side ('montage' "
                          "puts them next to each other)");
        if (rc)
            return rc;
        if (ost_plane_is_stack(kind))
            t[i] = as_channels(&t[i]);
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

/* How many channels the joined picture has. */
static ost_rc count_channels(const pair_params *p, const ost_tensor *t,
                             int64_t *channels, ost_err *err)
{
    int64_t most = 1, sum = 0;

    for (size_t i = 0; i < p->fields.n; i++) {
        int64_t c = channels_of(&t[i]);

        if (c != 1 && most != 1 && c != most && p->layout == LAYOUT_SIDE)
            return ost_fail(err, OST_EINPUT,
                            "fields of %lld and %lld channels do not fit side "
                            "by side",
                            (long long)most, (long long)c);
        most = c > most ? c : most;
        sum += c;
    }
    *channels = p->layout == LAYOUT_SIDE ? most : sum;
    return OST_OK;
}

/* The new field, zeroed, seen as (H, W, channels). */
static ost_rc new_picture(ost_stage_ctx *ctx, ost_item *out,
                          const ost_tensor *first, int64_t channels,
                          ost_tensor *to, ost_err *err)
{
    const pair_params *p = ost_ctx_params(ctx);
    bool frames = p->layout == LAYOUT_FRAMES;
    int64_t height = first->shape[0], width = first->shape[1];
    int64_t image[] = { height, width, channels };
    int64_t stack[] = { channels, height, width };
    ost_field made = { .name = p->to,
                       .dtype = first->dtype,
                       .ndim = frames || channels > 1 ? 3 : 2 };
    ost_rc rc;

    if (p->layout == LAYOUT_SIDE)
        image[1] *= (int64_t)p->fields.n;
    rc = ost_plane_check_name(frames ? OST_PLANE_FRAMES : OST_PLANE_IMAGE,
                              &made, err);
    if (!rc)
        rc = ost_new_field(ctx, out, p->to, made.dtype, made.ndim,
                           frames ? stack : image, to, err);
    if (!rc && frames)
        *to = as_channels(to);
    return rc;
}

static ost_rc join(ost_stage_ctx *ctx, ost_item *out, const ost_tensor *t,
                   ost_err *err)
{
    const pair_params *p = ost_ctx_params(ctx);
    int64_t width = t[0].shape[1], channels = 0, at = 0;
    ost_tensor to;
    ost_rc rc;

    rc = count_channels(p, t, &channels, err);
    if (!rc)
        rc = new_picture(ctx, out, &t[0], channels, &to, err);
    for (size_t i = 0; i < p->fields.n && !rc; i++) {
        int64_t c = channels_of(&t[i]), column = (int64_t)i * width;

        if (p->layout == LAYOUT_SIDE)
            rc =
                copy_part(&t[i], part_of(&to, column, width, 0, channels), err);
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
    .summary = "Joins fields side by side, as channels or as a series.",
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
