/* stages/resize.c - bring images to one size
 *
 * All pictures of an item follow: images, frames, masks (always by the nearest
 * pixel) and boxes.  `stretch` fills the new size; `letterbox` keeps the
 * proportions, centers the picture and fills what is left (masks with 0).
 * `linear` on u8 gives the bytes of OpenCV's; `auto` averages areas along sides
 * that shrink and is linear along sides that grow.
 */
#include "kernels/image.h"
#include "stages/planes.h"

#include "base/banned.h"

enum { FIT_STRETCH, FIT_LETTERBOX };

typedef struct resize_params {
    ost_i64_list size;
    int method;
    int fit;
    double fill;
} resize_params;

static const ost_param params[] = {
    OST_PARAM(resize_params, size, I64_LIST, "height and width in pixels",
              .required = true, .min = 1, .max = 65536, .min_len = 2,
              .max_len = 2),
    OST_PARAM(resize_params, method, CHOICE, "how pixels are made",
              .dflt = "\"auto\"", .choices = "auto|nearest|linear|area"),
    OST_PARAM(resize_params, fit, CHOICE,
              "change the proportions, or keep them and fill the rest",
              .dflt = "\"stretch\"", .choices = "stretch|letterbox"),
    OST_PARAM(resize_params, fill, F64, "value around a letterboxed picture",
              .dflt = "0", .min = -1e9, .max = 1e9),
    OST_END,
};

/* Where the picture stands inside of the new one. */
typedef struct placing {
    const resize_params *p;
    int64_t top;
    int64_t left;
    int64_t height;
    int64_t width;
} placing;

static int64_t scaled(int64_t side, int64_t to, int64_t from)
{
    int64_t v = (2 * side * to + from) / (2 * from); /* rounded */

    return v < 1 ? 1 : v;
}

static placing place(const resize_params *p, int64_t h, int64_t w)
{
    placing at = { .p = p, .height = p->size.v[0], .width = p->size.v[1] };

    if (p->fit == FIT_STRETCH || h == 0 || w == 0)
        return at;
    if (h * p->size.v[1] <= w * p->size.v[0])
        at.height = scaled(h, at.width, w);
    else
        at.width = scaled(w, at.height, h);
    at.top = (p->size.v[0] - at.height) / 2;
    at.left = (p->size.v[1] - at.width) / 2;
    return at;
}

static ost_rc fill_all(ost_tensor *t, double value, ost_err *err)
{
    float v = (float)value;
    ost_tensor one = *t;

    /* One value, seen as a picture by strides of 0. */
    one.data = &v;
    one.dtype = OST_F32;
    for (int d = 0; d < one.ndim; d++)
        one.stride[d] = 0;
    return ost_cpu_rescale(&one, 1.0, 0.0, t, err);
}

static ost_rc resize_plane(void *user, ost_plane_kind kind,
                           const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    static const ost_resize_method methods[] = {
        OST_RESIZE_AUTO, OST_RESIZE_NEAREST, OST_RESIZE_LINEAR, OST_RESIZE_AREA
    };
    placing at = place(user, in->shape[0], in->shape[1]);
    bool mask = kind == OST_PLANE_MASK;
    int64_t skip = at.top * out->stride[0] + at.left * out->stride[1];
    ost_tensor part = *out;
    ost_rc rc = OST_OK;

    part.data =
        (unsigned char *)out->data + skip * (int64_t)ost_dtype_size(out->dtype);
    part.shape[0] = at.height;
    part.shape[1] = at.width;
    if (!mask && (at.height != out->shape[0] || at.width != out->shape[1]))
        rc = fill_all(out, at.p->fill, err);
    if (!rc)
        rc = ost_cpu_resize(
            in, mask ? OST_RESIZE_NEAREST : methods[at.p->method], &part, err);
    return rc;
}

static ost_rc move_boxes(ost_stage_ctx *ctx, const ost_item *in,
                         const resize_params *p, ost_item *out, ost_err *err)
{
    const ost_field *lead = ost_plane_lead(in);
    ost_plane_kind kind;
    ost_tensor src, dst;
    placing at;
    double sy, sx;
    int64_t h, w;
    ost_rc rc;

    if (!lead)
        return OST_OK; /* nothing that the boxes would be in */
    kind = ost_plane_kind_of(lead);
    h = ost_plane_height(kind, lead->shape);
    w = ost_plane_width(kind, lead->shape);
    if (h == 0 || w == 0)
        return OST_OK;
    rc = ost_item_tensor(ctx, in, "boxes", &src, err);
    if (!rc)
        rc = ost_new_field(ctx, out, "boxes", OST_F32, 2, src.shape, &dst, err);
    if (rc)
        return rc;
    at = place(p, h, w);
    sy = (double)at.height / (double)h;
    sx = (double)at.width / (double)w;
    for (int64_t i = 0; i < src.shape[0]; i++)
        for (int k = 0; k < 4; k++) {
            const float *v = src.data;
            double from = (double)v[i * src.stride[0] + k * src.stride[1]];

            ((float *)dst.data)[4 * i + k] =
                (float)(k % 2 == 0 ? from * sx + (double)at.left
                                   : from * sy + (double)at.top);
        }
    return OST_OK;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const resize_params *p = ost_ctx_params(ctx);
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rc rc = OST_OK;

    if (!ost_plane_lead(in))
        return ost_fail(err, OST_EINPUT, "there is no picture");
    for (size_t i = 0; i < in->n_fields && !rc; i++) {
        const ost_field *f = &in->fields[i];
        ost_plane_map m = { .to = f->name,
                            .dtype = f->dtype,
                            .height = p->size.v[0],
                            .width = p->size.v[1],
                            .body = resize_plane,
                            .user = (void *)(uintptr_t)p };
        ost_plane_kind kind = ost_plane_kind_of(f);

        if (kind == OST_PLANE_BOXES)
            rc = move_boxes(ctx, in, p, out, err);
        else if (kind != OST_PLANE_NONE)
            rc = ost_map_planes(ctx, in, f->name, &m, out, err);
    }
    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_resize = {
    .name = "resize",
    .version = 1, /* bump when any output byte can change */
    .summary = "Brings images, masks, frames and boxes to one size.",
    .param_size = sizeof(resize_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the same items in one size", false, false }),
    .map = map,
};
