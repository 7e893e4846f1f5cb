/* stages/montage_cells.c - fields in the cells of a larger picture */
#include "stages/montage_cells.h"

#include "base/text.h"
#include "kernels/image.h"
#include "kernels/layer.h"
#include "stages/geometry.h"

#include <string.h>

#include "base/banned.h"

ost_rc ost_cells_divide(int64_t rows, int64_t cols, int64_t height,
                        int64_t width, ost_err *err)
{
    if (height > 0 && width > 0 && height % rows == 0 && width % cols == 0)
        return OST_OK;
    return ost_fail(
        err, OST_EINPUT,
        "a picture of %lld x %lld is not %lld x %lld cells of equal "
        "size",
        (long long)height, (long long)width, (long long)rows, (long long)cols);
}

ost_tensor ost_cell_of(const ost_tensor *all, const ost_cells *cells, int64_t k)
{
    ost_tensor cell = *all;
    int64_t at;

    cell.shape[0] = all->shape[0] / cells->rows;
    cell.shape[1] = all->shape[1] / cells->cols;
    at = k / cells->cols * cell.shape[0] * all->stride[0] +
         k % cells->cols * cell.shape[1] * all->stride[1];
    cell.data =
        (unsigned char *)all->data + at * (int64_t)ost_dtype_size(all->dtype);
    return cell;
}

/* ---- items ---- */

static ost_rc check_part(const ost_item *const *items, size_t i,
                         const char *name, const ost_tensor *t,
                         const ost_tensor *first, ost_err *err)
{
    bool alike = t->ndim == first->ndim && t->dtype == first->dtype;
    char have[96], want[96];

    for (int d = 0; alike && d < t->ndim; d++)
        alike = t->shape[d] == first->shape[d];
    if (alike)
        return OST_OK;
    ost_shape_text(have, t->ndim, t->shape);
    ost_shape_text(want, first->ndim, first->shape);
    return ost_fail(err, OST_EINPUT,
                    "field '%s' of item '%s' is %s (%s), of item '%s' %s (%s) "
                    "('resize' makes them alike)",
                    name, items[i]->id, have, ost_dtype_name(t->dtype),
                    items[0]->id, want, ost_dtype_name(first->dtype));
}

ost_rc ost_cells_join(ost_stage_ctx *ctx, const ost_cells *cells,
                      const ost_item *const *items, size_t n, const char *name,
                      ost_item *out, ost_err *err)
{
    ost_tensor first = { 0 }, all = { 0 };
    int64_t shape[3];
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        ost_plane_kind kind;
        ost_tensor t, cell;

        rc = ost_open_plane(ctx, items[i], name, &kind, &t, err);
        if (!rc && ost_plane_is_stack(kind))
            rc = ost_fail(err, OST_EINPUT, "field '%s' is a series", name);
        if (rc) {
            ost_err_at(err, "item '%s'", items[i]->id);
            return rc;
        }
        if (i == 0) {
            first = t;
            shape[0] = t.shape[0] * cells->rows;
            shape[1] = t.shape[1] * cells->cols;
            shape[2] = t.shape[2];
            rc = ost_new_field(ctx, out, name, t.dtype, t.ndim, shape, &all,
                               err);
        }
        if (!rc)
            rc = check_part(items, i, name, &t, &first, err);
        if (rc)
            return rc;
        cell = ost_cell_of(&all, cells, (int64_t)i);
        rc = ost_cpu_copy(&t, &cell, err);
    }
    return rc;
}

/* ---- boxes ---- */

static bool has_boxes(const ost_item *item)
{
    const ost_field *f = ost_item_field(item, "boxes");

    return f && ost_plane_kind_of(f) == OST_PLANE_BOXES;
}

/* Puts the rows of a field of all items one after another; at least one item
 * has boxes. */
static ost_rc join_rows(ost_stage_ctx *ctx, const ost_item *const *items,
                        size_t n, const char *name, ost_item *out,
                        ost_tensor *all, ost_err *err)
{
    const ost_field *first = NULL;
    int64_t shape[OST_MAX_DIMS];
    int64_t rows = 0, at = 0;
    ost_rc rc;

    for (size_t i = 0; i < n; i++) {
        const ost_field *f =
            has_boxes(items[i]) ? ost_item_field(items[i], name) : NULL;

        if (has_boxes(items[i]) && (!f || f->ndim < 1))
            return ost_fail(err, OST_EINPUT,
                            "item '%s' has boxes and no field '%s'",
                            items[i]->id, name);
        if (f && first && (f->dtype != first->dtype || f->ndim != first->ndim))
            return ost_fail(err, OST_EINPUT,
                            "field '%s' of item '%s' is of another type", name,
                            items[i]->id);
        first = first ? first : f;
        rows += f ? f->shape[0] : 0;
    }
    if (!first)
        return OST_OK;
    memcpy(shape, first->shape, sizeof(shape));
    shape[0] = rows;
    rc = ost_new_field(ctx, out, name, first->dtype, first->ndim, shape, all,
                       err);
    for (size_t i = 0; i < n && !rc; i++) {
        ost_tensor from, to = *all;

        if (!has_boxes(items[i]))
            continue;
        rc = ost_item_tensor(ctx, items[i], name, &from, err);
        if (rc)
            break;
        to.shape[0] = from.shape[0];
        to.data = (unsigned char *)all->data +
                  at * all->stride[0] * (int64_t)ost_dtype_size(all->dtype);
        at += from.shape[0];
        rc = ost_cpu_copy(&from, &to, err);
    }
    return rc;
}

static void move_boxes(const ost_cells *cells, const ost_item *const *items,
                       size_t n, int64_t height, int64_t width,
                       const ost_tensor *boxes)
{
    float *at = boxes->data;

    for (size_t i = 0; i < n; i++) {
        int64_t rows = has_boxes(items[i])
                           ? ost_item_field(items[i], "boxes")->shape[0]
                           : 0;
        float x = (float)((int64_t)i % cells->cols * width);
        float y = (float)((int64_t)i / cells->cols * height);

        for (int64_t k = 0; k < rows; k++, at += 4) {
            at[0] += x;
            at[1] += y;
            at[2] += x;
            at[3] += y;
        }
    }
}

ost_rc ost_cells_join_boxes(ost_stage_ctx *ctx, const ost_cells *cells,
                            const ost_item *const *items, size_t n,
                            ost_item *out, ost_err *err)
{
    const ost_item *some = NULL;
    ost_tensor boxes, rows;
    ost_rect frame;
    ost_rc rc;

    for (size_t i = 0; i < n && !some; i++)
        some = has_boxes(items[i]) ? items[i] : NULL;
    if (!some)
        return OST_OK;
    rc = ost_geometry_frame(items[0], &frame, err);
    if (!rc)
        rc = join_rows(ctx, items, n, "boxes", out, &boxes, err);
    if (rc)
        return rc;
    move_boxes(cells, items, n, frame.height, frame.width, &boxes);
    for (size_t i = 0; i < some->n_fields && !rc; i++)
        if (ost_starts_with(some->fields[i].name, "boxes."))
            rc =
                join_rows(ctx, items, n, some->fields[i].name, out, &rows, err);
    return rc;
}

/* ---- stacks ---- */

ost_rc ost_cells_join_stack(ost_stage_ctx *ctx, const ost_cells *cells,
                            const ost_item *in, const char *from,
                            const char *to, ost_item *out, ost_err *err)
{
    ost_tensor stack, all;
    int64_t shape[2];
    ost_field made;
    ost_rc rc = ost_item_tensor(ctx, in, from, &stack, err);

    if (rc)
        return rc;
    shape[0] = stack.shape[1] * cells->rows;
    shape[1] = stack.shape[2] * cells->cols;
    made = (ost_field){ .name = to, .dtype = stack.dtype, .ndim = 2 };
    rc = ost_plane_check_name(OST_PLANE_IMAGE, &made, err);
    if (!rc)
        rc = ost_new_field(ctx, out, to, stack.dtype, 2, shape, &all, err);
    for (int64_t k = 0; k < stack.shape[0] && !rc; k++) {
        ost_tensor frame = ost_plane_frame(&stack, k);
        ost_tensor cell = ost_cell_of(&all, cells, k);

        rc = ost_cpu_copy(&frame, &cell, err);
    }
    return rc;
}

ost_rc ost_cells_split_stack(ost_stage_ctx *ctx, const ost_cells *cells,
                             const ost_item *in, const char *from,
                             const char *to, ost_item *out, ost_err *err)
{
    const ost_field *f = ost_item_field(in, from);
    int64_t n = cells->rows * cells->cols;
    int64_t h = f->shape[0] / cells->rows, w = f->shape[1] / cells->cols;
    int64_t shape[3] = { n, h, w };
    ost_tensor all, stack;
    ost_field view = { .name = to, .dtype = f->dtype, .ndim = 3 };
    ost_rc rc = ost_cells_divide(cells->rows, cells->cols, f->shape[0],
                                 f->shape[1], err);

    if (!rc)
        rc = ost_plane_check_name(OST_PLANE_FRAMES, &view, err);
    if (rc)
        return rc;
    if (cells->rows == 1 || cells->cols == 1) {
        view = *f;
        view.name = to;
        view.ndim = 3;
        memcpy(view.shape, shape, sizeof(shape));
        view.stride[0] = cells->cols == 1 ? h * f->stride[0] : w * f->stride[1];
        view.stride[1] = f->stride[0];
        view.stride[2] = f->stride[1];
        ost_item_set_field(ost_ctx_arena(ctx), out, &view);
        return OST_OK;
    }
    rc = ost_item_tensor(ctx, in, from, &all, err);
    if (!rc)
        rc = ost_new_field(ctx, out, to, f->dtype, 3, shape, &stack, err);
    for (int64_t k = 0; k < n && !rc; k++) {
        ost_tensor frame = ost_plane_frame(&stack, k);
        ost_tensor cell = ost_cell_of(&all, cells, k);

        rc = ost_cpu_copy(&cell, &frame, err);
    }
    return rc;
}
