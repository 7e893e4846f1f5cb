/* stages/resize.c - bring images to one size
 *
 * All pictures of an item follow: images, frames, masks (always by the nearest
 * pixel) and boxes.  `stretch` fills the new size; `letterbox` keeps the
 * proportions, centers the picture and fills what is left (masks with 0).
 * `linear` on u8 gives the bytes of OpenCV's; `auto` averages areas along sides
 * that shrink and is linear along sides that grow, and `bicubic` lays curves
 * through four pixels each way.
 */
#include "kernels/backend.h"
#include "stages/geometry.h"

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
              .dflt = "\"auto\"",
              .choices = "auto|nearest|linear|area|bicubic"),
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

/* The step: its params, and the size of the picture that boxes lie in. */
typedef struct resizing {
    const resize_params *p;
    const ost_backend *images;
    ost_rect frame;
} resizing;

static ost_rc resize_plane(void *user, const ost_field *field,
                           const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    static const ost_resize_method methods[] = {
        OST_RESIZE_AUTO, OST_RESIZE_NEAREST, OST_RESIZE_LINEAR, OST_RESIZE_AREA,
        OST_RESIZE_CUBIC
    };
    const resizing *r = user;
    placing at = place(r->p, in->shape[0], in->shape[1]);
    bool mask = ost_plane_is_mask(ost_plane_kind_of(field));
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
        rc = r->images->resize(
            in, mask ? OST_RESIZE_NEAREST : methods[at.p->method], &part, err);
    return rc;
}

static void resize_box(void *user, const double from[4], double to[4])
{
    const resizing *r = user;
    placing at = place(r->p, r->frame.height, r->frame.width);
    double sy = (double)at.height / (double)r->frame.height;
    double sx = (double)at.width / (double)r->frame.width;

    for (int k = 0; k < 4; k++)
        to[k] = k % 2 ? from[k] * sy + (double)at.top
                      : from[k] * sx + (double)at.left;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    resizing r = { .p = ost_ctx_params(ctx), .images = ost_ctx_images(ctx) };
    ost_geometry g = { .height = r.p->size.v[0],
                       .width = r.p->size.v[1],
                       .plane = resize_plane,
                       .box = resize_box,
                       .user = &r };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rc rc;

    rc = ost_geometry_frame(in, &r.frame, err);
    if (!rc)
        rc = ost_geometry_apply(ctx, in, &g, out, err);
    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_resize = {
    .name = "resize",
    .version = 4, /* bump when any output byte can change */
    .summary = "Brings images, masks, frames and boxes to one size.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(resize_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the same items in one size", false, false }),
    .map = map,
};
