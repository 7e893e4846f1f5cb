/* stages/roi.c - the region of interest: what is marked, with a margin
 *
 * The smallest rectangle that holds all that the named masks and boxes mark, or
 * the largest component of it, grown by `margin` pixels on each side and
 * clipped to the picture; `square` makes its shorter side as long as the longer
 * one and moves it inside.  It is a view, as that of `crop`; `mask_outside`
 * writes `fill` wherever nothing is marked, which takes copies.  The attributes
 * roi.y and roi.x say where the region began.  An item without a mark fails,
 * stays as it is, or is dropped.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/connected.h"
#include "stages/geometry.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { COMPONENT_ALL, COMPONENT_LARGEST };
enum { EMPTY_ERROR, EMPTY_KEEP, EMPTY_DROP };

typedef struct roi_params {
    ost_str_list around;
    int64_t margin;
    int component;
    bool square;
    bool mask_outside;
    double fill;
    int empty;
} roi_params;

static const ost_param params[] = {
    OST_PARAM(roi_params, around, STR_LIST,
              "masks, and 'boxes', that mark the region; * as wildcard",
              .dflt = "[\"mask\", \"mask.*\"]", .min_len = 1, .max_len = 64),
    OST_PARAM(roi_params, margin, I64, "pixels added on each side",
              .dflt = "20", .min = 0, .max = 65536),
    OST_PARAM(roi_params, component, CHOICE,
              "all that is marked, or its largest component (over corners too)",
              .dflt = "\"all\"", .choices = "all|largest"),
    OST_PARAM(roi_params, square, BOOL, "make it a square", .dflt = "false"),
    OST_PARAM(roi_params, mask_outside, BOOL,
              "write 'fill' where nothing is marked", .dflt = "false"),
    OST_PARAM(roi_params, fill, F64, "value that hides what is not marked",
              .dflt = "0", .min = -1e9, .max = 1e9),
    OST_PARAM(roi_params, empty, CHOICE,
              "an item in which nothing is marked: fail, stay as it is, or be "
              "dropped",
              .dflt = "\"error\"", .choices = "error|keep|drop"),
    OST_END,
};

static bool is_around(const roi_params *p, const char *field)
{
    for (size_t i = 0; i < p->around.n; i++)
        if (fnmatch(p->around.v[i], field, 0) == 0)
            return true;
    return false;
}

/* ---- what is marked ---- */

static ost_rc mark_mask(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_field *f, ost_tensor *marks, ost_err *err)
{
    ost_tensor t;
    ost_rc rc = ost_open_mask(ctx, in, f->name, &t, err);

    if (rc)
        return rc;
    if (t.shape[0] != marks->shape[0] || t.shape[1] != marks->shape[1])
        return ost_fail(err, OST_EINPUT,
                        "field '%s' is %lld x %lld and the picture %lld x %lld",
                        f->name, (long long)t.shape[0], (long long)t.shape[1],
                        (long long)marks->shape[0], (long long)marks->shape[1]);
    return ost_ctx_images(ctx)->mark(&t, marks, err);
}

/* `v` within 0..n; what is no number is 0. */
static int64_t edge(double v, int64_t n)
{
    return v > 0.0 ? v < (double)n ? (int64_t)v : n : 0;
}

static ost_rc mark_boxes(ost_stage_ctx *ctx, const ost_item *in,
                         ost_tensor *marks, ost_err *err)
{
    ost_tensor t;
    ost_rc rc = ost_item_tensor(ctx, in, "boxes", &t, err);

    for (int64_t i = 0; !rc && i < t.shape[0]; i++) {
        const float *v = (const float *)t.data + i * t.stride[0];
        int64_t h = marks->shape[0], w = marks->shape[1];
        int64_t x0 = edge(floor((double)v[0]), w);
        int64_t y0 = edge(floor((double)v[t.stride[1]]), h);
        int64_t x1 = edge(ceil((double)v[2 * t.stride[1]]), w);
        int64_t y1 = edge(ceil((double)v[3 * t.stride[1]]), h);

        for (int64_t y = y0; y < y1 && x0 < x1; y++)
            memset((uint8_t *)marks->data + y * w + x0, 1, (size_t)(x1 - x0));
    }
    return rc;
}

/* Fills `marks`, zeroed and of the lead picture's size. */
static ost_rc mark(ost_stage_ctx *ctx, const ost_item *in, ost_tensor *marks,
                   ost_err *err)
{
    const roi_params *p = ost_ctx_params(ctx);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < in->n_fields && !rc; i++) {
        const ost_field *f = &in->fields[i];
        ost_plane_kind kind = ost_plane_kind_of(f);

        if (!is_around(p, f->name))
            continue;
        if (kind == OST_PLANE_BOXES)
            rc = mark_boxes(ctx, in, marks, err);
        else if (ost_plane_is_mask(kind))
            rc = mark_mask(ctx, in, f, marks, err);
        else if (!ost_starts_with(f->name, "boxes."))
            rc = ost_fail(err, OST_EINPUT,
                          "field '%s' is neither a mask nor boxes", f->name);
    }
    return rc;
}

/* Leaves the largest component alone. */
static ost_rc keep_largest(ost_stage_ctx *ctx, ost_tensor *marks, ost_err *err)
{
    ost_components found = { 0 };
    bool *others = NULL;
    int32_t largest;
    ost_rc rc = ost_ctx_images(ctx)->components(marks, 0, &found, err);

    if (rc || found.count < 2)
        goto out;
    others = ost_try_alloc((size_t)found.count, sizeof(*others));
    if (!others) {
        rc = ost_fail(err, OST_ENOMEM, "no memory for the components");
        goto out;
    }
    largest = ost_components_largest(&found);
    for (int32_t i = 0; i < found.count; i++)
        others[i] = i + 1 != largest;
    rc = ost_components_erase(&found, others, marks, err);
out:
    ost_free(others);
    ost_components_release(&found);
    return rc;
}

/* ---- the region ---- */

/* As long as the longer side, about the same middle, moved inside. */
static void make_square(ost_rect *r, const ost_rect *frame)
{
    int64_t side = r->height > r->width ? r->height : r->width;
    int64_t h = side < frame->height ? side : frame->height;
    int64_t w = side < frame->width ? side : frame->width;

    r->top -= (h - r->height) / 2;
    r->left -= (w - r->width) / 2;
    r->top = r->top < 0 ? 0 : r->top;
    r->left = r->left < 0 ? 0 : r->left;
    r->top = r->top + h > frame->height ? frame->height - h : r->top;
    r->left = r->left + w > frame->width ? frame->width - w : r->left;
    r->height = h;
    r->width = w;
}

static ost_rect grow(const roi_params *p, const ost_rect *marked,
                     const ost_rect *frame)
{
    ost_rect r = { marked->top - p->margin, marked->left - p->margin,
                   marked->height + 2 * p->margin,
                   marked->width + 2 * p->margin };

    r = ost_rect_clip(&r, frame);
    if (p->square)
        make_square(&r, frame);
    return r;
}

typedef struct hiding {
    const ost_backend *images;
    ost_tensor marks;
    double fill;
} hiding;

static ost_rc blank_plane(void *user, ost_plane_kind kind, const ost_tensor *in,
                          ost_tensor *out, ost_err *err)
{
    const hiding *h = user;

    (void)kind;
    return h->images->blank(in, &h->marks, h->fill, out, err);
}

/* Writes `fill` over what is not marked in all pictures but the masks. */
static ost_rc hide_outside(ost_stage_ctx *ctx, const ost_rect *r,
                           const ost_tensor *marks, ost_item *out, ost_err *err)
{
    const roi_params *p = ost_ctx_params(ctx);
    ost_item cut = *out; /* the views, while `out` gets copies */
    hiding h = { ost_ctx_images(ctx), *marks, p->fill };
    ost_rc rc = OST_OK;

    h.marks.data = (uint8_t *)marks->data + r->top * marks->stride[0] + r->left;
    h.marks.shape[0] = r->height;
    h.marks.shape[1] = r->width;
    for (size_t i = 0; i < cut.n_fields && !rc; i++) {
        const ost_field *f = &cut.fields[i];
        ost_plane_kind kind = ost_plane_kind_of(f);
        ost_plane_map map = { .height = r->height,
                              .width = r->width,
                              .body = blank_plane,
                              .user = &h };

        if (kind == OST_PLANE_IMAGE || kind == OST_PLANE_FRAMES)
            rc = ost_map_planes(ctx, &cut, f->name, &map, out, err);
    }
    return rc;
}

static ost_rc cut_region(ost_stage_ctx *ctx, const ost_item *in,
                         const ost_tensor *marks, const ost_rect *marked,
                         const ost_rect *frame, ost_err *err)
{
    const roi_params *p = ost_ctx_params(ctx);
    ost_cut cut = { .rect = grow(p, marked, frame) };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_rc rc;

    rc = ost_geometry_cut(ctx, in, &cut, out, err);
    if (!rc && p->mask_outside)
        rc = hide_outside(ctx, &cut.rect, marks, out, err);
    if (rc)
        return rc;
    ost_item_set_number(arena, out, "roi.y", (double)cut.rect.top);
    ost_item_set_number(arena, out, "roi.x", (double)cut.rect.left);
    return ost_emit(ctx, "out", out, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const roi_params *p = ost_ctx_params(ctx);
    ost_tensor marks;
    ost_rect frame, marked;
    ost_rc rc;

    rc = ost_geometry_frame(in, &frame, err);
    if (rc)
        return rc;
    marks = ost_tensor_of(NULL, OST_U8, 2,
                          (int64_t[]){ frame.height, frame.width });
    marks.data =
        ost_try_alloc((size_t)frame.height + 1, (size_t)frame.width + 1);
    if (!marks.data)
        return ost_fail(err, OST_ENOMEM, "no memory for the marks");
    rc = mark(ctx, in, &marks, err);
    if (!rc && p->component == COMPONENT_LARGEST)
        rc = keep_largest(ctx, &marks, err);
    if (!rc)
        rc = ost_ctx_images(ctx)->marked(&marks, &marked, err);
    if (rc)
        goto out;
    if (!ost_rect_is_empty(&marked))
        rc = cut_region(ctx, in, &marks, &marked, &frame, err);
    else if (p->empty == EMPTY_KEEP)
        rc = ost_emit(ctx, "out", ost_derive(ctx, in, -1), err);
    else if (p->empty == EMPTY_ERROR)
        rc = ost_fail(err, OST_EINPUT,
                      "nothing is marked (\"empty\": \"keep\" or \"drop\" "
                      "lets such items pass)");
out:
    ost_free(marks.data);
    return rc;
}

const ost_stage ost_stage_roi = {
    .name = "roi",
    .version = 1, /* bump when any output byte can change */
    .summary = "Cuts out what masks or boxes mark, with a margin.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(roi_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "images with masks or boxes", false, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "the same items, cut", false, false }),
    .map = map,
};
