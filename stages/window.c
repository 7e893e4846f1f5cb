/* stages/window.c - show a range of values as gray levels
 *
 * `center` and `width` are those of DICOM.  With the function LINEAR (PS3.3
 * C.11.2.1.2.1) a value x becomes
 *     the lowest level    when x <= c - 0.5 - (w - 1) / 2
 *     the highest level   when x > c - 0.5 + (w - 1) / 2
 *     ((x - (c - 0.5)) / (w - 1) + 0.5) of the way between them otherwise,
 * and with LINEAR_EXACT the range is c - w / 2 to c + w / 2.  `levels` names
 * the two ends of the range themselves.  A range of no width parts what is
 * above from what is not.
 */
#include "kernels/backend.h"
#include "kernels/tone.h"
#include "stages/planes.h"

#include "base/banned.h"

enum { LINEAR, LINEAR_EXACT };

typedef struct window_params {
    double center;
    double width;
    ost_f64_list levels;
    int function;
    int type;
    ost_f64_list range;
    const char *field;
    const char *to;
} window_params;

static const ost_param params[] = {
    OST_PARAM(window_params, center, F64, "middle of the window",
              .dflt = "null", .min = -1e9, .max = 1e9),
    OST_PARAM(window_params, width, F64,
              "width of the window, 1 or more; unset: see 'levels'",
              .dflt = "null", .min = 0, .max = 1e9),
    OST_PARAM(window_params, levels, F64_LIST,
              "the lowest and the highest value, instead of center and width",
              .dflt = "null", .min = -1e9, .max = 1e9, .max_len = 2),
    OST_PARAM(window_params, function, CHOICE,
              "DICOM's LINEAR, or LINEAR_EXACT", .dflt = "\"linear\"",
              .choices = "linear|linear_exact"),
    OST_PARAM(window_params, type, CHOICE, "element type of the result",
              .dflt = "\"u8\"", .choices = "u8|u16|f32"),
    OST_PARAM(window_params, range, F64_LIST,
              "what the two ends become; unset: 0 and 255, 65535 or 1",
              .dflt = "null", .min = -1e9, .max = 1e9, .max_len = 2),
    OST_PARAM(window_params, field, STR, "field that is read",
              .dflt = "\"image\""),
    OST_PARAM(window_params, to, STR, "field that is written; unset: the same",
              .dflt = "null"),
    OST_END,
};

static const struct {
    ost_dtype dtype;
    double full;
} types[] = { { OST_U8, 255.0 }, { OST_U16, 65535.0 }, { OST_F32, 1.0 } };

static ost_rc check(const void *with, ost_err *err)
{
    const window_params *p = with;

    if (p->width == 0.0 && p->levels.n == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "'center' and 'width', or 'levels', are missing");
    if (p->width != 0.0 && p->levels.n != 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "'width' and 'levels' say the same thing twice");
    if (p->center != 0.0 && p->levels.n != 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "'center' and 'levels' say the same thing twice");
    if (p->width != 0.0 && p->width < 1.0)
        return ost_fail(err, OST_EWORKFLOW, "'width' (%g) is below 1",
                        p->width);
    if (p->levels.n == 1 ||
        (p->levels.n == 2 && p->levels.v[0] > p->levels.v[1]))
        return ost_fail(err, OST_EWORKFLOW,
                        "'levels' needs two numbers in ascending order");
    if (p->range.n == 1)
        return ost_fail(err, OST_EWORKFLOW, "'range' needs two numbers");
    return OST_OK;
}

static ost_ramp_spec ramp_of(const window_params *p)
{
    double a = p->range.n ? p->range.v[0] : 0.0;
    double b = p->range.n ? p->range.v[1] : types[p->type].full;
    double half = p->function == LINEAR ? (p->width - 1.0) / 2.0 : p->width / 2;
    double middle = p->function == LINEAR ? p->center - 0.5 : p->center;
    double low = p->levels.n ? p->levels.v[0] : middle - half;
    double high = p->levels.n ? p->levels.v[1] : middle + half;
    /* Without a width, so steep that everything above is at the other end. */
    double steep = b >= a ? 1e30 : -1e30;

    return (ost_ramp_spec){
        .low = low,
        .to_low = a,
        .gain = high > low ? (b - a) / (high - low) : steep,
        .least = fmin(a, b),
        .most = fmax(a, b),
    };
}

typedef struct showing {
    const ost_backend *images;
    ost_ramp_spec ramp;
} showing;

static ost_rc show_plane(void *user, ost_plane_kind kind, const ost_tensor *in,
                         ost_tensor *out, ost_err *err)
{
    const showing *s = user;

    (void)kind;
    return s->images->ramp(in, &s->ramp, out, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const window_params *p = ost_ctx_params(ctx);
    showing s = { ost_ctx_images(ctx), ramp_of(p) };
    ost_plane_map m = { .to = p->to,
                        .dtype = types[p->type].dtype,
                        .body = show_plane,
                        .user = &s };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rc rc = ost_map_planes(ctx, in, p->field, &m, out, err);

    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_window = {
    .name = "window",
    .version = 1, /* bump when any output byte can change */
    .summary = "Shows a range of values as gray levels.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(window_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the images in their window", false, false }),
    .reads = "@field",
    .check = check,
    .map = map,
};
