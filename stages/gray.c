/* stages/gray.c - one channel of color images, or three of gray ones
 *
 * Of three channels (red, green, blue) the luma of ITU-R BT.601 is taken, as
 * `ingest` does it; `channel` takes one of any number instead.  With
 * "channels": 3 the gray image is repeated, for networks that want three.  A
 * gray image stays as it is.
 */
#include "kernels/backend.h"
#include "kernels/image.h"
#include "kernels/tone.h"
#include "stages/planes.h"

#include "base/banned.h"

typedef struct gray_params {
    const json_t *channel;
    int64_t channels;
    const char *field;
    const char *to;
} gray_params;

static const ost_param params[] = {
    OST_PARAM(gray_params, channel, JSON,
              "number of the channel that is taken, from 0; unset: the luma",
              .dflt = "null"),
    OST_PARAM(gray_params, channels, I64, "of the result", .dflt = "1",
              .choices = "1|3"),
    OST_PARAM(gray_params, field, STR, "field that is read",
              .dflt = "\"image\""),
    OST_PARAM(gray_params, to, STR, "field that is written; unset: the same",
              .dflt = "null"),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const gray_params *p = with;

    if (!p->channel || json_is_null(p->channel) ||
        (json_is_integer(p->channel) && json_integer_value(p->channel) >= 0))
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "'channel' is not a whole number from 0 on");
}

/* Channel `i` of (H, W, C) as (H, W). */
static ost_tensor channel_of(const ost_tensor *t, int64_t i)
{
    ost_tensor one = *t;

    one.ndim = 2;
    if (t->ndim == 3)
        one.data = (unsigned char *)t->data +
                   i * t->stride[2] * (int64_t)ost_dtype_size(t->dtype);
    return one;
}

static ost_rc take(const gray_params *p, const ost_backend *images,
                   const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    int64_t c = in->ndim == 3 ? in->shape[2] : 1, i = 0;
    ost_tensor one;

    if (json_is_integer(p->channel)) {
        i = json_integer_value(p->channel);
        if (i >= c)
            return ost_fail(err, OST_EINPUT,
                            "there is no channel %lld (the last one is %lld)",
                            (long long)i, (long long)c - 1);
    } else if (c == 3) {
        return images->gray(in, out, err);
    } else if (c != 1) {
        return ost_fail(err, OST_EINPUT,
                        "%lld channels are no colors ('channel' takes one)",
                        (long long)c);
    }
    one = channel_of(in, i);
    return ost_cpu_copy(&one, out, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const gray_params *p = ost_ctx_params(ctx);
    const char *to = p->to ? p->to : p->field;
    ost_item *out = ost_derive(ctx, in, -1);
    ost_plane_kind kind;
    ost_tensor t, gray, first;
    ost_field made;
    int64_t shape[3];
    ost_rc rc;

    rc = ost_open_plane(ctx, in, p->field, &kind, &t, err);
    if (!rc && ost_plane_is_stack(kind))
        rc = ost_fail(err, OST_EINPUT,
                      "field '%s' holds frames, which are gray", p->field);
    if (rc)
        return rc;
    shape[0] = t.shape[0];
    shape[1] = t.shape[1];
    shape[2] = p->channels;
    made = (ost_field){ .name = to,
                        .dtype = t.dtype,
                        .ndim = p->channels == 1 ? 2 : 3 };
    rc = ost_plane_check_name(kind, &made, err);
    if (!rc)
        rc = ost_new_field(ctx, out, to, t.dtype, made.ndim, shape, &gray, err);
    if (rc)
        return rc;
    first = channel_of(&gray, 0);
    rc = take(p, ost_ctx_images(ctx), &t, &first, err);
    for (int64_t i = 1; i < p->channels && !rc; i++) {
        ost_tensor other = channel_of(&gray, i);

        rc = ost_cpu_copy(&first, &other, err);
    }
    if (rc) {
        ost_err_at(err, "field '%s'", p->field);
        return rc;
    }
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_gray = {
    .name = "gray",
    .version = 1, /* bump when any output byte can change */
    .summary = "Makes color images gray, or takes one channel.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(gray_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "gray images", false, false }),
    .reads = "@field",
    .check = check,
    .map = map,
};
