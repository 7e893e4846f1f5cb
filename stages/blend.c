/* stages/blend.c - patches back into the images that they were cut from
 *
 * A patch, whatever became of it since `patches`, is brought back to the size
 * that it was cut with and blended into its source:
 *
 *     out = alpha * patch + (1 - alpha) * source
 *     alpha(i, j) = cos(|i|^n pi / 2) cos(|j|^n pi / 2)
 *
 * with i and j from -1 to 1 over its rows and columns.  alpha is 1 in the
 * middle and 0 along the border, whose pixels stay those of the source bit for
 * bit.  The item has the id, labels and attributes of the patch, and all fields
 * of the source; with `mask` one more marks where the patch lies.
 */
#include "base/alloc.h"
#include "kernels/backend.h"
#include "stages/geometry.h"

#include <string.h>

#include "base/banned.h"

typedef struct blend_params {
    int64_t n;
    const char *field;
    const char *mask;
    int by;
} blend_params;

static const ost_param params[] = {
    OST_PARAM(blend_params, n, I64,
              "exponent: larger ones keep more of the patch and change faster "
              "at its border",
              .dflt = "4", .min = 1, .max = 64),
    OST_PARAM(blend_params, field, STR, "the image", .dflt = "\"image\""),
    OST_PARAM(blend_params, mask, STR,
              "a mask that marks where the patch lies, \"mask.NAME\"",
              .dflt = "null"),
    OST_PARAM(
        blend_params, by, CHOICE,
        "how a patch finds its source: by its parent's id, by its own, or "
        "by its own up to the first '#', as a generated patch does",
        .dflt = "\"parent\"", .choices = "parent|id|root"),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const blend_params *p = with;

    if (p->mask && strcmp(p->mask, "mask") != 0 &&
        strncmp(p->mask, "mask.", 5) != 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "'mask' is \"mask\" or begins with \"mask.\"");
    return OST_OK;
}

static ost_rc read_number(const ost_item *in, const char *name, int64_t *v,
                          ost_err *err)
{
    const ost_attr *a = ost_item_attr(in, name);

    if (!a || a->kind != OST_ATTR_NUMBER || !(a->number >= 0) ||
        !(a->number <= 1e9))
        return ost_fail(err, OST_EINPUT,
                        "it has no attribute '%s': 'patches' gives it", name);
    *v = (int64_t)a->number;
    return OST_OK;
}

/* Where the patch was cut from, inside of the source. */
static ost_rc read_place(const ost_item *in, const ost_tensor *source,
                         ost_rect *r, ost_err *err)
{
    const ost_rect frame = { 0, 0, source->shape[0], source->shape[1] };
    ost_rc rc = read_number(in, "patch.y", &r->top, err);

    if (!rc)
        rc = read_number(in, "patch.x", &r->left, err);
    if (!rc)
        rc = read_number(in, "patch.height", &r->height, err);
    if (!rc)
        rc = read_number(in, "patch.width", &r->width, err);
    if (!rc && (ost_rect_is_empty(r) || !ost_rect_inside(r, &frame)))
        rc =
            ost_fail(err, OST_EINPUT,
                     "the patch (%lld x %lld from row %lld, column %lld on) is "
                     "not in its source (%lld x %lld)",
                     (long long)r->height, (long long)r->width,
                     (long long)r->top, (long long)r->left,
                     (long long)frame.height, (long long)frame.width);
    return rc;
}

static ost_tensor part_of(const ost_tensor *t, const ost_rect *r)
{
    int64_t skip = r->top * t->stride[0] + r->left * t->stride[1];
    ost_tensor part = *t;

    part.data =
        (unsigned char *)t->data + skip * (int64_t)ost_dtype_size(t->dtype);
    part.shape[0] = r->height;
    part.shape[1] = r->width;
    return part;
}

static int64_t channels_of(const ost_tensor *t)
{
    return t->ndim == 3 ? t->shape[2] : 1;
}

/* Opens both images and makes sure that they go together. */
static ost_rc open_both(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_item *source, ost_tensor *patch,
                        ost_tensor *full, ost_err *err)
{
    const blend_params *p = ost_ctx_params(ctx);
    ost_plane_kind kinds[2];
    ost_rc rc;

    rc = ost_open_plane(ctx, in, p->field, &kinds[0], patch, err);
    if (!rc)
        rc = ost_open_plane(ctx, source, p->field, &kinds[1], full, err);
    if (rc)
        return rc;
    if (kinds[0] != OST_PLANE_IMAGE || kinds[1] != OST_PLANE_IMAGE)
        return ost_fail(err, OST_EINPUT, "field '%s' is no image", p->field);
    if (patch->dtype != full->dtype || channels_of(patch) != channels_of(full))
        return ost_fail(
            err, OST_EINPUT,
            "the patch is %s of %lld channels and its source %s of "
            "%lld (a 'normalize' stage converts it)",
            ost_dtype_name(patch->dtype), (long long)channels_of(patch),
            ost_dtype_name(full->dtype), (long long)channels_of(full));
    return OST_OK;
}

static ost_rc blend(ost_stage_ctx *ctx, const ost_rect *place,
                    const ost_tensor *patch, const ost_tensor *full,
                    ost_item *out, ost_err *err)
{
    const blend_params *p = ost_ctx_params(ctx);
    const ost_backend *images = ost_ctx_images(ctx);
    int64_t shape[3] = { place->height, place->width, channels_of(full) };
    ost_tensor to, part, sized = *patch;
    void *room = NULL;
    ost_rc rc;

    rc = ost_new_field(ctx, out, p->field, full->dtype, full->ndim, full->shape,
                       &to, err);
    if (!rc)
        rc = images->copy(full, &to, err);
    if (!rc && (patch->shape[0] != shape[0] || patch->shape[1] != shape[1])) {
        sized = ost_tensor_of(NULL, full->dtype, full->ndim, shape);
        room = ost_try_alloc((size_t)ost_tensor_count(&sized),
                             ost_dtype_size(full->dtype));
        sized.data = room;
        rc = room ? images->resize(patch, OST_RESIZE_AUTO, &sized, err)
                  : ost_fail(err, OST_ENOMEM, "no memory for the patch");
    }
    if (!rc) {
        part = part_of(&to, place);
        rc = images->blend(&sized, (int)p->n, &part, err);
    }
    ost_free(room);
    return rc;
}

static ost_rc mark(ost_stage_ctx *ctx, const ost_rect *place,
                   const ost_tensor *full, ost_item *out, ost_err *err)
{
    const blend_params *p = ost_ctx_params(ctx);
    ost_tensor t;
    ost_rc rc;

    if (!p->mask)
        return OST_OK;
    rc = ost_new_field(ctx, out, p->mask, OST_U8, 2, full->shape, &t, err);
    for (int64_t y = 0; !rc && y < place->height; y++)
        memset((uint8_t *)t.data + (place->top + y) * t.shape[1] + place->left,
               1, (size_t)place->width);
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const ost_item *source = ost_ctx_joined(ctx, "source");
    ost_item *out = ost_derive(ctx, in, -1);
    ost_tensor patch, full;
    ost_rect place = { 0 };
    ost_rc rc;

    if (!source && in->n_parents && strchr(in->parents[0], '#'))
        return ost_fail(err, OST_EINPUT,
                        "its source '%s' is not there (a patch that became "
                        "another one has that for parent: \"by\": \"root\")",
                        in->parents[0]);
    if (!source)
        return ost_fail(err, OST_EINPUT, "its source '%s' is not there",
                        in->n_parents ? in->parents[0] : in->id);
    rc = open_both(ctx, in, source, &patch, &full, err);
    if (!rc)
        rc = read_place(in, &full, &place, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < in->n_fields; i++)
        ost_item_remove_field(ost_ctx_arena(ctx), out, in->fields[i].name);
    for (size_t i = 0; i < source->n_fields; i++)
        ost_item_set_field(ost_ctx_arena(ctx), out, &source->fields[i]);
    rc = blend(ctx, &place, &patch, &full, out, err);
    if (!rc)
        rc = mark(ctx, &place, &full, out, err);
    return rc ? rc : ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_blend = {
    .name = "blend",
    .version = 1, /* bump when any output byte can change */
    .summary = "Blends patches back into the images they were cut from.",
    .flags = OST_STAGE_GPU,
    .param_size = sizeof(blend_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "patches", false, false },
                  { "source", OST_DATASET, "the whole images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "a whole image for each patch", false, false }),
    .reads = "* attr:patch.y attr:patch.x attr:patch.height "
             "attr:patch.width",
    .check = check,
    .map = map,
};
