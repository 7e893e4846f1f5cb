/* stages/filter.c - items that a model finds good enough, or bad enough
 *
 * An item is looked up among `predictions` and kept when its score for `class`
 * is at least `threshold` (keep: above) or less than that (below).  Of two
 * classes the positive one counts unless `class` names one.  How many were
 * kept and dropped is noted and stands in the output's metadata.
 *
 * A model had a say in what is kept, so every kept item is exposed to whatever
 * its prediction is exposed to: what is trained on the kept items cannot be
 * evaluated on the patients that the filter has learned from.
 */
#include "base/text.h"
#include "base/vec.h"
#include "stages/matching.h"
#include "stages/positive.h"

#include <string.h>

#include "base/banned.h"

enum { ABOVE, BELOW };
enum { ERROR, DROP };

typedef struct {
    const char *class;
    double threshold;
    int keep;
    int by;
    int missing;
    const char *to;
    bool allow_empty;
} filter_params;

static const ost_param params[] = {
    OST_PARAM(filter_params, threshold, F64, "score that decides",
              .required = true, .min = 0, .max = 1),
    OST_PARAM(filter_params, class, STR,
              "class whose score it is; unset: the positive one of two",
              .dflt = "null"),
    OST_PARAM(filter_params, keep, CHOICE,
              "keep what scores at least the threshold, or less",
              .dflt = "\"above\"", .choices = "above|below"),
    OST_PARAM(filter_params, by, CHOICE,
              "what an item has in common with its prediction",
              .dflt = "\"id\"", .choices = OST_MATCH_WORDS),
    OST_PARAM(filter_params, missing, CHOICE,
              "what becomes of an item without a prediction",
              .dflt = "\"error\"", .choices = "error|drop"),
    OST_PARAM(filter_params, to, STR,
              "attribute that keeps the score; unset: none", .dflt = "null"),
    OST_PARAM(filter_params, allow_empty, BOOL, "no item is no error",
              .dflt = "false"),
    OST_END,
};

typedef struct {
    ost_stage_ctx *ctx;
    const filter_params *p;
    OST_VEC(ost_item) all; /* predictions of all inputs */
    OST_VEC(const char *) classes;
    const char *class; /* that counts */
    const char *attr;  /* its score */
    ost_match_index index;
    size_t kept, dropped, missing;
} filtering;

static void add_class(filtering *f, ost_map *seen, const char *name)
{
    if (ost_map_put(seen, name, strlen(name), 0))
        ost_vec_push(&f->classes, name);
}

static ost_rc read_input(filtering *f, const ost_input *in, ost_map *seen,
                         ost_err *err)
{
    const ost_item *items;
    const json_t *meta, *c;
    size_t n, i;
    ost_rc rc;

    rc = ost_ctx_meta(f->ctx, in, &meta, err);
    if (!rc)
        rc = ost_ctx_items(f->ctx, in, &items, &n, err);
    if (rc)
        return rc;
    json_array_foreach(json_object_get(meta, "classes"), i, c)
    {
        if (json_is_string(c))
            add_class(f, seen, json_string_value(c));
    }
    for (i = 0; i < n; i++) {
        for (size_t k = 0; k < items[i].n_attrs; k++)
            if (ost_starts_with(items[i].attrs[k].name, "score."))
                add_class(f, seen, items[i].attrs[k].name + strlen("score."));
        ost_vec_push(&f->all, items[i]);
    }
    return OST_OK;
}

static ost_rc choose_class(filtering *f, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(f->ctx);
    const char **c = f->classes.data;

    f->class = f->p->class;
    if (!f->class && f->classes.len == 2) {
        bool sorted = strcmp(c[0], c[1]) < 0;
        const char *two[2] = { c[!sorted], c[sorted] };

        f->class = two[ost_positive_of_two(two[0], two[1])];
    }
    if (!f->class)
        return ost_fail(err, OST_EINPUT,
                        "the predictions have %zu classes: param 'class' says "
                        "whose score counts",
                        f->classes.len);
    for (size_t i = 0; i < f->classes.len; i++)
        if (strcmp(c[i], f->class) == 0) {
            f->attr = ost_arena_printf(arena, "score.%s", f->class);
            return OST_OK;
        }
    return ost_fail(
        err, OST_EINPUT, "param 'class': the predictions have no class '%s'%s",
        f->class, ost_did_you_mean(arena, f->class, c, f->classes.len));
}

static ost_rc open_predictions(filtering *f, ost_err *err)
{
    size_t inputs = ost_ctx_input_count(f->ctx, "predictions");
    ost_map seen = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < inputs && !rc; i++)
        rc = read_input(f, ost_ctx_input(f->ctx, "predictions", i), &seen, err);
    if (!rc)
        rc = choose_class(f, err);
    if (!rc)
        ost_match_index_init(&f->index, ost_ctx_arena(f->ctx), f->p->by,
                             f->all.data, f->all.len);
    ost_map_release(&seen);
    return rc;
}

/* The one prediction of an item; NULL when there is none and that is fine. */
static ost_rc find(filtering *f, const ost_item *in, const ost_item **found,
                   ost_err *err)
{
    const char *key = ost_match_key(ost_ctx_arena(f->ctx), f->p->by, in);

    *found = ost_match_first(&f->index, key);
    if (!*found && f->p->missing == ERROR)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has no prediction (missing: drop leaves "
                        "such items out)",
                        in->id);
    if (*found && ost_match_next(&f->index, *found))
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has more than one prediction ('pool' makes "
                        "one of them)",
                        in->id);
    return OST_OK;
}

static ost_rc filter_item(filtering *f, const ost_item *in, ost_err *err)
{
    const ost_item *prediction;
    const ost_attr *score;
    ost_item *out;
    ost_rc rc;

    rc = find(f, in, &prediction, err);
    if (rc)
        return rc;
    if (!prediction) {
        f->missing++;
        return OST_OK;
    }
    score = ost_item_attr(prediction, f->attr);
    if (!score || score->kind != OST_ATTR_NUMBER || !isfinite(score->number))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': no finite score for class '%s'", in->id,
                        f->class);
    if ((score->number >= f->p->threshold) != (f->p->keep == ABOVE)) {
        f->dropped++;
        return OST_OK;
    }
    f->kept++;
    out = ost_derive(f->ctx, in, -1);
    if (f->p->to)
        ost_item_set_number(ost_ctx_arena(f->ctx), out, f->p->to,
                            score->number);
    rc = ost_expose(f->ctx, out, prediction, err);
    if (rc)
        return rc;
    return ost_emit(f->ctx, "out", out, err);
}

static ost_rc tell(filtering *f, size_t n, ost_err *err)
{
    json_t *meta;
    ost_rc rc;

    if (f->kept == 0 && !f->p->allow_empty)
        return ost_fail(err, OST_EINPUT,
                        "none of %zu items has a score for '%s' %s %g "
                        "(allow_empty: true allows that)",
                        n, f->class,
                        f->p->keep == ABOVE ? "of at least" : "below",
                        f->p->threshold);
    ost_note(f->ctx, "%zu of %zu items are kept: score for '%s' %s %g", f->kept,
             n, f->class, f->p->keep == ABOVE ? "at least" : "below",
             f->p->threshold);
    if (f->missing)
        ost_note(f->ctx, "%zu items without a prediction are dropped",
                 f->missing);
    meta = json_pack("{s:{s:s, s:f, s:s, s:I, s:I, s:I}}", "filter", "class",
                     f->class, "threshold", f->p->threshold, "keep",
                     f->p->keep == ABOVE ? "above" : "below", "kept",
                     (json_int_t)f->kept, "dropped", (json_int_t)f->dropped,
                     "without_prediction", (json_int_t)f->missing);
    rc = ost_emit_meta(f->ctx, "out", meta, err);
    json_decref(meta);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    filtering f = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    const ost_item *items = NULL;
    size_t n = 0;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (!rc)
        rc = open_predictions(&f, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = filter_item(&f, &items[i], err);
    if (!rc)
        rc = tell(&f, n, err);
    ost_match_index_release(&f.index);
    ost_vec_release(&f.all);
    ost_vec_release(&f.classes);
    return rc;
}

const ost_stage ost_stage_filter = {
    .name = "filter",
    .version = 1, /* bump when any output byte can change */
    .summary = "Keep the items that a model scores high, or low.",
    .param_size = sizeof(filter_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "items to choose from", false, false },
                  { "predictions", OST_PREDICTIONS, "what a model says of them",
                    true, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the items that are kept", false, false }),
    .run = run,
};
