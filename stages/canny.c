/* stages/canny.c - the edges of an image
 *
 * Canny's detector, bit for bit OpenCV's: 255 at edges and 0 elsewhere, u8 of
 * the same height and width.  Of several channels each pixel takes the
 * steepest.  Frames are taken one by one.  Images must be u8: `normalize`
 * makes one of any other.
 */
#include "kernels/backend.h"
#include "kernels/image.h"
#include "stages/planes.h"

#include "base/banned.h"

typedef struct canny_params {
    double low;
    double high;
    int64_t aperture;
    bool l2;
    double sigma;
    int64_t kernel;
    const char *field;
    const char *to;
} canny_params;

static const ost_param params[] = {
    OST_PARAM(canny_params, low, F64,
              "weakest gradient of an edge that continues a stronger one",
              .dflt = "100", .min = 0, .max = 1e6),
    OST_PARAM(canny_params, high, F64, "weakest gradient that starts an edge",
              .dflt = "200", .min = 0, .max = 1e6),
    OST_PARAM(canny_params, aperture, I64, "size of the Sobel kernels",
              .dflt = "3", .choices = "3|5|7"),
    OST_PARAM(canny_params, l2, BOOL,
              "length of the gradient instead of the sum of its parts",
              .dflt = "false"),
    OST_PARAM(canny_params, sigma, F64,
              "Gaussian blur before, in pixels; 0 is none", .dflt = "0",
              .min = 0, .max = 100),
    OST_PARAM(canny_params, kernel, I64,
              "odd side of the square that is blurred over, in pixels; 0: what "
              "sigma asks for",
              .dflt = "0", .min = 0, .max = 999),
    OST_PARAM(canny_params, field, STR, "field that is read",
              .dflt = "\"image\""),
    OST_PARAM(canny_params, to, STR, "field that is written; unset: the same",
              .dflt = "null"),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const canny_params *p = with;

    if (p->low > p->high)
        return ost_fail(err, OST_EWORKFLOW, "'low' (%g) is above 'high' (%g)",
                        p->low, p->high);
    if (p->kernel > 0 && p->kernel % 2 == 0)
        return ost_fail(err, OST_EWORKFLOW, "'kernel' (%lld) is not odd",
                        (long long)p->kernel);
    return OST_OK;
}

typedef struct blurring {
    ost_stage_ctx *ctx;
    const canny_params *p;
} blurring;

static ost_rc find_edges(void *user, ost_plane_kind kind, const ost_tensor *in,
                         ost_tensor *out, ost_err *err)
{
    const blurring *b = user;
    const ost_backend *images = ost_ctx_images(b->ctx);
    ost_canny_spec spec = { .low = b->p->low,
                            .high = b->p->high,
                            .aperture = (int)b->p->aperture,
                            .l2 = b->p->l2 };
    ost_tensor blurred;
    ost_rc rc;

    (void)kind;
    if (in->dtype != OST_U8)
        return ost_fail(err, OST_EINPUT,
                        "edges are found in u8, and this is %s (a 'normalize' "
                        "stage with \"type\": \"u8\" converts it)",
                        ost_dtype_name(in->dtype));
    if (b->p->sigma == 0.0)
        return images->canny(in, &spec, out, err);
    blurred = ost_tensor_of(
        ost_arena_alloc(ost_ctx_arena(b->ctx), (size_t)ost_tensor_count(in)),
        OST_U8, in->ndim, in->shape);
    rc = images->blur(in, b->p->sigma, b->p->kernel, &blurred, err);
    if (!rc)
        rc = images->canny(&blurred, &spec, out, err);
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const canny_params *p = ost_ctx_params(ctx);
    blurring b = { ctx, p };
    ost_plane_map m = { .to = p->to,
                        .dtype = OST_U8,
                        .drop_channels = true,
                        .body = find_edges,
                        .user = &b };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rc rc = ost_map_planes(ctx, in, p->field, &m, out, err);

    if (rc)
        return rc;
    ost_plane_upright(ctx, out, p->field, p->to ? p->to : p->field);
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_canny = {
    .name = "canny",
    .version = 3, /* bump when any output byte can change */
    .summary = "Finds the edges of images as OpenCV's Canny does.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(canny_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the items with their edges", false, false }),
    .reads = "@field attr:photometric",
    .check = check,
    .map = map,
};
