/* stages/aggregate_views.c - both views of an exam as one image
 *
 * The items of a group that have the same attributes `by` are the views of an
 * exam.  The view from behind is mirrored, put onto the one in front (first
 * and last row and column with uptake, stages/view_alignment.h), and both are
 * added; what is outside of it counts as 0.  Masks are united, boxes follow and
 * stand behind each other; other fields and attributes are those of the view in
 * front.
 *
 * The result is called as the view in front; both are its parents, its labels
 * those of both, its `view` "both".  aggregate.shift_x and .shift_y say where
 * the mirrored view went (with `scale`: aggregate.scale_x and .scale_y too) and
 * aggregate.aligned whether it was aligned at all.  Exams with one view and
 * what is neither view go to the port `left_out`, with the reason in the
 * attribute aggregate.reason.
 */
#include "base/map.h"
#include "stages/matching.h"
#include "stages/two_views.h"

#include <string.h>

#include "base/banned.h"

enum { DROP, KEEP, ERROR };
enum { NAMED = 5 }; /* exams that a note mentions */

typedef struct aggregate_params {
    ost_str_list by;
    const char *front;
    const char *back;
    double theta;
    int64_t pixels;
    int align;
    int combine;
    int missing;
    int unaligned;
    int type;
} aggregate_params;

static const ost_param params[] = {
    OST_PARAM(aggregate_params, by, STR_LIST,
              "attributes that the views of an exam have in common, besides "
              "the group",
              .dflt = "[\"study\"]"),
    OST_PARAM(aggregate_params, front, STR,
              "attribute 'view' of the view in front", .dflt = "\"anterior\""),
    OST_PARAM(aggregate_params, back, STR,
              "attribute 'view' of the view from behind, which is mirrored",
              .dflt = "\"posterior\""),
    OST_PARAM(aggregate_params, theta, F64,
              "uptake is above this share of the 99th percentile",
              .dflt = "0.1", .min = 0, .max = 1),
    OST_PARAM(aggregate_params, pixels, I64,
              "pixels with uptake that the first and last rows and columns "
              "have at least",
              .dflt = "4", .min = 1, .max = 65536),
    OST_PARAM(aggregate_params, align, CHOICE,
              "not at all, centers onto each other, or rectangle onto "
              "rectangle",
              .dflt = "\"translate\"", .choices = "none|translate|scale"),
    OST_PARAM(aggregate_params, combine, CHOICE, "how values become one",
              .dflt = "\"add\"", .choices = "add|mean|max"),
    OST_PARAM(aggregate_params, missing, CHOICE,
              "what becomes of an exam with one view: left out, kept as it is "
              "(from behind: mirrored), or an error",
              .dflt = "\"drop\"", .choices = "drop|keep|error"),
    OST_PARAM(aggregate_params, unaligned, CHOICE,
              "what becomes of an exam with a view without uptake: left out, "
              "added without a shift, or an error",
              .dflt = "\"keep\"", .choices = "drop|keep|error"),
    OST_PARAM(aggregate_params, type, CHOICE,
              "f32, which holds every sum, or u16, which fails when a sum "
              "does not fit",
              .dflt = "\"f32\"", .choices = "f32|u16"),
    OST_END,
};

/* ---- which items ---- */

static bool is_view(const ost_item *item, const char *view)
{
    const ost_attr *a = ost_item_attr(item, "view");

    return a && a->kind == OST_ATTR_TEXT && strcmp(a->text, view) == 0;
}

static const char *exam_of(ost_stage_ctx *ctx, const ost_item *item)
{
    const aggregate_params *p = ost_ctx_params(ctx);
    ost_buf name = { 0 };
    const char *text;

    ost_buf_adds(&name, item->group);
    for (size_t i = 0; i < p->by.n; i++) {
        const ost_attr *a = ost_item_attr(item, p->by.v[i]);

        ost_buf_adds(&name, " / ");
        if (a)
            ost_buf_adds(&name, ost_attr_part(ost_ctx_arena(ctx), a));
    }
    text = ost_arena_strdup(ost_ctx_arena(ctx), ost_buf_str(&name));
    ost_buf_release(&name);
    return text;
}

/* Says once which exams miss a view, before anything is computed. */
static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const aggregate_params *p = ost_ctx_params(ctx);
    const ost_item *items = NULL;
    ost_map exams = { 0 };
    size_t n = 0, total = 0, alone = 0;
    const char **names;
    unsigned *views;
    ost_buf list = { 0 };
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    names = OST_ARENA_ARRAY(ost_ctx_arena(ctx), const char *, n + 1);
    views = OST_ARENA_ARRAY(ost_ctx_arena(ctx), unsigned, n + 1);
    for (size_t i = 0; i < n && !rc; i++) {
        const char *name = exam_of(ctx, &items[i]);
        uint64_t at = total;

        if (!ost_map_get(&exams, name, strlen(name), &at)) {
            ost_map_put(&exams, name, strlen(name), total);
            names[total++] = name;
        }
        views[at] |= is_view(&items[i], p->front) ? 1u : 0u;
        views[at] |= is_view(&items[i], p->back) ? 2u : 0u;
        ost_ctx_direct(ctx, i, "");
    }
    for (size_t i = 0; i < total && !rc; i++) {
        if (views[i] == 3)
            continue;
        if (alone++ < NAMED)
            ost_buf_addf(&list, "%s'%s'", list.len ? ", " : "", names[i]);
    }
    if (!rc && alone > 0)
        ost_note(ctx, "%zu of %zu exams have no two views: %s%s", alone, total,
                 ost_buf_str(&list), alone > NAMED ? ", ..." : "");
    ost_buf_release(&list);
    ost_map_release(&exams);
    return rc;
}

static ost_rc bucket(ost_stage_ctx *ctx, const ost_item *in, const char **name,
                     ost_err *err)
{
    (void)err;
    *name = exam_of(ctx, in);
    return OST_OK;
}

static ost_rc leave_out(ost_stage_ctx *ctx, const ost_item *in,
                        const char *reason, ost_err *err)
{
    ost_item *out = ost_derive(ctx, in, -1);

    ost_item_set_text(ost_ctx_arena(ctx), out, "aggregate.reason", reason);
    return ost_emit(ctx, "left_out", out, err);
}

/* ---- an exam ---- */

/* Where the middle of the mirrored view went, and how large it became. */
static void note_place(ost_stage_ctx *ctx, const ost_two_views *e,
                       ost_item *out)
{
    const aggregate_params *p = ost_ctx_params(ctx);
    ost_arena *a = ost_ctx_arena(ctx);
    double cx = ((double)e->back_image.shape[1] - 1.0) / 2.0;
    double cy = ((double)e->back_image.shape[0] - 1.0) / 2.0;
    const double *m = e->map.m;

    ost_item_set_number(a, out, "aggregate.aligned", e->aligned);
    ost_item_set_number(a, out, "aggregate.shift_x", (cx - m[2]) / m[0] - cx);
    ost_item_set_number(a, out, "aggregate.shift_y", (cy - m[5]) / m[4] - cy);
    if (p->align == OST_VIEW_ALIGN_SCALE) {
        ost_item_set_number(a, out, "aggregate.scale_x", -1.0 / m[0]);
        ost_item_set_number(a, out, "aggregate.scale_y", 1.0 / m[4]);
    }
}

static void name_result(ost_stage_ctx *ctx, const ost_two_views *e,
                        ost_item *out)
{
    ost_arena *a = ost_ctx_arena(ctx);
    const char *parents[] = { e->front->id, e->back->id };
    ost_buf labels = { 0 };

    out->parents = ost_arena_copy(a, parents, sizeof(parents));
    out->n_parents = 2;
    ost_item_set_text(a, out, "view", "both");
    ost_item_add_labels(&labels, e->front);
    ost_buf_addc(&labels, '|');
    ost_item_add_labels(&labels, e->back);
    ost_item_set_labels(a, out, ost_buf_str(&labels));
    ost_buf_release(&labels);
}

static ost_rc aggregate(ost_stage_ctx *ctx, ost_two_views *e, ost_err *err)
{
    const aggregate_params *p = ost_ctx_params(ctx);
    ost_item *out = ost_derive(ctx, e->front ? e->front : e->back, -1);
    bool both = e->front && e->back;
    ost_rc rc;

    rc = ost_two_views_open(ctx, e, p->theta, p->pixels,
                            (ost_view_align)p->align, err);
    if (rc)
        return rc;
    if (both && !e->aligned && p->align != OST_VIEW_ALIGN_NONE) {
        if (p->unaligned == ERROR)
            return ost_fail(err, OST_EINPUT,
                            "'%s' or '%s' shows no uptake to align",
                            e->front->id, e->back->id);
        ost_note(ctx, "'%s' and '%s' are not aligned: one shows no uptake",
                 e->front->id, e->back->id);
        if (p->unaligned == DROP) {
            rc = leave_out(ctx, e->front, "not aligned", err);
            return rc ? rc : leave_out(ctx, e->back, "not aligned", err);
        }
    }
    rc = ost_two_views_image(ctx, e, (ost_view_combine)p->combine,
                             p->type ? OST_U16 : OST_F32, out, err);
    if (!rc)
        rc = ost_two_views_masks(ctx, e, out, err);
    if (!rc)
        rc = ost_two_views_boxes(ctx, e, out, err);
    if (rc)
        return rc;
    if (both) {
        name_result(ctx, e, out);
        note_place(ctx, e, out);
    }
    return ost_emit(ctx, "out", out, err);
}

static ost_rc sort_views(ost_stage_ctx *ctx, const ost_item *const *items,
                         size_t n, ost_two_views *e, ost_err *err)
{
    const aggregate_params *p = ost_ctx_params(ctx);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        const ost_item **place = is_view(items[i], p->front)  ? &e->front
                                 : is_view(items[i], p->back) ? &e->back
                                                              : NULL;

        if (!place) {
            rc = leave_out(ctx, items[i], "neither view", err);
            continue;
        }
        if (*place)
            return ost_fail(err, OST_EINPUT,
                            "'%s' and '%s' are the same view: say in 'by' "
                            "what tells exams apart",
                            (*place)->id, items[i]->id);
        *place = items[i];
    }
    return rc;
}

static ost_rc gather(ost_stage_ctx *ctx, const ost_item *const *items, size_t n,
                     ost_err *err)
{
    const aggregate_params *p = ost_ctx_params(ctx);
    const ost_item *alone;
    ost_two_views e = { 0 };
    ost_rc rc = sort_views(ctx, items, n, &e, err);

    alone = e.front && e.back ? NULL : e.front ? e.front : e.back;
    if (rc || (!e.front && !e.back))
        return rc;
    if (alone && p->missing == ERROR)
        return ost_fail(err, OST_EINPUT, "there is no view but '%s'",
                        alone->id);
    if (alone && p->missing == DROP)
        return leave_out(ctx, alone, "the other view is missing", err);
    return aggregate(ctx, &e, err);
}

const ost_stage ost_stage_aggregate_views = {
    .name = "aggregate_views",
    .version = 4, /* bump when any output byte can change */
    .summary = "Adds the front and the mirrored back view of an exam.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(aggregate_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "views", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "one image per exam", false, false },
        { "left_out", OST_DATASET,
          "views that are part of no image, with the reason", false, false }),
    .prepare = prepare,
    .bucket = bucket,
    .gather = gather,
};
