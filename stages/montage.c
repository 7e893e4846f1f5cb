/* stages/montage.c - pictures side by side as one, and apart again
 *
 * `join` puts the parts row by row into `rows` x `cols` cells: the items of a
 * group (parent, root), in the order of an attribute, or the images of a field
 * (T, H, W).  All parts of a field have one size and type; there are as many
 * as there are cells.
 *
 *     items   every picture field of the items, masks too; boxes move along.
 *             The result is called as the group is, its parents are the items.
 *     frames  field `field` of each item by itself, and its masks of that
 * shape; other pictures and boxes, which would not fit, are left out
 *
 * `split` is the inverse: it cuts each picture into cells of equal size, as
 * views, without copying a pixel: into items called ID#0, ID#1 (with `ids:
 * parents` as they were called before), or into one field (T, H, W), which is
 * a view as well where the cells lie in one row or one column.
 */
#include "base/map.h"
#include "base/text.h"
#include "kernels/image.h"
#include "kernels/layer.h"
#include "stages/geometry.h"
#include "stages/montage_cells.h"
#include "stages/series.h"

#include <string.h>

#include "base/banned.h"

enum { JOIN, SPLIT };
enum { ITEMS, FRAMES };
enum { NUMBER, PARENTS };

typedef struct {
    int direction;
    int parts;
    int64_t rows;
    int64_t cols;
    ost_series_spec series;
    int labels;
    ost_str_list fields;
    int ids;
    const char *field;
    const char *to;
    ost_str_list also;
} montage_params;

static const ost_param params[] = {
    OST_PARAM(montage_params, direction, CHOICE,
              "put parts together, or cut them apart", .dflt = "\"join\"",
              .choices = "join|split"),
    OST_PARAM(montage_params, parts, CHOICE,
              "a part is an item, or an image of a field (T, H, W)",
              .dflt = "\"items\"", .choices = "items|frames"),
    OST_PARAM(montage_params, rows, I64, "cells below each other", .dflt = "1",
              .min = 1, .max = 10000),
    OST_PARAM(montage_params, cols, I64,
              "cells next to each other; 0: as many as the parts need (join)",
              .dflt = "0", .min = 0, .max = 10000),
    { .name = "by",
      .kind = OST_PARAM_CHOICE,
      .offset = offsetof(montage_params, series.by),
      .help = "join items: what they have in common",
      .dflt = "\"group\"",
      .choices = OST_SERIES_BY },
    { .name = "within",
      .kind = OST_PARAM_STR_LIST,
      .offset = offsetof(montage_params, series.within),
      .help = "join items: attributes that they have in common besides, such "
              "as study",
      .dflt = "[]" },
    { .name = "order",
      .kind = OST_PARAM_STR,
      .offset = offsetof(montage_params, series.order),
      .help = "join items: attribute that puts them in order, such as view, "
              "or \"id\"",
      .dflt = "\"id\"" },
    OST_PARAM(montage_params, labels, CHOICE,
              "join items: whose labels the picture has: the same ones (else "
              "an error), those of the last, the first, or any",
              .dflt = "\"same\"", .choices = OST_SERIES_LABELS),
    OST_PARAM(montage_params, fields, STR_LIST,
              "join items: fields that are joined; unset: every picture",
              .dflt = "null"),
    OST_PARAM(montage_params, ids, CHOICE,
              "split into items: call them by number (ID#0), or as the "
              "parents, which 'join' names",
              .dflt = "\"number\"", .choices = "number|parents"),
    OST_PARAM(montage_params, field, STR,
              "frames: field that is read; unset: frames to join, image to "
              "split",
              .dflt = "null"),
    OST_PARAM(montage_params, to, STR,
              "frames: field that is written; unset: image or frames",
              .dflt = "null"),
    OST_PARAM(montage_params, also, STR_LIST,
              "frames: fields that have to be there too, such as mask.NAME "
              "(all masks that are come along)",
              .dflt = "[]"),
    OST_END,
};

static ost_rc check(const void *of, ost_err *err)
{
    const montage_params *p = of;

    if (p->direction == SPLIT && p->cols == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "to split, param 'cols' must say how many cells are "
                        "next to each other");
    return OST_OK;
}

/* The field of frames that is read, and the one that is written. */
static const char *field_read(const montage_params *p)
{
    return p->field ? p->field : p->direction == JOIN ? "frames" : "image";
}

static const char *field_written(const montage_params *p)
{
    return p->to ? p->to : p->direction == JOIN ? "image" : "frames";
}

/* Whether a field goes the way of the one that is read. */
static bool follows(const montage_params *p, const ost_field *f)
{
    ost_plane_kind kind = ost_plane_kind_of(f);

    if (strcmp(f->name, field_read(p)) == 0 ||
        strcmp(f->name, field_written(p)) == 0)
        return false;
    for (size_t i = 0; i < p->also.n; i++)
        if (strcmp(f->name, p->also.v[i]) == 0)
            return true;
    return kind == (p->direction == JOIN ? OST_PLANE_MASKS : OST_PLANE_MASK);
}

/* Whether a field belongs to pictures that are no more. */
static bool is_left_out(const montage_params *p, const ost_field *f)
{
    return strcmp(f->name, field_read(p)) != 0 &&
           strcmp(f->name, field_written(p)) != 0 && !follows(p, f) &&
           (ost_plane_kind_of(f) != OST_PLANE_NONE ||
            ost_starts_with(f->name, "boxes."));
}

/* Says once which fields are left out. */
static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const montage_params *p = ost_ctx_params(ctx);
    const ost_item *items = NULL;
    ost_map seen = { 0 };
    ost_buf list = { 0 };
    size_t n = 0;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++) {
        ost_ctx_direct(ctx, i, "");
        for (size_t k = 0; p->parts == FRAMES && k < items[i].n_fields; k++) {
            const ost_field *f = &items[i].fields[k];

            if (is_left_out(p, f) &&
                ost_map_put(&seen, f->name, strlen(f->name), 0))
                ost_buf_addf(&list, "%s'%s'", list.len ? ", " : "", f->name);
        }
    }
    if (list.len)
        ost_note(ctx, "fields that do not fit and are left out: %s",
                 ost_buf_str(&list));
    ost_buf_release(&list);
    ost_map_release(&seen);
    return rc;
}

static ost_rc bucket(ost_stage_ctx *ctx, const ost_item *in, const char **name,
                     ost_err *err)
{
    const montage_params *p = ost_ctx_params(ctx);

    if (p->direction == JOIN && p->parts == ITEMS)
        return ost_series_name(ost_ctx_arena(ctx), &p->series, in, name, err);
    *name = in->id;
    return OST_OK;
}

/* The cells that `n` parts fill. */
static ost_rc cells_of(const montage_params *p, int64_t n, ost_cells *cells,
                       ost_err *err)
{
    int64_t cols = p->cols ? p->cols : (n + p->rows - 1) / p->rows;

    *cells = (ost_cells){ .rows = p->rows, .cols = cols };
    if (n == p->rows * cols)
        return OST_OK;
    return ost_fail(err, OST_EINPUT, "%lld parts do not fill %lld x %lld cells",
                    (long long)n, (long long)p->rows, (long long)cols);
}

/* --- items -----------------------------------------------------------------
 */

static ost_rc join_items(ost_stage_ctx *ctx, const ost_item **items, size_t n,
                         ost_err *err)
{
    const montage_params *p = ost_ctx_params(ctx);
    const ost_item *first = items[0];
    ost_cells cells;
    const char *name;
    ost_item *out;
    ost_rc rc;

    rc = ost_series_name(ost_ctx_arena(ctx), &p->series, first, &name, err);
    if (!rc)
        rc = ost_series_sort(&p->series, items, n, err);
    if (!rc)
        rc = cells_of(p, (int64_t)n, &cells, err);
    if (!rc)
        rc = ost_series_new(ctx, name, items, n, p->labels, &out, err);
    first = items[0];
    for (size_t i = 0; i < p->fields.n && !rc; i++)
        rc = ost_cells_join(ctx, &cells, items, n, p->fields.v[i], out, err);
    for (size_t i = 0; p->fields.n == 0 && i < first->n_fields && !rc; i++) {
        ost_plane_kind kind = ost_plane_kind_of(&first->fields[i]);

        if (kind != OST_PLANE_NONE && kind != OST_PLANE_BOXES)
            rc = ost_cells_join(ctx, &cells, items, n, first->fields[i].name,
                                out, err);
    }
    if (!rc)
        rc = ost_cells_join_boxes(ctx, &cells, items, n, out, err);
    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

static ost_rc split_items(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const montage_params *p = ost_ctx_params(ctx);
    int64_t n = p->rows * p->cols;
    ost_rect frame;
    ost_rc rc = ost_geometry_frame(in, &frame, err);

    if (!rc)
        rc = ost_cells_divide(p->rows, p->cols, frame.height, frame.width, err);
    for (int64_t k = 0; k < n && !rc; k++) {
        ost_cut cut = { .rect = { .height = frame.height / p->rows,
                                  .width = frame.width / p->cols } };
        ost_item *out;

        cut.rect.top = k / p->cols * cut.rect.height;
        cut.rect.left = k % p->cols * cut.rect.width;
        rc = ost_series_part(ctx, in, (size_t)k, (size_t)n, p->ids == PARENTS,
                             &out, err);
        if (rc || !out)
            continue;
        out->fields = in->fields;
        out->n_fields = in->n_fields;
        rc = ost_geometry_cut(ctx, in, &cut, out, err);
        if (!rc)
            rc = ost_emit(ctx, "out", out, err);
    }
    return rc;
}

/* --- frames ----------------------------------------------------------------
 */

static ost_rc turn_stack(ost_stage_ctx *ctx, const ost_item *in,
                         const char *from, const char *to, ost_item *out,
                         ost_err *err)
{
    const montage_params *p = ost_ctx_params(ctx);
    const ost_field *f = ost_item_field(in, from);
    ost_cells cells = { .rows = p->rows, .cols = p->cols };
    int sides = p->direction == JOIN ? 3 : 2;
    ost_rc rc = OST_OK;

    if (!f || f->ndim != sides)
        return ost_fail(err, OST_EINPUT, "there is no %s in field '%s'",
                        sides == 3 ? "stack (T, H, W)" : "picture (H, W)",
                        from);
    if (strcmp(from, to) != 0)
        ost_item_remove_field(ost_ctx_arena(ctx), out, from);
    if (p->direction == JOIN)
        rc = cells_of(p, f->shape[0], &cells, err);
    if (rc)
        return rc;
    return p->direction == JOIN
               ? ost_cells_join_stack(ctx, &cells, in, from, to, out, err)
               : ost_cells_split_stack(ctx, &cells, in, from, to, out, err);
}

/* What follows has the shape of what it follows. */
static ost_rc check_shape(const ost_item *in, const char *name,
                          const ost_field *f, ost_err *err)
{
    const ost_field *lead = ost_item_field(in, name);
    char have[96], want[96];

    if (lead->ndim == f->ndim &&
        memcmp(lead->shape, f->shape, (size_t)f->ndim * sizeof(*f->shape)) == 0)
        return OST_OK;
    ost_shape_text(have, f->ndim, f->shape);
    ost_shape_text(want, lead->ndim, lead->shape);
    return ost_fail(err, OST_EINPUT,
                    "field '%s' is %s and '%s' is %s: they do not go together",
                    f->name, have, name, want);
}

static ost_rc check_also(const montage_params *p, const ost_item *in,
                         ost_err *err)
{
    for (size_t i = 0; i < p->also.n; i++)
        if (!ost_item_field(in, p->also.v[i]))
            return ost_fail(err, OST_EINPUT, "there is no field '%s' (also)",
                            p->also.v[i]);
    return OST_OK;
}

static ost_rc turn_frames(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const montage_params *p = ost_ctx_params(ctx);
    const char *name = field_read(p);
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rc rc;

    rc = turn_stack(ctx, in, name, field_written(p), out, err);
    if (!rc)
        rc = check_also(p, in, err);
    for (size_t i = 0; i < in->n_fields && !rc; i++) {
        const ost_field *f = &in->fields[i];

        if (is_left_out(p, f))
            ost_item_remove_field(ost_ctx_arena(ctx), out, f->name);
        if (!follows(p, f))
            continue;
        rc = check_shape(in, name, f, err);
        if (!rc)
            rc = turn_stack(ctx, in, f->name, f->name, out, err);
    }
    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

static ost_rc gather(ost_stage_ctx *ctx, const ost_item *const *items, size_t n,
                     ost_err *err)
{
    const montage_params *p = ost_ctx_params(ctx);
    const ost_item **sorted;
    ost_rc rc = OST_OK;

    if (p->direction == JOIN && p->parts == ITEMS) {
        sorted = OST_ARENA_ARRAY(ost_ctx_arena(ctx), const ost_item *, n);
        memcpy(sorted, items, n * sizeof(*sorted));
        return join_items(ctx, sorted, n, err);
    }
    for (size_t i = 0; i < n && !rc; i++) {
        rc = p->parts == ITEMS ? split_items(ctx, items[i], err)
                               : turn_frames(ctx, items[i], err);
        if (rc)
            ost_err_at(err, "item '%s'", items[i]->id);
    }
    return rc;
}

const ost_stage ost_stage_montage = {
    .name = "montage",
    .version = 3, /* bump when any output byte can change */
    .summary = "Put pictures side by side into one, and cut them apart.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(montage_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "parts, or pictures of parts", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "pictures of parts, or parts", false, false }),
    .check = check,
    .prepare = prepare,
    .bucket = bucket,
    .gather = gather,
};
