/* stages/report_thumbnails.c - pictures that a report shows */
#include "base/alloc.h"
#include "stages/planes.h"
#include "stages/report_parts.h"
#include "stages/thumbnail.h"

#include <string.h>

#include "base/banned.h"

json_t *ost_report_entry(const ost_input *in)
{
    json_t *axes = json_object();

    for (size_t i = 0; i < in->n_axes; i++)
        json_object_set_new(axes, in->axes[2 * i],
                            json_string(in->axes[2 * i + 1]));
    return json_pack("{s:s?, s:o}", "name", in->row, "axes", axes);
}

/* The field as a picture: of frames, the middle one. */
static ost_rc open_field(ost_report_gathering *g, const ost_item *item,
                         const char *name, ost_tensor *t, ost_err *err)
{
    ost_rc rc = ost_item_tensor(g->ctx, item, name, t, err);

    if (!rc &&
        ost_plane_is_stack(ost_plane_kind_of(ost_item_field(item, name))))
        *t = ost_plane_frame(t, t->shape[0] / 2);
    return rc;
}

static const char *lead_of(const ost_item *item)
{
    const ost_field *lead = ost_plane_lead(item);

    return lead ? lead->name : NULL;
}

/* Stores the picture and names it in the entry, by the entry's number. */
static ost_rc keep(ost_report_gathering *g, const ost_buf *png,
                   const char *member, json_t *entry, ost_err *err)
{
    const char *name = ost_arena_printf(ost_ctx_arena(g->ctx), "%s.%zu", member,
                                        g->n_pictures - 1);
    ost_rc rc = ost_emit_blob(g->ctx, "report", name, png->data, png->len, err);

    if (!rc)
        json_object_set_new(entry, member, json_string(name));
    return rc;
}

/* The picture, or its left part, no side longer than `side`. */
static ost_rc add_shown(ost_report_gathering *g, const ost_item *item,
                        const char *field, double share, int64_t side,
                        const char *member, json_t *entry, ost_err *err)
{
    int64_t width, height;
    ost_buf png = { 0 };
    ost_tensor t;
    ost_rc rc = open_field(g, item, field, &t, err);

    if (!rc && share < 1.0)
        t.shape[1] = (int64_t)((double)t.shape[1] * share + 0.5);
    if (!rc)
        rc = ost_thumbnail(
            &t, side,
            ost_item_is_inverse(item, field) ? OST_THUMBNAIL_INVERSE : 0, &png,
            &width, &height, err);
    g->n_pictures++;
    if (!rc)
        rc = keep(g, &png, member, entry, err);
    if (rc) {
        ost_err_at(err, "item '%s'", item->id);
    } else {
        json_object_set_new(entry, "width", json_integer(width));
        json_object_set_new(entry, "height", json_integer(height));
    }
    ost_buf_release(&png);
    return rc;
}

ost_rc ost_report_add_picture(ost_report_gathering *g, const ost_item *item,
                              const char *field, const char *member,
                              json_t *entry, ost_err *err)
{
    field = field && ost_item_field(item, field) ? field : lead_of(item);
    return field ? add_shown(g, item, field, 1.0, g->params->side, member,
                             entry, err)
                 : OST_OK;
}

ost_rc ost_report_add_part(ost_report_gathering *g, const ost_item *item,
                           double share, int64_t side, const char *member,
                           json_t *entry, ost_err *err)
{
    const char *field = lead_of(item);

    return field ? add_shown(g, item, field, share, side, member, entry, err)
                 : OST_OK;
}

/* 1 where the pixel is inside and a neighbor to the four sides is not. */
static void find_outline(const ost_tensor *t, uint8_t *out)
{
    const uint8_t *p = t->data;
    int64_t h = t->shape[0], w = t->shape[1];

    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const uint8_t *at = p + y * t->stride[0] + x * t->stride[1];
            bool inner = x > 0 && y > 0 && x + 1 < w && y + 1 < h &&
                         at[-t->stride[1]] && at[t->stride[1]] &&
                         at[-t->stride[0]] && at[t->stride[0]];

            out[y * w + x] = *at && !inner;
        }
}

ost_rc ost_report_add_marks(ost_report_gathering *g, const ost_item *item,
                            const char *field, const uint8_t color[3],
                            bool outline, const char *member, json_t *entry,
                            ost_err *err)
{
    uint8_t *edge = NULL;
    ost_buf png = { 0 };
    ost_tensor t;
    ost_rc rc;

    rc = open_field(g, item, field, &t, err);
    if (!rc && outline && t.dtype == OST_U8 && t.ndim == 2) {
        const int64_t shape[2] = { t.shape[0], t.shape[1] };

        edge = ost_xalloc((size_t)(shape[0] * shape[1]) + 1);
        find_outline(&t, edge);
        t = ost_tensor_of(edge, OST_U8, 2, shape);
    }
    if (!rc)
        rc = ost_thumbnail_marks(&t, g->params->side, color, &png, err);
    if (!rc)
        rc = keep(g, &png, member, entry, err);
    if (rc)
        ost_err_at(err, "item '%s'", item->id);
    ost_buf_release(&png);
    ost_free(edge);
    return rc;
}
