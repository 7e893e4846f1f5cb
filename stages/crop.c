/* stages/crop.c - a rectangle of every picture
 *
 * The rectangle is given by numbers, or has a size and lies in the middle, or
 * is the largest square in the middle.  Inside of the picture it is a view: no
 * pixel is copied.  Masks, frames and boxes follow (stages/geometry.h).  What
 * of the rectangle is outside fails the item, is cut off, or is filled.  In the
 * middle of an odd difference the smaller half comes first.
 */
#include "stages/geometry.h"

#include "base/banned.h"

enum { OUTSIDE_FAIL, OUTSIDE_CLIP, OUTSIDE_PAD };

typedef struct crop_params {
    ost_i64_list rectangle;
    ost_i64_list size;
    bool square;
    int outside;
    double fill;
} crop_params;

static const ost_param params[] = {
    OST_PARAM(crop_params, rectangle, I64_LIST,
              "top, left, height and width in pixels", .dflt = "[]",
              .min = -65536, .max = 65536, .min_len = 0, .max_len = 4),
    OST_PARAM(crop_params, size, I64_LIST,
              "height and width of a rectangle in the middle", .dflt = "[]",
              .min = 1, .max = 65536, .min_len = 0, .max_len = 2),
    OST_PARAM(crop_params, square, BOOL, "the largest square in the middle",
              .dflt = "false"),
    OST_PARAM(crop_params, outside, CHOICE,
              "what a rectangle that reaches outside does: fail the item, lose "
              "that part, or be filled there",
              .dflt = "\"fail\"", .choices = "fail|clip|pad"),
    OST_PARAM(crop_params, fill, F64, "value outside of the picture",
              .dflt = "0", .min = -1e9, .max = 1e9),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const crop_params *p = with;

    if ((p->rectangle.n > 0) + (p->size.n > 0) + p->square != 1)
        return ost_fail(err, OST_EWORKFLOW,
                        "one of 'rectangle', 'size' and 'square' says what is "
                        "cut out");
    if (p->rectangle.n != 0 && p->rectangle.n != 4)
        return ost_fail(err, OST_EWORKFLOW,
                        "'rectangle' needs four numbers: top, left, height, "
                        "width");
    if (p->rectangle.n && (p->rectangle.v[2] < 1 || p->rectangle.v[3] < 1))
        return ost_fail(err, OST_EWORKFLOW, "'rectangle' has no pixels");
    if (p->size.n == 1)
        return ost_fail(err, OST_EWORKFLOW,
                        "'size' needs two numbers: height and width");
    return OST_OK;
}

static int64_t half(int64_t v)
{
    return v >= 0 ? v / 2 : -((1 - v) / 2);
}

static ost_rect rectangle_of(const crop_params *p, const ost_rect *frame)
{
    ost_rect r = { 0 };

    if (p->rectangle.n)
        return (ost_rect){ p->rectangle.v[0], p->rectangle.v[1],
                           p->rectangle.v[2], p->rectangle.v[3] };
    if (p->size.n) {
        r.height = p->size.v[0];
        r.width = p->size.v[1];
    } else {
        r.height = r.width =
            frame->height < frame->width ? frame->height : frame->width;
    }
    r.top = half(frame->height - r.height);
    r.left = half(frame->width - r.width);
    return r;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const crop_params *p = ost_ctx_params(ctx);
    ost_cut cut = { .mode = OST_PAD_CONSTANT, .fill = p->fill };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rect frame, inside;
    ost_rc rc;

    rc = ost_geometry_frame(in, &frame, err);
    if (rc)
        return rc;
    cut.rect = rectangle_of(p, &frame);
    inside = ost_rect_clip(&cut.rect, &frame);
    if (ost_rect_is_empty(&inside) ||
        (p->outside == OUTSIDE_FAIL && !ost_rect_inside(&cut.rect, &frame)))
        return ost_fail(err, OST_EINPUT,
                        "%lld x %lld pixels from row %lld, column %lld on are "
                        "%s the picture (%lld x %lld)",
                        (long long)cut.rect.height, (long long)cut.rect.width,
                        (long long)cut.rect.top, (long long)cut.rect.left,
                        ost_rect_is_empty(&inside) ? "not in" : "not all in",
                        (long long)frame.height, (long long)frame.width);
    if (p->outside == OUTSIDE_CLIP)
        cut.rect = inside;
    rc = ost_geometry_cut(ctx, in, &cut, out, err);
    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_crop = {
    .name = "crop",
    .version = 1, /* bump when any output byte can change */
    .summary = "Cuts a rectangle out of images, masks, frames and boxes.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(crop_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "the same items, cut", false, false }),
    .check = check,
    .map = map,
};
