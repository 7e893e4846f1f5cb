/* stages/geometry.c - the pictures and boxes of an item move together */
#include "stages/geometry.h"

#include "base/text.h"
#include "kernels/backend.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* ---- rectangles ---- */

bool ost_rect_is_empty(const ost_rect *rect)
{
    return rect->height <= 0 || rect->width <= 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

ost_rect ost_rect_clip(const ost_rect *rect, const ost_rect *frame)
{
    int64_t bottom =
        least(rect->top + rect->height, frame->top + frame->height);
    int64_t right = least(rect->left + rect->width, frame->left + frame->width);
    ost_rect r = { .top = most(rect->top, frame->top),
                   .left = most(rect->left, frame->left) };

    r.height = most(bottom - r.top, 0);
    r.width = most(right - r.left, 0);
    return r;
}

ost_rect ost_rect_unite(const ost_rect *a, const ost_rect *b)
{
    ost_rect r;

    if (ost_rect_is_empty(a))
        return *b;
    if (ost_rect_is_empty(b))
        return *a;
    r.top = least(a->top, b->top);
    r.left = least(a->left, b->left);
    r.height = most(a->top + a->height, b->top + b->height) - r.top;
    r.width = most(a->left + a->width, b->left + b->width) - r.left;
    return r;
}

bool ost_rect_inside(const ost_rect *rect, const ost_rect *frame)
{
    return rect->top >= frame->top && rect->left >= frame->left &&
           rect->top + rect->height <= frame->top + frame->height &&
           rect->left + rect->width <= frame->left + frame->width;
}

ost_rc ost_geometry_frame(const ost_item *item, ost_rect *frame, ost_err *err)
{
    const ost_field *lead = ost_plane_lead(item);
    ost_plane_kind kind;

    if (!lead)
        return ost_fail(err, OST_EINPUT, "there is no picture");
    kind = ost_plane_kind_of(lead);
    *frame = (ost_rect){ .height = ost_plane_height(kind, lead->shape),
                         .width = ost_plane_width(kind, lead->shape) };
    return OST_OK;
}

/* ---- boxes ---- */

void ost_box_warp(const ost_affine *map, const double from[4], double to[4])
{
    const double *m = map->m;
    double det = m[0] * m[4] - m[1] * m[3];

    to[0] = to[1] = 1e300;
    to[2] = to[3] = -1e300;
    /* Box edges lie half a pixel before the centers that the map speaks of. */
    for (int k = 0; k < 4; k++) {
        double u = from[k & 1 ? 2 : 0] - 0.5 - m[2];
        double v = from[k & 2 ? 3 : 1] - 0.5 - m[5];
        double x = (m[4] * u - m[1] * v) / det + 0.5;
        double y = (m[0] * v - m[3] * u) / det + 0.5;

        to[0] = x < to[0] ? x : to[0];
        to[1] = y < to[1] ? y : to[1];
        to[2] = x > to[2] ? x : to[2];
        to[3] = y > to[3] ? y : to[3];
    }
}

static float clip(double v, int64_t most_of)
{
    return (float)(v < 0.0 ? 0.0 : v > (double)most_of ? (double)most_of : v);
}

/* The boxes that went through a step: which stay, and where they are. */
typedef struct moved_boxes {
    int64_t n; /* that there were */
    int64_t kept;
    int64_t *row; /* of those that stay: where they were */
    float *at;    /* four numbers each */
} moved_boxes;

static void move_box(const ost_geometry *g, int64_t height, int64_t width,
                     const double from[4], int64_t row, moved_boxes *b)
{
    float *at = b->at + 4 * b->kept;
    double to[4];

    g->box(g->user, from, to);
    if (!(to[2] > 0.0) || !(to[3] > 0.0) || !(to[0] < (double)width) ||
        !(to[1] < (double)height))
        return;
    for (int k = 0; k < 4; k++)
        at[k] = clip(to[k], k % 2 ? height : width);
    b->row[b->kept++] = row;
}

static ost_rc move_boxes(ost_stage_ctx *ctx, const ost_item *in,
                         const ost_geometry *g, int64_t height, int64_t width,
                         moved_boxes *b, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_tensor t;
    ost_rc rc;

    rc = ost_item_tensor(ctx, in, "boxes", &t, err);
    if (rc)
        return rc;
    b->n = t.shape[0];
    b->row = OST_ARENA_ARRAY(arena, int64_t, (size_t)b->n + 1);
    b->at = OST_ARENA_ARRAY(arena, float, 4 * (size_t)b->n + 4);
    for (int64_t i = 0; i < b->n; i++) {
        const float *v = (const float *)t.data + i * t.stride[0];
        double from[4];

        for (int k = 0; k < 4; k++)
            from[k] = (double)v[k * t.stride[1]];
        move_box(g, height, width, from, i, b);
    }
    return OST_OK;
}

/* The rows of a field that belong to the boxes that stay. */
static ost_rc keep_rows(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_field *f, const moved_boxes *b, ost_item *out,
                        ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    ost_tensor from, to;
    ost_rc rc;

    memcpy(shape, f->shape, sizeof(shape));
    shape[0] = b->kept;
    rc = ost_item_tensor(ctx, in, f->name, &from, err);
    if (!rc)
        rc = ost_new_field(ctx, out, f->name, f->dtype, f->ndim, shape, &to,
                           err);
    for (int64_t i = 0; !rc && i < b->kept; i++) {
        size_t size = ost_dtype_size(f->dtype);
        ost_tensor a = from, c = to;

        a.data = (unsigned char *)from.data +
                 (size_t)(b->row[i] * from.stride[0]) * size;
        c.data = (unsigned char *)to.data + (size_t)(i * to.stride[0]) * size;
        a.shape[0] = c.shape[0] = 1;
        rc = ost_cpu_copy(&a, &c, err);
    }
    return rc;
}

static ost_rc write_boxes(ost_stage_ctx *ctx, const ost_item *in,
                          const moved_boxes *b, ost_item *out, ost_err *err)
{
    int64_t shape[2] = { b->kept, 4 };
    ost_tensor t;
    ost_rc rc;

    rc = ost_new_field(ctx, out, "boxes", OST_F32, 2, shape, &t, err);
    if (rc)
        return rc;
    if (b->kept)
        memcpy(t.data, b->at, (size_t)b->kept * 4 * sizeof(float));
    for (size_t i = 0; b->kept < b->n && i < in->n_fields && !rc; i++) {
        const ost_field *f = &in->fields[i];

        if (ost_starts_with(f->name, "boxes.") && f->ndim >= 1 &&
            f->shape[0] == b->n)
            rc = keep_rows(ctx, in, f, b, out, err);
    }
    return rc;
}

static ost_rc boxes_through(ost_stage_ctx *ctx, const ost_item *in,
                            const ost_geometry *g, ost_item *out, ost_err *err)
{
    const ost_field *f = ost_item_field(in, "boxes");
    int64_t height = g->height, width = g->width;
    moved_boxes b = { 0 };
    ost_rect frame;
    ost_rc rc;

    if (!f || ost_plane_kind_of(f) != OST_PLANE_BOXES)
        return OST_OK;
    rc = ost_geometry_frame(in, &frame, err);
    if (rc || ost_rect_is_empty(&frame))
        return rc;
    if (height == 0 && width == 0) {
        height = frame.height;
        width = frame.width;
    }
    rc = move_boxes(ctx, in, g, height, width, &b, err);
    if (!rc)
        rc = write_boxes(ctx, in, &b, out, err);
    return rc;
}

/* ---- pictures ---- */

typedef struct moving {
    const ost_geometry *g;
    const ost_field *field;
} moving;

static ost_rc move_plane(void *user, ost_plane_kind kind, const ost_tensor *in,
                         ost_tensor *out, ost_err *err)
{
    const moving *m = user;

    (void)kind;
    return m->g->plane(m->g->user, m->field, in, out, err);
}

ost_rc ost_geometry_apply(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_geometry *g, ost_item *out, ost_err *err)
{
    ost_rc rc = OST_OK;

    if (!ost_plane_lead(in))
        return ost_fail(err, OST_EINPUT, "there is no picture");
    for (size_t i = 0; i < in->n_fields && !rc; i++) {
        const ost_field *f = &in->fields[i];
        ost_plane_kind kind = ost_plane_kind_of(f);
        moving m = { g, f };
        ost_plane_map map = { .height = g->height,
                              .width = g->width,
                              .body = move_plane,
                              .user = &m };

        if (kind == OST_PLANE_NONE || kind == OST_PLANE_BOXES)
            continue;
        rc = ost_map_planes(ctx, in, f->name, &map, out, err);
    }
    if (!rc)
        rc = boxes_through(ctx, in, g, out, err);
    return rc;
}

/* ---- through a map ---- */

typedef struct warping {
    const ost_backend *images;
    ost_warp_spec spec;
} warping;

static ost_rc warp_plane(void *user, const ost_field *field,
                         const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    const warping *w = user;
    ost_warp_spec spec = w->spec;

    if (ost_plane_is_mask(ost_plane_kind_of(field))) {
        spec.nearest = true;
        spec.border = OST_BORDER_CONSTANT;
        spec.fill = 0.0f;
    }
    return w->images->warp(in, &spec, out, err);
}

static void warp_box(void *user, const double from[4], double to[4])
{
    ost_box_warp(&((const warping *)user)->spec.map, from, to);
}

ost_rc ost_geometry_warp(ost_stage_ctx *ctx, const ost_item *in,
                         const ost_warp_spec *spec, int64_t height,
                         int64_t width, ost_item *out, ost_err *err)
{
    warping w = { ost_ctx_images(ctx), *spec };
    ost_geometry g = { .height = height,
                       .width = width,
                       .plane = warp_plane,
                       .box = warp_box,
                       .user = &w };

    return ost_geometry_apply(ctx, in, &g, out, err);
}

/* ---- a rectangle ---- */

static ost_rc pad_plane(void *user, const ost_field *field,
                        const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    const ost_cut *cut = user;
    ost_pad_spec spec = { .top = cut->rect.top,
                          .left = cut->rect.left,
                          .mode = cut->mode,
                          .fill = cut->fill };

    if (ost_plane_is_mask(ost_plane_kind_of(field))) {
        spec.mode = OST_PAD_CONSTANT;
        spec.fill = 0.0;
    }
    return ost_cpu_pad(in, &spec, out, err);
}

static void shift_box(void *user, const double from[4], double to[4])
{
    const ost_cut *cut = user;

    for (int k = 0; k < 4; k++)
        to[k] = from[k] - (double)(k % 2 ? cut->rect.top : cut->rect.left);
}

/* A rectangle means the same pixels in pictures of one size alone. */
ost_rc ost_geometry_one_size(const ost_item *item, ost_rect *frame,
                             ost_err *err)
{
    ost_rc rc = ost_geometry_frame(item, frame, err);

    for (size_t i = 0; i < item->n_fields && !rc; i++) {
        const ost_field *f = &item->fields[i];
        ost_plane_kind kind = ost_plane_kind_of(f);
        int64_t h, w;

        if (kind == OST_PLANE_NONE || kind == OST_PLANE_BOXES)
            continue;
        h = ost_plane_height(kind, f->shape);
        w = ost_plane_width(kind, f->shape);
        if (h != frame->height || w != frame->width)
            rc = ost_fail(err, OST_EINPUT,
                          "field '%s' is %lld x %lld and '%s' is %lld x "
                          "%lld: one rectangle does not fit both",
                          f->name, (long long)h, (long long)w,
                          ost_plane_lead(item)->name, (long long)frame->height,
                          (long long)frame->width);
    }
    return rc;
}

ost_rc ost_geometry_cut(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_cut *cut, ost_item *out, ost_err *err)
{
    ost_geometry g = { .height = cut->rect.height,
                       .width = cut->rect.width,
                       .plane = pad_plane,
                       .box = shift_box,
                       .user = (void *)(uintptr_t)cut };
    const ost_rect *r = &cut->rect;
    ost_rect frame;
    ost_rc rc;

    rc = ost_geometry_one_size(in, &frame, err);
    if (rc)
        return rc;
    if (ost_rect_is_empty(r))
        return ost_fail(err, OST_EINPUT, "the rectangle has no pixels");
    if (!ost_rect_inside(r, &frame))
        return ost_geometry_apply(ctx, in, &g, out, err);
    for (size_t i = 0; i < in->n_fields; i++) {
        const ost_field *f = &in->fields[i];
        ost_plane_kind kind = ost_plane_kind_of(f);
        ost_field view;

        if (kind == OST_PLANE_NONE || kind == OST_PLANE_BOXES)
            continue;
        view = ost_plane_view(f, r->top, r->left, r->height, r->width);
        ost_item_set_field(ost_ctx_arena(ctx), out, &view);
    }
    return boxes_through(ctx, in, &g, out, err);
}
