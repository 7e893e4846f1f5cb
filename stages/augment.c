/* stages/augment.c - more images, by moving and toning those there are
 *
 * Each item gives `copies` new ones; with `target`, each class ends with
 * exactly that many items: the copies are shared out evenly (who has one more
 * is drawn), and a class that has too many keeps a drawn part.  The originals
 * stay unless `keep_original` is off.
 *
 * A copy is the item changed as stages/changes.h says.  All pictures of the
 * item follow, masks by the nearest pixel with 0 around them, boxes as the
 * boxes around what they held, clipped to the image.  Values change in `image`
 * and `frames` alone.  What was drawn is kept in the attributes augment.rotate,
 * augment.scale and so on.
 *
 * With `pair_by` the items of a group that have the same value of that
 * attribute are views of one exam and change alike; those of the view
 * `mirror_view` as their mirror image does.  The copies of an exam are an exam
 * of their own: number k of exam "e" is "e#k".
 */
#include "base/alloc.h"
#include "stages/changes.h"
#include "stages/geometry.h"
#include "stages/matching.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct augment_params {
    int64_t copies;
    const json_t *target;
    bool keep_original;
    const char *pair_by;
    const char *mirror_view;
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
    OST_PARAM(augment_params, pair_by, STR,
              "attribute that names the exam of which items are views: those "
              "of one exam change alike",
              .dflt = "null"),
    OST_PARAM(augment_params, mirror_view, STR,
              "with 'pair_by': the value of the attribute 'view' of items that "
              "change as their mirror image does",
              .dflt = "\"posterior\""),
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

/* ---- exams ---- */

/* Group and exam of an item; NULL when items change each on its own. */
static const char *exam_of(ost_stage_ctx *ctx, const ost_item *item)
{
    const augment_params *p = ost_ctx_params(ctx);
    const ost_attr *a = p->pair_by ? ost_item_attr(item, p->pair_by) : NULL;

    if (!a)
        return NULL;
    return ost_arena_printf(ost_ctx_arena(ctx), "%s\n%s", item->group,
                            ost_attr_text(ost_ctx_arena(ctx), a));
}

/* FNV-1a, mixed once more so that the upper bits take part. */
static uint64_t hash_text(const char *text)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    h = (h ^ h >> 31) * UINT64_C(0x7FB5D329728EA185);
    return h ^ h >> 27;
}

/* Stream `n` of an item, or of its exam. */
static ost_rng stream_of(ost_stage_ctx *ctx, const ost_item *item,
                         const char *exam, uint64_t n)
{
    if (!exam)
        return ost_ctx_rng(ctx, item, n);
    return ost_ctx_rng(ctx, NULL, hash_text(exam) + n);
}

/* ---- how many copies ---- */

typedef struct member {
    const char *label;
    uint64_t key; /* drawn from the item: who comes first in its class */
    size_t index;
    const ost_item *item;
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

/* What .map is told: {"copies", "keep"}, and of views {"exam", "mirror"}. */
static void direct(ost_stage_ctx *ctx, const ost_item *item, size_t index,
                   int64_t copies, bool keep)
{
    const augment_params *p = ost_ctx_params(ctx);
    const char *exam = exam_of(ctx, item);
    ost_buf text = { 0 };

    if (copies == 0 && !keep) {
        ost_ctx_direct(ctx, index, NULL);
        return;
    }
    ost_buf_addf(&text, "{\"copies\":%lld,\"keep\":%s", (long long)copies,
                 keep ? "true" : "false");
    if (exam) {
        const ost_attr *view = ost_item_attr(item, "view");

        ost_buf_adds(&text, ",\"exam\":");
        ost_buf_add_json(&text, exam, strlen(exam));
        ost_buf_addf(&text, ",\"mirror\":%s",
                     view && view->kind == OST_ATTR_TEXT &&
                             strcmp(view->text, p->mirror_view) == 0
                         ? "true"
                         : "false");
    }
    ost_buf_addc(&text, '}');
    ost_ctx_direct(ctx, index, ost_buf_str(&text));
    ost_buf_release(&text);
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
            direct(ctx, m[i].item, m[i].index, 0, i < target);
        else
            direct(ctx, m[i].item, m[i].index,
                   extra / count + (i < extra % count), p->keep_original);
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
        const char *exam = exam_of(ctx, &items[i]);
        ost_rng r = stream_of(ctx, &items[i], exam, UINT64_MAX);

        if (items[i].n_labels != 1)
            return ost_fail(err, OST_EINPUT,
                            "item '%s' has %zu labels, and 'target' counts "
                            "items of one",
                            items[i].id, items[i].n_labels);
        m[i] = (member){ items[i].labels[0], ost_rng_u64(&r), i, &items[i] };
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
        direct(ctx, &items[i], i, p->copies, p->keep_original);
    return OST_OK;
}

/* ---- one copy ---- */

/* A change on its way through the fields of an item. */
typedef struct changing {
    ost_change change;
    ost_affine map;        /* of the picture that boxes lie in */
    ost_tensor elastic;    /* the same with what is elastic; or no data */
    bool tone;             /* images and frames */
    const ost_field *last; /* the field at hand, and how many planes of it */
    uint64_t planes;
} changing;

static void note_change(ost_stage_ctx *ctx, ost_item *out, const ost_change *c,
                        const double shift[2])
{
    const ost_change_ranges *r = c->ranges;
    double moves = r->translate + r->translate_share;
    const struct {
        const char *name;
        double reach;
        double value;
    } row[] = {
        { "augment.rotate", r->rotate, c->motion.rotate },
        { "augment.shift_x", moves, shift[0] },
        { "augment.shift_y", moves, shift[1] },
        { "augment.scale", r->scale, c->motion.scale },
        { "augment.shear", r->shear, c->shear },
        { "augment.flip_h", r->flip_h, c->motion.flip_x },
        { "augment.flip_v", r->flip_v, c->motion.flip_y },
        { "augment.elastic", r->elastic, c->elastic.alpha },
        { "augment.elastic_sigma", r->elastic, c->elastic.sigma },
        { "augment.elastic_seed", r->elastic, c->elastic.seed },
        { "augment.elastic_mirror", r->elastic, c->elastic.mirror },
        { "augment.brightness", r->brightness, c->brightness },
        { "augment.contrast", r->contrast, c->contrast },
        { "augment.gamma", r->gamma, c->gamma },
        { "augment.noise", r->noise, c->noise },
        { "augment.noise_seed", r->noise, c->noise_seed },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (row[i].reach > 0.0)
            ost_item_set_number(ost_ctx_arena(ctx), out, row[i].name,
                                row[i].value);
}

static ost_rc change_plane(void *user, const ost_field *field,
                           const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    changing *c = user;
    ost_plane_kind kind = ost_plane_kind_of(field);
    bool tone = c->tone &&
                (kind == OST_PLANE_FRAMES || strcmp(field->name, "image") == 0);
    unsigned flags = (ost_plane_is_mask(kind) ? OST_CHANGE_MASK : 0u) |
                     (tone ? OST_CHANGE_TONE : 0u);
    ost_change one;

    c->planes = field == c->last ? c->planes + 1 : 0;
    c->last = field;
    one = ost_change_of_frame(&c->change, c->planes);
    return ost_change_plane(&one, flags, in, out, err);
}

static void change_box(void *user, const double from[4], double to[4])
{
    const changing *c = user;

    if (!c->elastic.data || !ost_elastic_box(&c->elastic, from, to))
        ost_box_warp(&c->map, from, to);
}

/* The copies of an exam are another exam. */
static void rename_exam(ost_stage_ctx *ctx, const ost_item *in, int64_t number,
                        ost_item *out)
{
    const augment_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);
    const char *name = ost_attr_text(arena, ost_item_attr(in, p->pair_by));

    ost_item_set_text(
        arena, out, p->pair_by,
        ost_arena_printf(arena, "%s#%lld", name, (long long)number));
}

static ost_rc emit_copy(ost_stage_ctx *ctx, const ost_item *in, int64_t number,
                        const char *exam, bool mirror, ost_err *err)
{
    ost_rng r = stream_of(ctx, in, exam, (uint64_t)number);
    const augment_params *p = ost_ctx_params(ctx);
    changing c = { .change = ost_change_draw(&p->ranges, &r),
                   .tone = ost_change_ranges_tone(&p->ranges) };
    ost_geometry g = { .plane = change_plane, .box = change_box, .user = &c };
    ost_item *out = ost_derive(ctx, in, number);
    double shift[2];
    ost_rect frame;
    ost_rc rc;

    c.change.images = ost_ctx_images(ctx);
    rc = ost_geometry_frame(in, &frame, err);
    if (rc)
        return rc;
    if (mirror)
        c.change = ost_change_mirror(&c.change);
    c.map = ost_change_map(&c.change, frame.height, frame.width);
    if (p->ranges.elastic > 0.0 && ost_item_field(in, "boxes"))
        rc = ost_elastic_map(&c.change.elastic, &c.map, frame.height,
                             frame.width, &c.elastic, err);
    if (!rc)
        rc = ost_geometry_apply(ctx, in, &g, out, err);
    ost_free(c.elastic.data);
    if (rc)
        return rc;
    ost_change_shift(&c.change, frame.height, frame.width, shift);
    note_change(ctx, out, &c.change, shift);
    if (exam)
        rename_exam(ctx, in, number, out);
    return ost_emit(ctx, "out", out, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    json_t *directive = json_loads(ost_ctx_directive(ctx), 0, NULL);
    const char *exam = NULL;
    json_int_t copies = 0;
    int keep = 0, mirror = 0;
    ost_rc rc = OST_OK;

    if (json_unpack(directive, "{s:I,s:b,s?s,s?b}", "copies", &copies, "keep",
                    &keep, "exam", &exam, "mirror", &mirror))
        rc = ost_fail(err, OST_EPROTO, "wrong directive");
    if (!rc && !ost_plane_lead(in))
        rc = ost_fail(err, OST_EINPUT, "there is no picture");
    if (!rc && keep)
        rc = ost_emit(ctx, "out", ost_derive(ctx, in, -1), err);
    for (int64_t i = 0; i < copies && !rc; i++)
        rc = emit_copy(ctx, in, i, exam, mirror, err);
    json_decref(directive);
    return rc;
}

const ost_stage ost_stage_augment = {
    .name = "augment",
    .version = 5, /* bump when any output byte can change */
    .summary = "Adds moved, deformed and toned copies.",
    .flags = OST_STAGE_DRAWS | OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(augment_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the images and their copies", false, false }),
    .check = check,
    .prepare = prepare,
    .map = map,
};
