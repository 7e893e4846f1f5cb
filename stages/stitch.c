/* stages/stitch.c - the tiles of a picture become the picture again
 *
 * The tiles of a parent, as the stage `tile` made them or with fields that a
 * model added since, are laid where `tile.y` and `tile.x` say into a frame of
 * `parent.height` times `parent.width`.  Where several lie, `method` (in masks
 * `masks`) decides; where they agree, the result is their value, bit for bit.
 *
 * The item has the parent's id and group.  Attributes and other fields that all
 * tiles share are kept, boxes are not; it has the labels of any tile, or those
 * of more than half of them.
 */
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/merge.h"
#include "stages/planes.h"

#include <fnmatch.h>
#include <string.h>

#include "base/banned.h"

enum { TYPE_SAME, TYPE_F32 };
enum { MASKS_VOTE, MASKS_ANY };
enum { MISSING_ERROR, MISSING_VALUE };
enum { LABELS_ANY, LABELS_VOTE, LABELS_NONE };

typedef struct stitch_params {
    ost_str_list fields;
    int method;
    int masks;
    int type;
    int missing;
    double value;
    int labels;
} stitch_params;

static const ost_param params[] = {
    OST_PARAM(stitch_params, fields, STR_LIST,
              "pictures that are stitched, `*` as wildcard", .dflt = "[\"*\"]",
              .min_len = 1, .max_len = 64),
    OST_PARAM(stitch_params, method, CHOICE,
              "pixels of several tiles: their mean, the greatest, the mean "
              "weighed by the distance to the tile's border, or the value that "
              "most have (of two the smaller)",
              .dflt = "\"mean\"", .choices = "mean|max|weighted|vote"),
    OST_PARAM(stitch_params, masks, CHOICE,
              "the same in masks: what most tiles say, or what any says",
              .dflt = "\"vote\"", .choices = "vote|any"),
    OST_PARAM(stitch_params, type, CHOICE,
              "type of stitched images: that of the tiles, or f32",
              .dflt = "\"same\"", .choices = "same|f32"),
    OST_PARAM(stitch_params, missing, CHOICE,
              "pixels that no tile has fail the picture, or get `value`",
              .dflt = "\"error\"", .choices = "error|value"),
    OST_PARAM(stitch_params, value, F64,
              "value of pixels that no tile has (in masks 0)", .dflt = "0",
              .min = -1e9, .max = 1e9),
    OST_PARAM(stitch_params, labels, CHOICE,
              "labels of any tile, of more than half of them, or none",
              .dflt = "\"any\"", .choices = "any|vote|none"),
    OST_END,
};

/* --- which tile belongs where -------------------------------------------- */

static ost_rc number_of(const ost_item *tile, const char *name, int64_t least,
                        int64_t most, int64_t *number, ost_err *err)
{
    const ost_attr *a = ost_item_attr(tile, name);

    if (!a || a->kind != OST_ATTR_NUMBER)
        return ost_fail(err, OST_EINPUT, "no tile: it lacks the number '%s'",
                        name);
    if (!(a->number >= (double)least) || !(a->number <= (double)most) ||
        (double)(int64_t)a->number != a->number)
        return ost_fail(err, OST_EINPUT, "'%s' cannot be %g", name, a->number);
    *number = (int64_t)a->number;
    return OST_OK;
}

static ost_rc bucket(ost_stage_ctx *ctx, const ost_item *in, const char **name,
                     ost_err *err)
{
    int64_t y;

    (void)ctx;
    if (in->n_parents != 1)
        return ost_fail(err, OST_EINPUT, "no tile: it has %zu parents",
                        in->n_parents);
    *name = in->parents[0];
    return number_of(in, "tile.y", 0, INT32_MAX, &y, err);
}

/* The tiles of a parent. */
typedef struct stitching {
    ost_stage_ctx *ctx;
    const stitch_params *p;
    const ost_item *const *tiles;
    size_t n;
    int64_t height; /* of the frame */
    int64_t width;
    ost_merge_part *parts;
    ost_tensor *pictures; /* of the field that is stitched */
} stitching;

static ost_rc find_places(stitching *s, ost_err *err)
{
    const int64_t most = 1 << 20;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < s->n && !rc; i++) {
        const ost_item *tile = s->tiles[i];
        int64_t h = 0, w = 0;

        rc = number_of(tile, "tile.y", 0, most, &s->parts[i].top, err);
        if (!rc)
            rc = number_of(tile, "tile.x", 0, most, &s->parts[i].left, err);
        if (!rc)
            rc = number_of(tile, "parent.height", 1, most, &h, err);
        if (!rc)
            rc = number_of(tile, "parent.width", 1, most, &w, err);
        if (!rc && i > 0 && (h != s->height || w != s->width))
            rc = ost_fail(err, OST_EINPUT,
                          "its parent is %lld x %lld pixels and that of '%s' "
                          "is %lld x %lld",
                          (long long)h, (long long)w, s->tiles[0]->id,
                          (long long)s->height, (long long)s->width);
        if (rc)
            ost_err_at(err, "tile '%s'", tile->id);
        s->height = h;
        s->width = w;
    }
    return rc;
}

/* --- pictures ------------------------------------------------------------ */

static bool is_wanted(const stitch_params *p, const ost_field *f)
{
    ost_plane_kind kind = ost_plane_kind_of(f);

    if (kind == OST_PLANE_NONE || kind == OST_PLANE_BOXES)
        return false;
    for (size_t i = 0; i < p->fields.n; i++)
        if (fnmatch(p->fields.v[i], f->name, 0) == 0)
            return true;
    return false;
}

/* Opens a field of all tiles and checks that they fit together. */
static ost_rc open_tiles(stitching *s, const ost_field *f, ost_err *err)
{
    ost_plane_kind kind = OST_PLANE_NONE;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < s->n && !rc; i++) {
        ost_tensor *t = &s->pictures[i];
        int channels = -1;

        rc = ost_open_plane(s->ctx, s->tiles[i], f->name, &kind, t, err);
        if (!rc && f->ndim == 3)
            channels = ost_plane_is_stack(kind) ? 0 : 2;
        if (!rc && (t->dtype != s->pictures[0].dtype ||
                    t->ndim != s->pictures[0].ndim ||
                    (channels >= 0 &&
                     t->shape[channels] != s->pictures[0].shape[channels])))
            rc = ost_fail(err, OST_EINPUT,
                          "its field '%s' is of another type or number of "
                          "channels than that of '%s'",
                          f->name, s->tiles[0]->id);
        if (rc)
            ost_err_at(err, "tile '%s'", s->tiles[i]->id);
    }
    return rc;
}

static ost_rc merge_plane(const stitching *s, const ost_field *f,
                          ost_tensor *whole, ost_err *err)
{
    bool mask = ost_plane_is_mask(ost_plane_kind_of(f));
    ost_merge merge = { .parts = s->parts,
                        .n = s->n,
                        .method = (ost_merge_method)s->p->method,
                        .fill = mask ? 0.0 : s->p->value };
    ost_merge_gap gap;
    ost_rc rc;

    if (mask)
        merge.method =
            s->p->masks == MASKS_ANY ? OST_MERGE_MAX : OST_MERGE_VOTE;
    rc = ost_ctx_images(s->ctx)->merge(&merge, whole, &gap, err);
    if (!rc && gap.count > 0 && s->p->missing == MISSING_ERROR)
        rc = ost_fail(err, OST_EINPUT,
                      "%lld pixels are in no tile, the first in row %lld, "
                      "column %lld ('missing' 'value' fills them)",
                      (long long)gap.count, (long long)gap.y, (long long)gap.x);
    return rc;
}

static ost_rc stitch_field(stitching *s, const ost_field *f, ost_item *out,
                           ost_err *err)
{
    ost_plane_kind kind = ost_plane_kind_of(f);
    bool mask = ost_plane_is_mask(kind);
    int64_t shape[3] = { s->height, s->width, f->shape[2] };
    int64_t frames = 1;
    ost_tensor whole;
    ost_rc rc;

    if (ost_plane_is_stack(kind)) {
        frames = f->shape[0];
        memcpy(shape, (int64_t[]){ frames, s->height, s->width },
               sizeof(shape));
    }
    rc = open_tiles(s, f, err);
    if (!rc)
        rc = ost_new_field(s->ctx, out, f->name,
                           s->p->type == TYPE_F32 && !mask ? OST_F32 : f->dtype,
                           f->ndim, shape, &whole, err);
    for (int64_t k = 0; k < frames && !rc; k++) {
        ost_tensor plane = whole;

        if (ost_plane_is_stack(kind))
            plane = ost_plane_frame(&whole, k);
        for (size_t i = 0; i < s->n; i++)
            s->parts[i].image = ost_plane_is_stack(kind)
                                    ? ost_plane_frame(&s->pictures[i], k)
                                    : s->pictures[i];
        rc = merge_plane(s, f, &plane, err);
    }
    if (rc)
        ost_err_at(err, "field '%s'", f->name);
    return rc;
}

/* --- the item ------------------------------------------------------------ */

static bool same_attr(const ost_attr *a, const ost_attr *b)
{
    if (!b || a->kind != b->kind)
        return false;
    return a->kind == OST_ATTR_NUMBER ? a->number == b->number
                                      : strcmp(a->text, b->text) == 0;
}

static bool same_field(const ost_field *a, const ost_field *b)
{
    size_t bytes = (size_t)a->ndim * sizeof(a->shape[0]);

    return b && a->dtype == b->dtype && a->ndim == b->ndim &&
           a->offset == b->offset && ost_digest_equal(&a->blob, &b->blob) &&
           memcmp(a->shape, b->shape, bytes) == 0 &&
           memcmp(a->stride, b->stride, bytes) == 0;
}

static bool is_about_tiles(const char *name)
{
    return strcmp(name, "tile.y") == 0 || strcmp(name, "tile.x") == 0 ||
           strcmp(name, "parent.height") == 0 ||
           strcmp(name, "parent.width") == 0;
}

/* Attributes, and fields that are no pictures, which all tiles share. */
static void keep_common(const stitching *s, ost_item *out)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    const ost_item *first = s->tiles[0];
    ost_attr *attrs = OST_ARENA_ARRAY(arena, ost_attr, first->n_attrs + 1);
    size_t n = 0;

    for (size_t k = 0; k < first->n_attrs; k++) {
        const ost_attr *a = &first->attrs[k];
        bool all = !is_about_tiles(a->name);

        for (size_t i = 1; i < s->n && all; i++)
            all = same_attr(a, ost_item_attr(s->tiles[i], a->name));
        if (all)
            attrs[n++] = *a;
    }
    out->attrs = attrs;
    out->n_attrs = n;
    for (size_t k = 0; k < first->n_fields; k++) {
        const ost_field *f = &first->fields[k];
        bool all = ost_plane_kind_of(f) == OST_PLANE_NONE &&
                   !ost_starts_with(f->name, "boxes");

        for (size_t i = 1; i < s->n && all; i++)
            all = same_field(f, ost_item_field(s->tiles[i], f->name));
        if (all)
            ost_item_set_field(arena, out, f);
    }
}

static bool has_label(const ost_item *tile, const char *label)
{
    for (size_t i = 0; i < tile->n_labels; i++)
        if (strcmp(tile->labels[i], label) == 0)
            return true;
    return false;
}

/* Of each tile those that no tile before it has, when enough have them. */
static void keep_labels(const stitching *s, ost_item *out)
{
    size_t most = 0, n = 0;
    const char **labels;

    for (size_t i = 0; i < s->n; i++)
        most += s->tiles[i]->n_labels;
    labels = OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), const char *, most + 1);
    out->labels = labels;
    for (size_t i = 0; i < s->n && s->p->labels != LABELS_NONE; i++)
        for (size_t k = 0; k < s->tiles[i]->n_labels; k++) {
            const char *label = s->tiles[i]->labels[k];
            size_t have = 0, at = n;

            out->n_labels = n;
            if (has_label(out, label))
                continue;
            for (size_t j = 0; j < s->n; j++)
                have += has_label(s->tiles[j], label);
            if (s->p->labels == LABELS_VOTE && 2 * have <= s->n)
                continue;
            for (; at > 0 && strcmp(labels[at - 1], label) > 0; at--)
                labels[at] = labels[at - 1];
            labels[at] = label;
            n++;
        }
    out->n_labels = n;
}

static ost_rc gather(ost_stage_ctx *ctx, const ost_item *const *items, size_t n,
                     ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    stitching s = { .ctx = ctx,
                    .p = ost_ctx_params(ctx),
                    .tiles = items,
                    .n = n,
                    .parts = OST_ARENA_ARRAY(arena, ost_merge_part, n),
                    .pictures = OST_ARENA_ARRAY(arena, ost_tensor, n) };
    ost_item *out = ost_new_item(ctx, items[0]->parents[0], items[0]->group);
    bool any = false;
    ost_rc rc = find_places(&s, err);

    if (rc)
        return rc;
    keep_common(&s, out);
    keep_labels(&s, out);
    for (size_t i = 0; i < items[0]->n_fields && !rc; i++) {
        if (!is_wanted(s.p, &items[0]->fields[i]))
            continue;
        rc = stitch_field(&s, &items[0]->fields[i], out, err);
        any = true;
    }
    if (!rc && !any)
        rc = ost_fail(err, OST_EINPUT,
                      "tile '%s' has no picture that 'fields' names",
                      items[0]->id);
    return rc ? rc : ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_stitch = {
    .name = "stitch",
    .version = 1, /* bump when any output byte can change */
    .summary = "Lays tiles together to the pictures that they were cut from.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(stitch_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "tiles", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "one item for each parent", false, false }),
    .bucket = bucket,
    .gather = gather,
};
