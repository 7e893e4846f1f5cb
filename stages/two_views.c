/* stages/two_views.c - the pictures of both views of an exam become one */
#include "stages/two_views.h"

#include "base/alloc.h"
#include "base/text.h"
#include "kernels/backend.h"

#include <string.h>

#include "base/banned.h"

/* A view is one image: there is no telling which frames of two views belong
 * together. */
static ost_rc refuse_stacks(const ost_item *item, ost_err *err)
{
    for (size_t i = 0; i < item->n_fields; i++)
        if (ost_plane_is_stack(ost_plane_kind_of(&item->fields[i])))
            return ost_fail(err, OST_EINPUT,
                            "item '%s': field '%s' is of frames, and a view is "
                            "one image ('frames' makes images of a series)",
                            item->id, item->fields[i].name);
    return OST_OK;
}

static ost_rc open_image(ost_stage_ctx *ctx, const ost_item *item,
                         ost_tensor *t, ost_err *err)
{
    ost_plane_kind kind;
    ost_rc rc = refuse_stacks(item, err);

    if (!rc)
        rc = ost_open_plane(ctx, item, "image", &kind, t, err);
    if (!rc && (t->shape[0] == 0 || t->shape[1] == 0))
        rc = ost_fail(err, OST_EINPUT, "item '%s' has no pixels", item->id);
    return rc;
}

/* Shows a plane of the view from behind in the place of the view in front. */
static ost_rc put_back(const ost_two_views *e, const ost_tensor *plane,
                       bool mask, ost_tensor *out, ost_err *err)
{
    ost_warp_spec spec = { .map = e->map,
                           .nearest = mask,
                           .border = OST_BORDER_CONSTANT };

    return e->images->warp(plane, &spec, out, err);
}

static float combined(ost_view_combine how, float a, float b)
{
    if (how == OST_VIEW_MAX)
        return a > b ? a : b;
    return how == OST_VIEW_MEAN ? (a + b) * 0.5f : a + b;
}

/* `sum` holds the one view, `other` the second; both of f32, n values. */
static ost_rc finish(const ost_two_views *e, ost_view_combine how, float *sum,
                     const float *other, int64_t n, ost_tensor *out,
                     ost_err *err)
{
    ost_tensor whole = ost_tensor_of(sum, OST_F32, out->ndim, out->shape);

    for (int64_t i = 0; i < n; i++) {
        if (other)
            sum[i] = combined(how, sum[i], other[i]);
        if (out->dtype == OST_U16 && !(sum[i] >= 0.0f && sum[i] <= 65535.0f))
            return ost_fail(err, OST_EINPUT,
                            "%.9g does not fit into u16: \"type\": \"f32\" "
                            "holds it",
                            (double)sum[i]);
    }
    return e->images->rescale(&whole, 1.0, 0.0, out, err);
}

ost_rc ost_two_views_image(ost_stage_ctx *ctx, const ost_two_views *e,
                           ost_view_combine combine, ost_dtype dtype,
                           ost_item *out, ost_err *err)
{
    const ost_tensor *like = e->front ? &e->front_image : &e->back_image;
    int64_t n = ost_tensor_count(like);
    int64_t n_back = e->back ? ost_tensor_count(&e->back_image) : 0;
    float *sum = ost_try_alloc((size_t)n, 2 * sizeof(*sum));
    float *back = ost_try_alloc((size_t)n_back + 1, sizeof(*back));
    ost_tensor total = ost_tensor_of(sum, OST_F32, like->ndim, like->shape);
    ost_tensor plain = total, moved = total, image;
    ost_rc rc;

    if (!sum || !back) {
        rc = ost_fail(err, OST_ENOMEM, "no memory for a sum");
        goto out;
    }
    rc = ost_new_field(ctx, out, "image", dtype, like->ndim, like->shape,
                       &image, err);
    if (!rc && e->front)
        rc = e->images->rescale(&e->front_image, 1.0, 0.0, &total, err);
    if (!rc && e->back) {
        plain = ost_tensor_of(back, OST_F32, e->back_image.ndim,
                              e->back_image.shape);
        moved.data = e->front ? sum + n : sum;
        rc = e->images->rescale(&e->back_image, 1.0, 0.0, &plain, err);
        if (!rc)
            rc = put_back(e, &plain, false, &moved, err);
    }
    if (!rc)
        rc = finish(e, combine, sum, e->front && e->back ? sum + n : NULL, n,
                    &image, err);
out:
    ost_free(back);
    ost_free(sum);
    return rc;
}

/* ---- masks and boxes ---- */

/* A mask of a view, which has the view's size. */
static ost_rc open_mask(ost_stage_ctx *ctx, const ost_item *view,
                        const ost_tensor *image, const char *name,
                        ost_tensor *mask, ost_err *err)
{
    ost_rc rc = ost_item_tensor(ctx, view, name, mask, err);

    if (!rc && (mask->shape[0] != image->shape[0] ||
                mask->shape[1] != image->shape[1]))
        rc = ost_fail(err, OST_EINPUT, "item '%s': it is no mask of its image",
                      view->id);
    return rc;
}

static ost_rc add_mask(ost_stage_ctx *ctx, const ost_two_views *e,
                       const char *name, ost_item *out, ost_err *err)
{
    const ost_tensor *like = e->front ? &e->front_image : &e->back_image;
    int64_t n = like->shape[0] * like->shape[1];
    ost_tensor mask, one, moved;
    void *data = ost_try_alloc((size_t)n, 1);
    ost_rc rc;

    if (!data)
        return ost_fail(err, OST_ENOMEM, "no memory for a mask");
    moved = ost_tensor_of(data, OST_U8, 2, like->shape);
    rc = ost_new_field(ctx, out, name, OST_U8, 2, like->shape, &mask, err);
    if (!rc && e->front && ost_item_field(e->front, name)) {
        rc = open_mask(ctx, e->front, &e->front_image, name, &one, err);
        if (!rc)
            rc = ost_cpu_copy(&one, &mask, err);
    }
    if (!rc && e->back && ost_item_field(e->back, name)) {
        rc = open_mask(ctx, e->back, &e->back_image, name, &one, err);
        if (!rc)
            rc = put_back(e, &one, true, &moved, err);
        for (int64_t i = 0; i < n && !rc; i++)
            if (!((uint8_t *)mask.data)[i])
                ((uint8_t *)mask.data)[i] = ((const uint8_t *)data)[i];
    }
    ost_free(data);
    if (rc)
        ost_err_at(err, "field '%s'", name);
    return rc;
}

ost_rc ost_two_views_masks(ost_stage_ctx *ctx, const ost_two_views *e,
                           ost_item *out, ost_err *err)
{
    const ost_item *const views[] = { e->front, e->back };
    ost_rc rc = OST_OK;

    for (size_t v = 0; v < 2; v++)
        for (size_t i = 0; views[v] && i < views[v]->n_fields && !rc; i++) {
            const ost_field *f = &views[v]->fields[i];

            if (ost_plane_kind_of(f) != OST_PLANE_MASK ||
                (v == 1 && e->front && ost_item_field(e->front, f->name)))
                continue;
            rc = add_mask(ctx, e, f->name, out, err);
        }
    return rc;
}

static bool is_outside(const double at[4], const ost_tensor *like)
{
    return !(at[2] > 0.0) || !(at[3] > 0.0) ||
           !(at[0] < (double)like->shape[1]) ||
           !(at[1] < (double)like->shape[0]);
}

/* Appends the boxes of a view, as the step moves them, without those that it
 * moves out of the picture. */
static ost_rc copy_boxes(ost_stage_ctx *ctx, const ost_two_views *e,
                         const ost_item *view, float *to, int64_t *kept,
                         ost_err *err)
{
    const ost_tensor *like = e->front ? &e->front_image : &e->back_image;
    ost_tensor t;
    ost_rc rc = ost_item_tensor(ctx, view, "boxes", &t, err);

    for (int64_t i = 0; !rc && i < t.shape[0]; i++) {
        const float *v = (const float *)t.data + i * t.stride[0];
        double from[4], at[4];

        for (int k = 0; k < 4; k++)
            from[k] = at[k] = (double)v[k * t.stride[1]];
        if (view == e->back)
            ost_box_warp(&e->map, from, at);
        if (view == e->back && e->front && is_outside(at, like))
            continue;
        for (int k = 0; k < 4; k++) {
            double most = (double)like->shape[k % 2 ? 0 : 1];

            to[4 * *kept + k] = (float)(at[k] < 0.0    ? 0.0
                                        : at[k] > most ? most
                                                       : at[k]);
        }
        ++*kept;
    }
    return rc;
}

static int64_t count_boxes(const ost_item *view)
{
    const ost_field *f = view ? ost_item_field(view, "boxes") : NULL;

    return f && ost_plane_kind_of(f) == OST_PLANE_BOXES ? f->shape[0] : 0;
}

ost_rc ost_two_views_boxes(ost_stage_ctx *ctx, const ost_two_views *e,
                           ost_item *out, ost_err *err)
{
    int64_t front = count_boxes(e->front), back = count_boxes(e->back);
    int64_t shape[2] = { 0, 4 };
    ost_tensor boxes;
    ost_rc rc = OST_OK;
    float *to;

    if (front + back == 0)
        return OST_OK;
    /* Rows that belong to the boxes of one view alone. */
    for (size_t i = 0; e->front && e->back && i < e->front->n_fields; i++)
        if (ost_starts_with(e->front->fields[i].name, "boxes."))
            ost_item_remove_field(ost_ctx_arena(ctx), out,
                                  e->front->fields[i].name);
    to = OST_ARENA_ARRAY(ost_ctx_arena(ctx), float, 4 * (size_t)(front + back));
    if (front)
        rc = copy_boxes(ctx, e, e->front, to, &shape[0], err);
    if (!rc && back)
        rc = copy_boxes(ctx, e, e->back, to, &shape[0], err);
    if (!rc)
        rc = ost_new_field(ctx, out, "boxes", OST_F32, 2, shape, &boxes, err);
    if (!rc)
        memcpy(boxes.data, to, (size_t)shape[0] * 4 * sizeof(*to));
    return rc;
}

/* ---- places ---- */

ost_rc ost_two_views_open(ost_stage_ctx *ctx, ost_two_views *e, double theta,
                          int64_t pixels, ost_view_align align, ost_err *err)
{
    ost_rect front = { 0 }, back = { 0 };
    ost_rc rc = OST_OK;

    e->images = ost_ctx_images(ctx);
    if (e->front)
        rc = open_image(ctx, e->front, &e->front_image, err);
    if (!rc && e->back)
        rc = open_image(ctx, e->back, &e->back_image, err);
    if (rc)
        return rc;
    if (e->front && e->back) {
        if (e->front_image.ndim != e->back_image.ndim ||
            (e->front_image.ndim == 3 &&
             e->front_image.shape[2] != e->back_image.shape[2]))
            return ost_fail(err, OST_EINPUT,
                            "'%s' and '%s' have not as many channels",
                            e->front->id, e->back->id);
        rc = ost_uptake_box(&e->front_image, theta, pixels, &front, err);
        if (!rc)
            rc = ost_uptake_box(&e->back_image, theta, pixels, &back, err);
    }
    if (!rc && e->back)
        e->map = ost_view_map(align, &front, &back, e->back_image.shape[1]);
    e->aligned = align != OST_VIEW_ALIGN_NONE && !ost_rect_is_empty(&front) &&
                 !ost_rect_is_empty(&back);
    return rc;
}
