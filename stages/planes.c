/* stages/planes.c - the fields of an item that are pictures, plane by plane */
#include "stages/planes.h"

#include "base/text.h"
#include "kernels/areas.h"

#include <string.h>

#include "base/banned.h"

ost_plane_kind ost_plane_kind_of(const ost_field *f)
{
    if (strcmp(f->name, "boxes") == 0)
        return f->ndim == 2 && f->shape[1] == 4 && f->dtype == OST_F32
                   ? OST_PLANE_BOXES
                   : OST_PLANE_NONE;
    if (ost_starts_with(f->name, "boxes.")) /* rows that belong to boxes */
        return OST_PLANE_NONE;
    if (f->ndim < 2 || f->ndim > 3 ||
        (f->dtype != OST_U8 && f->dtype != OST_U16 && f->dtype != OST_F32))
        return OST_PLANE_NONE;
    if (strcmp(f->name, "frames") == 0)
        return f->ndim == 3 ? OST_PLANE_FRAMES : OST_PLANE_NONE;
    if (strcmp(f->name, "mask") == 0 || ost_starts_with(f->name, "mask."))
        return f->ndim == 3 ? OST_PLANE_MASKS : OST_PLANE_MASK;
    return OST_PLANE_IMAGE;
}

bool ost_plane_is_stack(ost_plane_kind kind)
{
    return kind == OST_PLANE_FRAMES || kind == OST_PLANE_MASKS;
}

bool ost_plane_is_mask(ost_plane_kind kind)
{
    return kind == OST_PLANE_MASK || kind == OST_PLANE_MASKS;
}

int64_t ost_plane_height(ost_plane_kind kind, const int64_t *shape)
{
    return shape[ost_plane_is_stack(kind) ? 1 : 0];
}

int64_t ost_plane_width(ost_plane_kind kind, const int64_t *shape)
{
    return shape[ost_plane_is_stack(kind) ? 2 : 1];
}

const ost_field *ost_plane_lead(const ost_item *item)
{
    const ost_field *lead = ost_item_field(item, "image");

    if (lead && ost_plane_kind_of(lead) == OST_PLANE_IMAGE)
        return lead;
    for (size_t i = 0; i < item->n_fields; i++) {
        ost_plane_kind kind = ost_plane_kind_of(&item->fields[i]);

        if (kind != OST_PLANE_NONE && kind != OST_PLANE_BOXES)
            return &item->fields[i];
    }
    return NULL;
}

ost_field ost_plane_view(const ost_field *f, int64_t top, int64_t left,
                         int64_t height, int64_t width)
{
    int row = ost_plane_is_stack(ost_plane_kind_of(f)) ? 1 : 0;
    ost_field view = *f;

    view.offset += (uint64_t)(top * f->stride[row] + left * f->stride[row + 1]);
    view.shape[row] = height;
    view.shape[row + 1] = width;
    return view;
}

ost_rc ost_open_plane(ost_stage_ctx *ctx, const ost_item *item,
                      const char *name, ost_plane_kind *kind, ost_tensor *t,
                      ost_err *err)
{
    ost_rc rc = ost_item_tensor(ctx, item, name, t, err);

    if (rc)
        return rc;
    *kind = ost_plane_kind_of(ost_item_field(item, name));
    if (*kind == OST_PLANE_NONE || *kind == OST_PLANE_BOXES)
        return ost_fail(err, OST_EINPUT, "field '%s' is not a picture", name);
    return OST_OK;
}

ost_rc ost_open_mask(ost_stage_ctx *ctx, const ost_item *item, const char *name,
                     ost_tensor *t, ost_err *err)
{
    ost_plane_kind kind;
    ost_tensor all;
    ost_rc rc = ost_open_plane(ctx, item, name, &kind, &all, err);

    if (rc)
        return rc;
    if (!ost_plane_is_mask(kind))
        return ost_fail(err, OST_EINPUT, "field '%s' is no mask", name);
    *t = all;
    if (!ost_plane_is_stack(kind))
        return OST_OK;
    *t = ost_tensor_of(
        OST_ARENA_ARRAY(ost_ctx_arena(ctx), uint8_t,
                        (size_t)(all.shape[1] * all.shape[2]) + 1),
        OST_U8, 2, all.shape + 1);
    for (int64_t i = 0; i < all.shape[0] && !rc; i++) {
        ost_tensor frame = ost_plane_frame(&all, i);

        rc = ost_cpu_mark(&frame, t, err);
    }
    return rc;
}

ost_rc ost_plane_check_name(ost_plane_kind kind, const ost_field *made,
                            ost_err *err)
{
    ost_plane_kind is = ost_plane_kind_of(made);
    bool stack = ost_plane_is_stack(kind);

    if (is != OST_PLANE_NONE && is != OST_PLANE_BOXES &&
        ost_plane_is_stack(is) == stack)
        return OST_OK;
    if (stack)
        return ost_fail(err, OST_EINPUT,
                        "frames cannot be called '%s', only 'frames' or as a "
                        "mask",
                        made->name);
    return ost_fail(err, OST_EINPUT, "this image cannot be called '%s'",
                    made->name);
}

ost_tensor ost_plane_frame(const ost_tensor *t, int64_t i)
{
    ost_tensor f = *t;

    f.ndim = 2;
    for (int d = 0; d < 2; d++) {
        f.shape[d] = t->shape[d + 1];
        f.stride[d] = t->stride[d + 1];
    }
    f.data = (unsigned char *)t->data +
             i * t->stride[0] * (int64_t)ost_dtype_size(t->dtype);
    return f;
}

ost_rc ost_map_planes(ost_stage_ctx *ctx, const ost_item *in, const char *from,
                      const ost_plane_map *map, ost_item *out, ost_err *err)
{
    ost_plane_kind kind;
    ost_field made;
    ost_tensor src, dst;
    int64_t shape[3] = { 0 };
    int64_t *sides;
    ost_rc rc;
    bool stack;
    int ndim;

    rc = ost_open_plane(ctx, in, from, &kind, &src, err);
    if (rc)
        return rc;
    stack = ost_plane_is_stack(kind);
    ndim = map->drop_channels && !stack ? 2 : src.ndim;
    memcpy(shape, src.shape, (size_t)ndim * sizeof(*shape));
    sides = shape + (stack ? 1 : 0);
    if (map->height) {
        sides[0] = map->height;
        sides[1] = map->width;
    }
    made = (ost_field){ .name = map->to ? map->to : from,
                        .dtype = map->dtype ? map->dtype : src.dtype,
                        .ndim = ndim };
    rc = ost_plane_check_name(kind, &made, err);
    if (!rc)
        rc = ost_new_field(ctx, out, made.name, made.dtype, ndim, shape, &dst,
                           err);
    if (!rc && !stack)
        rc = map->body(map->user, kind, &src, &dst, err);
    for (int64_t i = 0; stack && i < shape[0] && !rc; i++) {
        ost_tensor a = ost_plane_frame(&src, i), b = ost_plane_frame(&dst, i);

        rc = map->body(map->user, kind, &a, &b, err);
    }
    if (rc)
        ost_err_at(err, "field '%s'", from);
    return rc;
}

void ost_plane_upright(ost_stage_ctx *ctx, ost_item *out, const char *from,
                       const char *to)
{
    if (ost_item_is_inverse(out, from) && strcmp(to, "image") == 0)
        ost_item_set_text(ost_ctx_arena(ctx), out, "photometric",
                          "MONOCHROME2");
}
