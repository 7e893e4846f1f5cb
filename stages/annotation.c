/* stages/annotation.c - what people marked in a picture, to masks and boxes */
#include "stages/annotation.h"

#include "kernels/runs.h"
#include "stages/decode.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_LABELS = 1000 };

/* A label of the picture. */
typedef struct marked_label {
    const char *name;
    const char *mask;  /* name of the field, NULL when it has no pixels */
    ost_tensor canvas; /* of that field */
    bool has_mask;
} marked_label;

/* An object while its shapes are drawn. */
typedef struct marked_object {
    size_t label;
    int64_t group;
    bool crowd;
    bool has_box;
    double box[4];
    ost_rect drawn;
} marked_object;

typedef struct drawing {
    ost_stage_ctx *ctx;
    ost_item *item;
    const ost_annotation *a;
    const ost_drawing *how;
    int64_t height;
    int64_t width;
    marked_label *labels;
    size_t n_labels;
    marked_object *objects;
} drawing;

const char *ost_mask_name(ost_arena *arena, const char *label)
{
    char *name = ost_arena_printf(arena, "mask.%s", label);

    for (char *p = name + 5; *p; p++)
        if ((unsigned char)*p < ' ' || strchr("/\\*?[]|\"'<>:", *p))
            *p = '_';
    return name;
}

/* ---- labels ---- */

static size_t find_label(const drawing *d, const char *name)
{
    for (size_t i = 0; i < d->n_labels; i++)
        if (strcmp(d->labels[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

static bool is_wanted(const drawing *d, const char *name)
{
    for (size_t i = 0; i < d->how->labels.n; i++)
        if (strcmp(d->how->labels.v[i], name) == 0)
            return true;
    return d->how->labels.n == 0;
}

static ost_rc add_label(drawing *d, const char *name, ost_err *err)
{
    if (find_label(d, name) != SIZE_MAX)
        return OST_OK;
    if (d->n_labels == MOST_LABELS)
        return ost_fail(err, OST_EINPUT, "more than %d labels in a picture",
                        MOST_LABELS);
    d->labels[d->n_labels++] = (marked_label){ .name = name };
    return OST_OK;
}

/* Two labels may have one mask ("a/b" and "a_b"). */
static ost_rc open_mask(drawing *d, marked_label *l, ost_err *err)
{
    const int64_t shape[2] = { d->height, d->width };
    const char *name = ost_mask_name(ost_ctx_arena(d->ctx), l->name);

    if (l->mask)
        return OST_OK;
    l->mask = name;
    for (size_t i = 0; i < d->n_labels; i++)
        if (&d->labels[i] != l && d->labels[i].mask &&
            strcmp(d->labels[i].mask, name) == 0) {
            l->canvas = d->labels[i].canvas;
            return OST_OK;
        }
    return ost_new_field(d->ctx, d->item, name, OST_U8, 2, shape, &l->canvas,
                         err);
}

/* All labels in the order of the wanted list, else in that of the file. */
static ost_rc list_labels(drawing *d, ost_err *err)
{
    ost_rc rc = OST_OK;

    d->labels =
        OST_ARENA_ARRAY(ost_ctx_arena(d->ctx), marked_label, MOST_LABELS);
    for (size_t i = 0; i < d->how->labels.n && !rc; i++) {
        rc = add_label(d, d->how->labels.v[i], err);
        if (!rc)
            rc = open_mask(d, &d->labels[d->n_labels - 1], err);
    }
    for (size_t i = 0; i < d->a->n && !rc; i++)
        if (is_wanted(d, d->a->shapes[i].label))
            rc = add_label(d, d->a->shapes[i].label, err);
    return rc;
}

/* ---- shapes ---- */

static ost_rc draw_bitmap(const ost_shape *s, const ost_drawing *how,
                          ost_canvas *c, ost_err *err)
{
    const ost_decode_limits limits = { .max_pixels =
                                           (uint64_t)how->max_pixels };
    ost_picture p = { 0 };
    ost_rc rc;

    rc = ost_png_decode(s->png, s->png_size, &limits, &p, err);
    if (rc)
        return rc;
    if (p.dtype == OST_U8) {
        const ost_tensor bits =
            ost_tensor_of(p.data, OST_U8, 2, (int64_t[]){ p.height, p.width });

        rc = ost_draw_bitmap(c, s->points[0], &bits, err);
    } else {
        rc = ost_fail(err, OST_EINPUT, "a mask of 16 bits");
    }
    ost_picture_release(&p);
    return rc;
}

static ost_rc draw_runs(const ost_shape *s, ost_canvas *c, ost_err *err)
{
    const int64_t *shape = c->mask.shape;

    if (s->height != shape[0] || s->width != shape[1])
        return ost_fail(err, OST_EINPUT,
                        "a mask of %lld x %lld in a picture of %lld x %lld",
                        (long long)s->height, (long long)s->width,
                        (long long)shape[0], (long long)shape[1]);
    return ost_draw_runs(c, s->runs, s->n_runs, err);
}

ost_rc ost_shape_draw(const ost_shape *s, const ost_drawing *how, ost_canvas *c,
                      ost_err *err)
{
    const ost_point *p = s->points;
    ost_rc rc = OST_OK;

    switch (s->kind) {
    case OST_SHAPE_POLYGON:
        return ost_draw_polygon(c, p, s->n_points, err);
    case OST_SHAPE_RECTANGLE:
        return ost_draw_rectangle(c, p[0], p[1], err);
    case OST_SHAPE_CIRCLE:
        return ost_draw_circle(c, p[0],
                               sqrt((p[0].x - p[1].x) * (p[0].x - p[1].x) +
                                    (p[0].y - p[1].y) * (p[0].y - p[1].y)),
                               err);
    case OST_SHAPE_LINE:
        return ost_draw_line(c, p, s->n_points, (int)how->line_width, err);
    case OST_SHAPE_POINT:
        for (size_t i = 0; i < s->n_points && !rc; i++)
            rc = ost_draw_circle(c, p[i], (double)how->point_size, err);
        return rc;
    case OST_SHAPE_BITMAP:
        return draw_bitmap(s, how, c, err);
    case OST_SHAPE_RUNS:
        return draw_runs(s, c, err);
    case OST_SHAPE_OUTLINE:
        return ost_draw_outline(c, p, s->n_points, err);
    case OST_SHAPE_BOX:
    default:
        return OST_OK;
    }
}

static void note_object(const ost_shape *s, size_t label, marked_object *o)
{
    o->label = label;
    o->group = s->group;
    o->crowd = s->crowd;
    if (s->has_box) {
        memcpy(o->box, s->box, sizeof(o->box));
        o->has_box = true;
    }
}

static ost_rc draw_all(drawing *d, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < d->a->n && !rc; i++) {
        const ost_shape *s = &d->a->shapes[i];
        marked_object *o = &d->objects[s->object];
        size_t label = find_label(d, s->label);
        ost_canvas c = { .value = 1, .drawn = o->drawn };

        if (label == SIZE_MAX)
            continue;
        note_object(s, label, o);
        if (s->kind == OST_SHAPE_BOX)
            continue;
        rc = open_mask(d, &d->labels[label], err);
        if (rc)
            break;
        c.mask = d->labels[label].canvas;
        rc = ost_shape_draw(s, d->how, &c, err);
        if (rc)
            ost_err_at(err, "shape %zu ('%s')", i, s->label);
        o->drawn = c.drawn;
    }
    return rc;
}

/* ---- boxes ---- */

static double clip(double v, int64_t most)
{
    return v > 0.0 ? v < (double)most ? v : (double)most : 0.0;
}

/* The box of an object inside of the picture; false when nothing is. */
static bool box_of(const drawing *d, const marked_object *o, float box[4])
{
    double b[4] = { (double)o->drawn.left, (double)o->drawn.top,
                    (double)(o->drawn.left + o->drawn.width),
                    (double)(o->drawn.top + o->drawn.height) };

    if (o->has_box)
        memcpy(b, o->box, sizeof(b));
    for (int k = 0; k < 4; k++)
        box[k] = (float)clip(b[k], k % 2 ? d->height : d->width);
    return box[0] < box[2] && box[1] < box[3];
}

static ost_rc new_rows(drawing *d, const char *name, ost_dtype dtype, int64_t n,
                       ost_tensor *t, ost_err *err)
{
    const int64_t shape[2] = { n, 4 };

    return ost_new_field(d->ctx, d->item, name, dtype, dtype == OST_F32 ? 2 : 1,
                         shape, t, err);
}

static void name_labels(drawing *d)
{
    ost_buf names = { 0 };

    for (size_t i = 0; i < d->n_labels; i++) {
        const char *name = d->labels[i].name;

        if (i)
            ost_buf_addc(&names, '|');
        for (; *name; name++)
            ost_buf_addc(&names, *name == '|' ? '_' : *name);
    }
    if (names.len)
        ost_item_set_text(ost_ctx_arena(d->ctx), d->item, "boxes.labels",
                          ost_buf_str(&names));
    ost_buf_release(&names);
}

static ost_rc write_boxes(drawing *d, size_t *outside, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(d->ctx);
    size_t *kept = OST_ARENA_ARRAY(arena, size_t, d->a->n_objects + 1);
    float *at = OST_ARENA_ARRAY(arena, float, 4 * d->a->n_objects + 4);
    ost_tensor boxes, labels, groups, crowds = { 0 };
    int64_t n = 0;
    ost_rc rc;

    for (size_t i = 0; i < d->a->n_objects; i++) {
        if (d->objects[i].label == SIZE_MAX)
            continue; /* not wanted */
        if (box_of(d, &d->objects[i], at + 4 * n))
            kept[n++] = i;
        else
            ++*outside;
    }
    rc = new_rows(d, "boxes", OST_F32, n, &boxes, err);
    if (!rc)
        rc = new_rows(d, "boxes.label", OST_U16, n, &labels, err);
    if (!rc)
        rc = new_rows(d, "boxes.group", OST_I32, n, &groups, err);
    if (!rc && d->a->crowds)
        rc = new_rows(d, "boxes.crowd", OST_U8, n, &crowds, err);
    for (int64_t i = 0; i < n && !rc; i++) {
        const marked_object *o = &d->objects[kept[i]];

        memcpy((float *)boxes.data + 4 * i, at + 4 * i, 4 * sizeof(float));
        ((uint16_t *)labels.data)[i] = (uint16_t)o->label;
        ((int32_t *)groups.data)[i] = (int32_t)o->group;
        if (crowds.data)
            ((uint8_t *)crowds.data)[i] = o->crowd;
    }
    return rc;
}

ost_rc ost_annotate(ost_stage_ctx *ctx, ost_item *item, const ost_annotation *a,
                    const ost_drawing *how, int64_t height, int64_t width,
                    size_t *outside, ost_err *err)
{
    drawing d = { .ctx = ctx,
                  .item = item,
                  .a = a,
                  .how = how,
                  .height = height,
                  .width = width };
    ost_rc rc;

    *outside = 0;
    if (a->height && (a->height != height || a->width != width))
        return ost_fail(err, OST_EINPUT,
                        "the annotation is of a picture of %lld x %lld, and "
                        "this one is %lld x %lld",
                        (long long)a->height, (long long)a->width,
                        (long long)height, (long long)width);
    d.objects =
        OST_ARENA_ARRAY(ost_ctx_arena(ctx), marked_object, a->n_objects + 1);
    for (size_t i = 0; i < a->n_objects; i++)
        d.objects[i].label = SIZE_MAX;
    rc = list_labels(&d, err);
    if (!rc)
        rc = draw_all(&d, err);
    if (!rc)
        rc = write_boxes(&d, outside, err);
    if (!rc)
        name_labels(&d);
    return rc;
}
