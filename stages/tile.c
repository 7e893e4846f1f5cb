/* stages/tile.c - pictures cut into tiles, without copying a pixel
 *
 * Along each side tiles begin at 0, step, 2 step, ... as long as they end
 * inside of the picture.  When the last one does not end at its edge, `edge`
 * decides: `shift` adds one that does, `pad` adds one that reaches outside
 * (which is copied, and filled there), `drop` lets the rest be.
 *
 * A tile is called ID#0, ID#1, ... row by row, and its parent is ID.  All
 * pictures of the item are cut, as views of the parent's blob; boxes are moved
 * and clipped, and left out where nothing of them is inside.  `tile.y`,
 * `tile.x` say where in the parent its first pixel lies, `parent.height` and
 * `parent.width` how large that is: what the stage `stitch` needs.
 *
 * With `labels: masks` a tile is labeled with the names of the masks that it
 * holds enough of: NAME of `mask.NAME`, `mask_label` of `mask`.  Of masks of
 * frames, a pixel counts that any of them marks.
 */
#include "base/text.h"
#include "kernels/areas.h"
#include "stages/geometry.h"

#include <string.h>

#include "base/banned.h"

enum { EDGE_SHIFT, EDGE_PAD, EDGE_DROP };
enum { LABELS_KEEP, LABELS_NONE, LABELS_MASKS };
enum { RULE_ANY, RULE_FRACTION, RULE_COUNT };
enum { ROWS, COLS };
enum { TILE_Y, TILE_X, PARENT_HEIGHT, PARENT_WIDTH, N_ATTRS };

typedef struct tile_params {
    const json_t *size;
    const json_t *step;
    int64_t expect_tiles;
    int edge;
    double fill;
    int labels;
    int rule;
    double threshold;
    const char *mask_label;
    const char *otherwise;
} tile_params;

static const ost_param params[] = {
    OST_PARAM(tile_params, size, JSON,
              "pixels of a side, or {\"rows\": h, \"cols\": w}, or [h, w]",
              .required = true),
    OST_PARAM(tile_params, step, JSON,
              "pixels from one tile to the next, written likewise; as the size "
              "when it is not given",
              .dflt = "null"),
    OST_PARAM(tile_params, expect_tiles, I64,
              "fail an item of which another number of tiles comes; 0: any",
              .dflt = "0", .min = 0, .max = 1e9),
    OST_PARAM(tile_params, edge, CHOICE,
              "what is left over at the edge gets a tile that is moved inside, "
              "one that is filled outside, or none",
              .dflt = "\"shift\"", .choices = "shift|pad|drop"),
    OST_PARAM(tile_params, fill, F64, "value outside of the picture",
              .dflt = "0", .min = -1e9, .max = 1e9),
    OST_PARAM(tile_params, labels, CHOICE,
              "those of the item, none, or the names of its masks",
              .dflt = "\"keep\"", .choices = "keep|none|masks"),
    OST_PARAM(tile_params, rule, CHOICE,
              "a tile has a mask when a pixel is in it, or a share of its "
              "pixels, or a number of them",
              .dflt = "\"any\"", .choices = "any|fraction|count"),
    OST_PARAM(tile_params, threshold, F64,
              "the smallest share (above 0, to 1) or number of pixels",
              .dflt = "0", .min = 0, .max = 1e15),
    OST_PARAM(tile_params, mask_label, STR, "label of the field 'mask'",
              .dflt = "\"mask\""),
    OST_PARAM(tile_params, otherwise, STR,
              "label of a tile that has none of the masks", .dflt = "null"),
    OST_END,
};

/* --- parameters ---------------------------------------------------------- */

static bool side_of(const json_t *v, int64_t *side)
{
    double d = json_number_value(v);

    if (!json_is_number(v) || !(d >= 1.0) || !(d <= 65536.0) ||
        (double)(int64_t)d != d)
        return false;
    *side = (int64_t)d;
    return true;
}

/* Rows and columns of `v`; `sides` stays as it is when there is none. */
static ost_rc sides_of(const json_t *v, const char *name, int64_t sides[2],
                       ost_err *err)
{
    bool good = false;

    if (!v || json_is_null(v))
        return OST_OK;
    if (json_is_array(v) && json_array_size(v) == 2)
        good = side_of(json_array_get(v, 0), &sides[ROWS]) &&
               side_of(json_array_get(v, 1), &sides[COLS]);
    else if (json_is_object(v) && json_object_size(v) == 2)
        good = side_of(json_object_get(v, "rows"), &sides[ROWS]) &&
               side_of(json_object_get(v, "cols"), &sides[COLS]);
    else if (side_of(v, &sides[ROWS])) {
        sides[COLS] = sides[ROWS];
        good = true;
    }
    if (good)
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "'%s' has to be a whole number from 1 to 65536, or two as "
                    "{\"rows\": h, \"cols\": w} or [h, w]",
                    name);
}

static ost_rc check(const void *with, ost_err *err)
{
    const tile_params *p = with;
    int64_t sides[2];
    ost_rc rc;

    rc = sides_of(p->size, "size", sides, err);
    if (!rc)
        rc = sides_of(p->step, "step", sides, err);
    if (rc)
        return rc;
    if (p->rule == RULE_ANY && p->threshold != 0.0)
        return ost_fail(err, OST_EWORKFLOW,
                        "'threshold' is for the rules 'fraction' and 'count'");
    if (p->rule == RULE_FRACTION &&
        (!(p->threshold > 0.0) || p->threshold > 1.0))
        return ost_fail(err, OST_EWORKFLOW,
                        "rule 'fraction' needs a 'threshold' above 0, at most "
                        "1");
    if (p->rule == RULE_COUNT && p->threshold < 1.0)
        return ost_fail(err, OST_EWORKFLOW,
                        "rule 'count' needs a 'threshold' of at least 1");
    return OST_OK;
}

/* --- where the tiles lie ------------------------------------------------- */

typedef struct line {
    int64_t *at;
    size_t n;
} line;

/* Where tiles begin along a side of `length` pixels. */
static line places(ost_arena *arena, int64_t length, int64_t size, int64_t step,
                   int edge)
{
    size_t most = length < size ? 1 : (size_t)((length - size) / step) + 2;
    line l = { OST_ARENA_ARRAY(arena, int64_t, most), 0 };
    int64_t at = 0;

    for (; at + size <= length; at += step)
        l.at[l.n++] = at;
    if (l.n > 0 && l.at[l.n - 1] + size == length)
        return l;
    if (edge == EDGE_SHIFT && length >= size)
        l.at[l.n++] = length - size;
    else if (edge == EDGE_PAD && at < length)
        l.at[l.n++] = at;
    return l;
}

/* --- labels -------------------------------------------------------------- */

/* A mask of the parent. */
typedef struct mask {
    const char *label;
    ost_tensor t;
} mask;

typedef struct tiling {
    ost_stage_ctx *ctx;
    const tile_params *p;
    const ost_item *in;
    ost_rect frame;
    int64_t size[2];
    ost_item model; /* what all tiles have */
    size_t attr[N_ATTRS];
    bool boxes;
    mask *masks;
    size_t n_masks;
} tiling;

static ost_rc open_masks(tiling *t, ost_err *err)
{
    ost_rc rc = OST_OK;

    t->masks =
        OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), mask, t->in->n_fields + 1);
    for (size_t i = 0; i < t->in->n_fields && !rc; i++) {
        const ost_field *f = &t->in->fields[i];
        mask *m = &t->masks[t->n_masks];

        if (!ost_plane_is_mask(ost_plane_kind_of(f)))
            continue;
        m->label = strcmp(f->name, "mask") == 0 ? t->p->mask_label
                                                : f->name + strlen("mask.");
        rc = ost_open_mask(t->ctx, t->in, f->name, &m->t, err);
        t->n_masks++;
    }
    if (!rc && t->n_masks == 0)
        rc = ost_fail(err, OST_EINPUT, "there is no mask to take labels from");
    return rc;
}

static ost_rc has_mask(const tiling *t, const mask *m, const ost_rect *rect,
                       bool *has, ost_err *err)
{
    ost_rect inside = ost_rect_clip(rect, &t->frame);
    ost_tensor part = m->t;
    int64_t count;
    ost_rc rc;

    part.data = (unsigned char *)m->t.data +
                (inside.top * m->t.stride[0] + inside.left * m->t.stride[1]) *
                    (int64_t)ost_dtype_size(m->t.dtype);
    part.shape[0] = inside.height;
    part.shape[1] = inside.width;
    rc = ost_cpu_marked_count(&part, &count, err);
    if (rc)
        return rc;
    if (t->p->rule == RULE_FRACTION)
        *has = (double)count >=
               t->p->threshold * (double)(rect->height * rect->width);
    else
        *has =
            (double)count >= (t->p->rule == RULE_COUNT ? t->p->threshold : 1.0);
    return OST_OK;
}

/* Puts a label in its place among the sorted ones, once. */
static size_t add_label(const char **labels, size_t n, const char *label)
{
    size_t at = n;

    while (at > 0 && strcmp(labels[at - 1], label) > 0)
        at--;
    if (at > 0 && strcmp(labels[at - 1], label) == 0)
        return n;
    memmove(labels + at + 1, labels + at, (n - at) * sizeof(*labels));
    labels[at] = label;
    return n + 1;
}

static ost_rc label_tile(const tiling *t, const ost_rect *rect, ost_item *out,
                         ost_err *err)
{
    const char **labels =
        OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), const char *, t->n_masks + 1);
    size_t n = 0;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < t->n_masks && !rc; i++) {
        bool has = false;

        rc = has_mask(t, &t->masks[i], rect, &has, err);
        if (!rc && has)
            n = add_label(labels, n, t->masks[i].label);
    }
    if (n == 0 && t->p->otherwise && t->p->labels == LABELS_MASKS)
        labels[n++] = t->p->otherwise;
    out->labels = labels;
    out->n_labels = n;
    return rc;
}

/* --- tiles --------------------------------------------------------------- */

/* What tiles have in common: their numbers differ, and where fields begin. */
static void make_model(tiling *t)
{
    static const char *const names[N_ATTRS] = { "tile.y", "tile.x",
                                                "parent.height",
                                                "parent.width" };
    ost_arena *arena = ost_ctx_arena(t->ctx);

    t->model = *t->in;
    for (int k = 0; k < N_ATTRS; k++)
        ost_item_set_number(arena, &t->model, names[k], 0.0);
    for (int k = 0; k < N_ATTRS; k++)
        t->attr[k] =
            (size_t)(ost_item_attr(&t->model, names[k]) - t->model.attrs);
    for (size_t i = 0; i < t->in->n_fields; i++) {
        ost_plane_kind kind = ost_plane_kind_of(&t->in->fields[i]);

        t->boxes = t->boxes || kind == OST_PLANE_BOXES;
        if (kind != OST_PLANE_NONE && kind != OST_PLANE_BOXES)
            ost_item_set_field(arena, &t->model, &t->in->fields[i]);
    }
}

static void set_attrs(const tiling *t, const ost_rect *rect, ost_item *out)
{
    ost_attr *attrs = ost_arena_copy(ost_ctx_arena(t->ctx), t->model.attrs,
                                     t->model.n_attrs * sizeof(*attrs));

    attrs[t->attr[TILE_Y]].number = (double)rect->top;
    attrs[t->attr[TILE_X]].number = (double)rect->left;
    attrs[t->attr[PARENT_HEIGHT]].number = (double)t->frame.height;
    attrs[t->attr[PARENT_WIDTH]].number = (double)t->frame.width;
    out->attrs = attrs;
    out->n_attrs = t->model.n_attrs;
}

static void set_views(const tiling *t, const ost_rect *rect, ost_item *out)
{
    ost_field *fields = ost_arena_copy(ost_ctx_arena(t->ctx), t->model.fields,
                                       t->model.n_fields * sizeof(*fields));

    for (size_t i = 0; i < t->model.n_fields; i++)
        if (ost_plane_kind_of(&fields[i]) != OST_PLANE_NONE)
            fields[i] = ost_plane_view(&fields[i], rect->top, rect->left,
                                       rect->height, rect->width);
    out->fields = fields;
    out->n_fields = t->model.n_fields;
}

static ost_rc make_tile(tiling *t, int64_t number, int64_t top, int64_t left,
                        ost_err *err)
{
    ost_cut cut = { .rect = { top, left, t->size[ROWS], t->size[COLS] },
                    .mode = OST_PAD_CONSTANT,
                    .fill = t->p->fill };
    ost_item *out = ost_derive(t->ctx, t->in, number);
    ost_rc rc = OST_OK;

    if (t->boxes || !ost_rect_inside(&cut.rect, &t->frame))
        rc = ost_geometry_cut(t->ctx, t->in, &cut, out, err);
    else
        set_views(t, &cut.rect, out);
    if (rc)
        return rc;
    set_attrs(t, &cut.rect, out);
    if (t->p->labels != LABELS_KEEP)
        rc = label_tile(t, &cut.rect, out, err);
    if (!rc)
        rc = ost_emit(t->ctx, "out", out, err);
    return rc ? rc : ost_spill(t->ctx, err);
}

static ost_rc check_count(const tiling *t, const line *rows, const line *cols,
                          ost_err *err)
{
    size_t n = rows->n * cols->n;

    if (n == 0 && t->p->edge == EDGE_SHIFT)
        return ost_fail(err, OST_EINPUT,
                        "the picture is %lld x %lld pixels, smaller than a "
                        "tile of %lld x %lld ('edge' 'pad' fills the rest)",
                        (long long)t->frame.height, (long long)t->frame.width,
                        (long long)t->size[ROWS], (long long)t->size[COLS]);
    if (t->p->expect_tiles && (int64_t)n != t->p->expect_tiles)
        return ost_fail(err, OST_EINPUT,
                        "%zu tiles come of it (%zu x %zu on %lld x %lld "
                        "pixels) where 'expect_tiles' says %lld",
                        n, rows->n, cols->n, (long long)t->frame.height,
                        (long long)t->frame.width,
                        (long long)t->p->expect_tiles);
    if (n == 0)
        ost_note(t->ctx, "item '%s' is smaller than a tile: none comes of it",
                 t->in->id);
    return OST_OK;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const tile_params *p = ost_ctx_params(ctx);
    tiling t = { .ctx = ctx, .p = p, .in = in };
    int64_t step[2], number = 0;
    line rows, cols;
    ost_rc rc;

    rc = sides_of(p->size, "size", t.size, err);
    memcpy(step, t.size, sizeof(step));
    if (!rc)
        rc = sides_of(p->step, "step", step, err);
    if (!rc)
        rc = ost_geometry_one_size(in, &t.frame, err);
    if (!rc && p->labels == LABELS_MASKS)
        rc = open_masks(&t, err);
    if (rc)
        return rc;
    rows = places(ost_ctx_arena(ctx), t.frame.height, t.size[ROWS], step[ROWS],
                  p->edge);
    cols = places(ost_ctx_arena(ctx), t.frame.width, t.size[COLS], step[COLS],
                  p->edge);
    rc = check_count(&t, &rows, &cols, err);
    make_model(&t);
    for (size_t y = 0; y < rows.n && !rc; y++)
        for (size_t x = 0; x < cols.n && !rc; x++)
            rc = make_tile(&t, number++, rows.at[y], cols.at[x], err);
    return rc;
}

const ost_stage ost_stage_tile = {
    .name = "tile",
    .version = 2, /* bump when any output byte can change */
    .summary = "Cuts pictures into tiles that copy no pixels.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(tile_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS({ "out", OST_DATASET,
                           "tiles ID#0, ID#1, ... row by row", false, false }),
    .check = check,
    .map = map,
};
