/* stages/augment.c - more images, by moving and toning those there are
 *
 * Each item gives `copies` new ones; with `target`, each class ends with
 * exactly that many items: the copies are shared out evenly (who has one more
 * is drawn), and a class that has too many keeps a drawn part.  The originals
 * stay unless `keep_original` is off.
 *
 * A copy is the item changed as stages/changes.h says.  All pictures of the
 * item follow, masks by the nearest pixel with 0 around them, boxes as the
 * boxes around what they held, clipped to the image and dropped when nothing
 * of them is left.  Brightness and contrast change `image` and `frames` alone.
 * What was drawn is kept in the attributes augment.rotate, augment.scale and so
 * on.
 */
#include "base/alloc.h"
#include "stages/changes.h"
#include "stages/geometry.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct augment_params {
    int64_t copies;
    const json_t *target;
    bool keep_original;
    ost_change_ranges ranges;
} augment_params;

static const ost_param params[] = {
    OST_PARAM(augment_params, copies, I64, "new items for each item",
              .dflt = "1", .min = 0, .max = 10000),
    OST_PARAM(augment_params, target, JSON,
              "items of each class in the end, a number or an object from "
              "class to number; takes the place of 'copies'",
              .dflt = "null"),
    OST_PARAM(augment_params, keep_original, BOOL,
              "emit the items as they are "
              "too",
              .dflt = "true"),
    OST_CHANGE_PARAMS(augment_params, ranges),
    OST_END,
};

static bool is_count(const json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) >= 0 &&
           json_integer_value(v) <= INT32_MAX;
}

static ost_rc check(const void *with, ost_err *err)
{
    const augment_params *p = with;
    const char *name;
    json_t *v;

    if (!p->target || json_is_null(p->target) || is_count(p->target))
        return OST_OK;
    if (!json_is_object(p->target))
        return ost_fail(err, OST_EWORKFLOW,
                        "'target' is neither a whole number nor an object "
                        "from class to whole number");
    json_object_foreach(
        (json_t *)(uintptr_t)p->target, name,
        v) if (!is_count(v)) return ost_fail(err, OST_EWORKFLOW,
                                             "'target' of class '%s' is not a "
                                             "whole number",
                                             name);
    return OST_OK;
}

/* ---- how many copies ---- */

typedef struct member {
    const char *label;
    uint64_t key; /* drawn from the item: who comes first in its class */
    size_t index;
} member;

static int compare_members(const void *a, const void *b)
{
    const member *x = a, *y = b;
    int c = strcmp(x->label, y->label);

    if (c != 0)
        return c;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static void direct(ost_stage_ctx *ctx, size_t index, int64_t copies, bool keep)
{
    if (copies == 0 && !keep)
        ost_ctx_direct(ctx, index, NULL);
    else
        ost_ctx_direct(ctx, index,
                       ost_arena_printf(
                           ost_ctx_arena(ctx), "{\"copies\":%lld,\"keep\":%s}",
                           (long long)copies, keep ? "true" : "false"));
}

/* Shares `target` items out over the n members of a class. */
static void share_out(ost_stage_ctx *ctx, const member *m, size_t n,
                      int64_t target)
{
    const augment_params *p = ost_ctx_params(ctx);
    int64_t count = (int64_t)n;
    int64_t extra = p->keep_original ? target - count : target;

    for (int64_t i = 0; i < count; i++) {
        if (extra < 0)
            direct(ctx, m[i].index, 0, i < target);
        else
            direct(ctx, m[i].index, extra / count + (i < extra % count),
                   p->keep_original);
    }
}

/* The target of a class, -1 when it has none. */
static int64_t target_of(const json_t *target, const char *label)
{
    const json_t *v =
        json_is_object(target) ? json_object_get(target, label) : target;

    return v ? json_integer_value(v) : -1;
}

static ost_rc check_classes(const json_t *target, const member *m, size_t n,
                            ost_err *err)
{
    const char *name;
    json_t *v;

    for (size_t i = 0; i < n; i++)
        if (target_of(target, m[i].label) < 0)
            return ost_fail(err, OST_EINPUT, "class '%s' has no 'target'",
                            m[i].label);
    json_object_foreach((json_t *)(uintptr_t)target, name, v)
    {
        bool found = json_integer_value(v) == 0;

        for (size_t i = 0; i < n && !found; i++)
            found = strcmp(m[i].label, name) == 0;
        if (!found)
            return ost_fail(err, OST_EINPUT,
                            "no item has the label '%s' that 'target' names",
                            name);
    }
    return OST_OK;
}

static ost_rc meet_targets(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                           ost_err *err)
{
    const augment_params *p = ost_ctx_params(ctx);
    member *m = OST_ARENA_ARRAY(ost_ctx_arena(ctx), member, n + 1);
    size_t end;
    ost_rc rc;

    for (size_t i = 0; i < n; i++) {
        ost_rng r = ost_ctx_rng(ctx, &items[i], UINT64_MAX);

        if (items[i].n_labels != 1)
            return ost_fail(err, OST_EINPUT,
                            "item '%s' has %zu labels, and 'target' counts "
                            "items of one",
                            items[i].id, items[i].n_labels);
        m[i] = (member){ items[i].labels[0], ost_rng_u64(&r), i };
    }
    qsort(m, n, sizeof(*m), compare_members);
    rc = check_classes(p->target, m, n, err);
    for (size_t i = 0; i < n && !rc; i = end) {
        for (end = i + 1; end < n; end++)
            if (strcmp(m[end].label, m[i].label) != 0)
                break;
        share_out(ctx, &m[i], end - i, target_of(p->target, m[i].label));
    }
    return rc;
}

static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const augment_params *p = ost_ctx_params(ctx);
    const ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (rc)
        return rc;
    if (p->target && !json_is_null(p->target))
        return meet_targets(ctx, items, n, err);
    for (size_t i = 0; i < n; i++)
        direct(ctx, i, p->copies, p->keep_original);
    return OST_OK;
}

/* ---- one copy ---- */

/* A change on its way through the fields of an item. */
typedef struct changing {
    ost_change change;
    ost_affine map; /* of the picture that boxes lie in */
    bool tone;      /* images and frames */
} changing;

static void note_change(ost_arena *a, ost_item *out, const ost_change *c)
{
    const ost_change_ranges *r = c->ranges;
    const struct {
        const char *name;
        double reach;
        double value;
    } row[] = {
        { "augment.rotate", r->rotate, c->motion.rotate },
        { "augment.shift_x", r->translate, c->motion.shift_x },
        { "augment.shift_y", r->translate, c->motion.shift_y },
        { "augment.scale", r->scale, c->motion.scale },
        { "augment.flip_h", r->flip_h, c->motion.flip_x },
        { "augment.flip_v", r->flip_v, c->motion.flip_y },
        { "augment.brightness", r->brightness, c->brightness },
        { "augment.contrast", r->contrast, c->contrast },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (row[i].reach > 0.0)
            ost_item_set_number(a, out, row[i].name, row[i].value);
}

static ost_rc change_plane(void *user, const ost_field *field,
                           const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    const changing *c = user;
    ost_plane_kind kind = ost_plane_kind_of(field);
    bool tone = c->tone &&
                (kind == OST_PLANE_FRAMES || strcmp(field->name, "image") == 0);
    unsigned flags = (kind == OST_PLANE_MASK ? OST_CHANGE_MASK : 0u) |
                     (tone ? OST_CHANGE_TONE : 0u);

    return ost_change_plane(&c->change, flags, in, out, err);
}

static void change_box(void *user, const double from[4], double to[4])
{
    ost_box_warp(&((const changing *)user)->map, from, to);
}

static ost_rc emit_copy(ost_stage_ctx *ctx, const ost_item *in, int64_t number,
                        ost_err *err)
{
    ost_rng r = ost_ctx_rng(ctx, in, (uint64_t)number);
    const augment_params *p = ost_ctx_params(ctx);
    changing c = { .change = ost_change_draw(&p->ranges, &r),
                   .tone = ost_change_ranges_tone(&p->ranges) };
    ost_geometry g = { .plane = change_plane, .box = change_box, .user = &c };
    ost_item *out = ost_derive(ctx, in, number);
    ost_rect frame;
    ost_rc rc;

    rc = ost_geometry_frame(in, &frame, err);
    if (rc)
        return rc;
    c.map = ost_change_map(&c.change, frame.height, frame.width);
    rc = ost_geometry_apply(ctx, in, &g, out, err);
    if (rc)
        return rc;
    note_change(ost_ctx_arena(ctx), out, &c.change);
    return ost_emit(ctx, "out", out, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    json_t *directive = json_loads(ost_ctx_directive(ctx), 0, NULL);
    json_int_t copies = 0;
    int keep = 0;
    ost_rc rc = OST_OK;

    if (json_unpack(directive, "{s:I,s:b}", "copies", &copies, "keep", &keep))
        rc = ost_fail(err, OST_EPROTO, "wrong directive");
    json_decref(directive);
    if (!rc && !ost_plane_lead(in))
        rc = ost_fail(err, OST_EINPUT, "there is no picture");
    if (!rc && keep)
        rc = ost_emit(ctx, "out", ost_derive(ctx, in, -1), err);
    for (int64_t i = 0; i < copies && !rc; i++)
        rc = emit_copy(ctx, in, i, err);
    return rc;
}

const ost_stage ost_stage_augment = {
    .name = "augment",
    .version = 2, /* bump when any output byte can change */
    .summary = "Adds rotated, shifted, scaled, flipped and toned copies.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(augment_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the images and their copies", false, false }),
    .check = check,
    .prepare = prepare,
    .map = map,
};
