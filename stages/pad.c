/* stages/pad.c - a margin around every picture
 *
 * By numbers of pixels, or up to a size, or up to a square; sides that are
 * longer than the size stay as they are.  The margin of images and frames is
 * one value, the nearest pixel, or the picture mirrored at its outermost
 * pixels; the margin of masks is 0, whatever fills that of the images: what was
 * not seen is not marked.  Boxes move along.  An odd margin has its smaller
 * half first.
 */
#include "stages/geometry.h"

#include "base/banned.h"

enum { AT_CENTER, AT_START };

typedef struct pad_params {
    ost_i64_list amounts;
    ost_i64_list size;
    bool square;
    int mode;
    double fill;
    int at;
} pad_params;

static const ost_param params[] = {
    OST_PARAM(pad_params, amounts, I64_LIST,
              "pixels at the top, bottom, left and right", .dflt = "[]",
              .min = 0, .max = 65536, .min_len = 0, .max_len = 4),
    OST_PARAM(pad_params, size, I64_LIST, "least height and width",
              .dflt = "[]", .min = 1, .max = 65536, .min_len = 0, .max_len = 2),
    OST_PARAM(pad_params, square, BOOL, "up to a square", .dflt = "false"),
    OST_PARAM(pad_params, mode, CHOICE,
              "what the margin shows: 'fill', the nearest pixel, or the "
              "picture mirrored",
              .dflt = "\"constant\"", .choices = "constant|edge|reflect"),
    OST_PARAM(pad_params, fill, F64, "value of the margin", .dflt = "0",
              .min = -1e9, .max = 1e9),
    OST_PARAM(pad_params, at, CHOICE,
              "where the picture lies in 'size' or the square: in the middle, "
              "or at the top left",
              .dflt = "\"center\"", .choices = "center|start"),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const pad_params *p = with;

    if ((p->amounts.n > 0) + (p->size.n > 0) + p->square != 1)
        return ost_fail(err, OST_EWORKFLOW,
                        "one of 'amounts', 'size' and 'square' says how far");
    if (p->amounts.n != 0 && p->amounts.n != 4)
        return ost_fail(err, OST_EWORKFLOW,
                        "'amounts' needs four numbers: top, bottom, left, "
                        "right");
    if (p->size.n == 1)
        return ost_fail(err, OST_EWORKFLOW,
                        "'size' needs two numbers: height and width");
    return OST_OK;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static ost_rect rectangle_of(const pad_params *p, const ost_rect *frame)
{
    ost_rect r = { .height = frame->height, .width = frame->width };

    if (p->amounts.n) {
        r.top = -p->amounts.v[0];
        r.left = -p->amounts.v[2];
        r.height += p->amounts.v[0] + p->amounts.v[1];
        r.width += p->amounts.v[2] + p->amounts.v[3];
        return r;
    }
    r.height = larger(r.height, p->size.n ? p->size.v[0] : frame->width);
    r.width = larger(r.width, p->size.n ? p->size.v[1] : frame->height);
    if (p->at == AT_CENTER) {
        r.top = -((r.height - frame->height) / 2);
        r.left = -((r.width - frame->width) / 2);
    }
    return r;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const pad_params *p = ost_ctx_params(ctx);
    ost_cut cut = { .mode = (ost_pad_mode)p->mode, .fill = p->fill };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rect frame;
    ost_rc rc;

    rc = ost_geometry_frame(in, &frame, err);
    if (rc)
        return rc;
    cut.rect = rectangle_of(p, &frame);
    rc = ost_geometry_cut(ctx, in, &cut, out, err);
    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_pad = {
    .name = "pad",
    .version = 1, /* bump when any output byte can change */
    .summary = "Puts a margin around images, masks, frames and boxes.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(pad_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the same items, larger", false, false }),
    .check = check,
    .map = map,
};
