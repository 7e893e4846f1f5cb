/* stages/pool.c - one prediction for a patient, or for what was cut up
 *
 * The predictions of a group, of a parent (its first) or of a root become one,
 * whose id is the group's, the parent's or the root's, and whose parents are
 * the ids of the items.  Its scores are made of theirs:
 *
 *     mean  the mean for each class
 *     max   of two classes: the highest score of the positive one, and the rest
 *           of 1 for the other; of more: the highest of each, divided by their
 *           sum; of predictions of several labels: the highest of each
 *     vote  the share of the items that are predicted as the class
 *
 * What is predicted is the class with the highest score (the first of equal
 * ones), or the labels above 0.5.  Numbers are pooled as numbers.
 *
 * Labels must agree, unless `label` says otherwise: with `any` the positive of
 * two classes wins when one item has it (of several labels, each that an item
 * has), with `none` what disagrees has no label.  Attributes that all items
 * share are kept, `items` says how many there were.  A group whose items were
 * predicted in different folds (or other axes) is an error: it has no one
 * prediction.
 */
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/matching.h"
#include "stages/pooled_scores.h"
#include "stages/positive.h"

#include <string.h>

#include "base/banned.h"

static const ost_param params[] = {
    OST_PARAM(ost_pool_params, by, CHOICE,
              "what the predictions have in common", .dflt = "\"group\"",
              .choices = "group|parent|root"),
    OST_PARAM(ost_pool_params, how, CHOICE, "how scores become one",
              .dflt = "\"mean\"", .choices = "mean|max|vote"),
    OST_PARAM(ost_pool_params, label, CHOICE,
              "labels must be the same; or the positive one counts when any "
              "item has it; or there is none where they differ",
              .dflt = "\"same\"", .choices = "same|any|none"),
    OST_PARAM(ost_pool_params, positive, STR,
              "class that counts as positive when there are two; unset: the "
              "last by name, unless that is 'normal' or the like",
              .dflt = "null"),
    OST_END,
};

static int match_of(const ost_pool_params *p)
{
    static const int by[] = { OST_MATCH_GROUP, OST_MATCH_PARENT,
                              OST_MATCH_ROOT };

    return by[p->by];
}

/* --- reading ------------------------------------------------------------- */

static void add_class(ost_pooling *p, const char *name)
{
    size_t at = 0;

    while (at < p->classes.len && strcmp(p->classes.data[at], name) < 0)
        at++;
    if (at < p->classes.len && strcmp(p->classes.data[at], name) == 0)
        return;
    ost_vec_push(&p->classes, name);
    memmove(&p->classes.data[at + 1], &p->classes.data[at],
            (p->classes.len - 1 - at) * sizeof(name));
    p->classes.data[at] = name;
}

static ost_rc read_kind(ost_pooling *p, size_t input, const json_t *meta,
                        ost_err *err)
{
    const char *word = json_string_value(json_object_get(meta, "kind"));
    int kind = !word                         ? OST_POOL_CLASSES
               : strcmp(word, "labels") == 0 ? OST_POOL_LABELS
                                             : OST_POOL_NUMBER;
    const json_t *c;
    size_t i;

    if (input > 0 && kind != p->kind)
        return ost_fail(err, OST_EINPUT,
                        "the predictions are of different kinds");
    p->kind = kind;
    json_array_foreach(json_object_get(meta, "classes"), i, c)
    {
        if (json_is_string(c))
            add_class(p, json_string_value(c));
    }
    return OST_OK;
}

/* Axes of the input become attributes, as predictions that were gathered have
 * them. */
static void add_axes(ost_pooling *p, const ost_input *in, ost_item *item)
{
    ost_arena *arena = ost_ctx_arena(p->ctx);

    for (size_t a = 0; a < in->n_axes; a++)
        ost_item_set_text(arena, item,
                          ost_arena_printf(arena, "axis.%s", in->axes[2 * a]),
                          in->axes[2 * a + 1]);
}

static void add_item(ost_pooling *p, const ost_input *in, const ost_item *item)
{
    const char *name =
        ost_match_key(ost_ctx_arena(p->ctx), match_of(p->p), item);
    ost_item own = *item;
    uint64_t at = p->buckets.len;

    add_axes(p, in, &own);
    if (!ost_map_get(&p->names, name, strlen(name), &at)) {
        ost_map_put(&p->names, name, strlen(name), at);
        ost_vec_push(&p->buckets, (ost_pool_bucket){ .name = name });
    }
    ost_vec_push(&p->buckets.data[at].items, own);
    for (size_t k = 0; k < item->n_attrs; k++)
        if (ost_starts_with(item->attrs[k].name, "score."))
            add_class(p, item->attrs[k].name + strlen("score."));
}

static ost_rc read_input(ost_pooling *p, size_t input, ost_err *err)
{
    const ost_input *in = ost_ctx_input(p->ctx, "predictions", input);
    const ost_item *items;
    const json_t *meta;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_meta(p->ctx, in, &meta, err);
    if (!rc)
        rc = read_kind(p, input, meta, err);
    if (!rc)
        rc = ost_ctx_items(p->ctx, in, &items, &n, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++)
        add_item(p, in, &items[i]);
    return OST_OK;
}

static ost_rc find_positive(ost_pooling *p, ost_err *err)
{
    const char *const *c = p->classes.data;
    size_t n = p->classes.len;

    p->positive = SIZE_MAX;
    if (p->kind == OST_POOL_CLASSES && n == 2)
        p->positive = ost_positive_of_two(c[0], c[1]);
    if (!p->p->positive)
        return OST_OK;
    if (p->positive == SIZE_MAX)
        return ost_fail(err, OST_EINPUT,
                        "param 'positive': there are %zu classes, and a "
                        "positive one among two only",
                        n);
    for (size_t k = 0; k < n; k++)
        if (strcmp(c[k], p->p->positive) == 0) {
            p->positive = k;
            return OST_OK;
        }
    return ost_fail(
        err, OST_EINPUT, "param 'positive': no class '%s'%s", p->p->positive,
        ost_did_you_mean(ost_ctx_arena(p->ctx), p->p->positive, c, n));
}

/* --- labels and attributes ----------------------------------------------- */

static const char *labels_of(ost_pooling *p, const ost_item *item)
{
    ost_buf text = { 0 };
    const char *copy;

    ost_item_add_labels(&text, item);
    copy = ost_arena_strdup(ost_ctx_arena(p->ctx), ost_buf_str(&text));
    ost_buf_release(&text);
    return copy;
}

static void unite_labels(ost_pooling *p, const ost_pool_bucket *b,
                         ost_item *out)
{
    const char *all = "";

    for (size_t i = 0; i < b->items.len; i++)
        all = ost_arena_printf(ost_ctx_arena(p->ctx), "%s|%s", all,
                               labels_of(p, &b->items.data[i]));
    ost_item_set_labels(ost_ctx_arena(p->ctx), out, all);
}

static ost_rc settle_conflict(ost_pooling *p, const ost_pool_bucket *b,
                              const ost_item *x, const ost_item *y,
                              ost_item *out, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(p->ctx);

    if (p->p->label == OST_POOL_NONE) {
        ost_item_set_label(arena, out, NULL);
        return OST_OK;
    }
    if (p->p->label == OST_POOL_ANY && p->kind == OST_POOL_LABELS) {
        unite_labels(p, b, out);
        return OST_OK;
    }
    if (p->p->label == OST_POOL_ANY && p->positive != SIZE_MAX) {
        ost_item_set_label(arena, out, p->classes.data[p->positive]);
        return OST_OK;
    }
    return ost_fail(err, OST_EINPUT,
                    "'%s': item '%s' has the label '%s' and item '%s' '%s' "
                    "(label: any%s)",
                    b->name, x->id, labels_of(p, x), y->id, labels_of(p, y),
                    p->p->label == OST_POOL_ANY ? " is for two classes"
                                                : ", or none, settles that");
}

/* Items without a label have no say, but where several labels are judged. */
static ost_rc pool_labels(ost_pooling *p, const ost_pool_bucket *b,
                          ost_item *out, ost_err *err)
{
    const ost_item *first = NULL;

    for (size_t i = 0; i < b->items.len; i++) {
        const ost_item *item = &b->items.data[i];

        if (item->n_labels == 0 && p->kind != OST_POOL_LABELS)
            continue;
        if (first && strcmp(labels_of(p, first), labels_of(p, item)) != 0)
            return settle_conflict(p, b, first, item, out, err);
        if (!first)
            first = item;
    }
    out->labels = first ? first->labels : NULL;
    out->n_labels = first ? first->n_labels : 0;
    return OST_OK;
}

static bool same_attr(const ost_attr *x, const ost_attr *y)
{
    if (!y || x->kind != y->kind)
        return false;
    return x->kind == OST_ATTR_NUMBER ? x->number == y->number
                                      : strcmp(x->text, y->text) == 0;
}

/* Keeps the attributes that all share; axes must be shared. */
static ost_rc pool_attributes(ost_pooling *p, const ost_pool_bucket *b,
                              ost_item *out, ost_err *err)
{
    const ost_item *first = &b->items.data[0];
    ost_arena *arena = ost_ctx_arena(p->ctx);

    out->attrs = NULL;
    out->n_attrs = 0;
    for (size_t k = 0; k < first->n_attrs; k++) {
        const ost_attr *a = &first->attrs[k];
        size_t same = 1;

        while (same < b->items.len &&
               same_attr(a, ost_item_attr(&b->items.data[same], a->name)))
            same++;
        if (same < b->items.len && ost_starts_with(a->name, "axis."))
            return ost_fail(err, OST_EINPUT,
                            "'%s': items '%s' and '%s' were predicted in "
                            "different instances of axis '%s'",
                            b->name, first->id, b->items.data[same].id,
                            a->name + strlen("axis."));
        if (same < b->items.len)
            continue;
        if (a->kind == OST_ATTR_NUMBER)
            ost_item_set_number(arena, out, a->name, a->number);
        else
            ost_item_set_text(arena, out, a->name, a->text);
    }
    ost_item_set_number(arena, out, "items", (double)b->items.len);
    return OST_OK;
}

static ost_rc pool_bucket(ost_pooling *p, ost_pool_bucket *b, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(p->ctx);
    ost_item *out = ost_derive(p->ctx, &b->items.data[0], -1);
    const char **parents = OST_ARENA_ARRAY(arena, const char *, b->items.len);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < b->items.len && !rc; i++) {
        parents[i] = b->items.data[i].id;
        if (strcmp(b->items.data[i].group, out->group) != 0)
            rc = ost_fail(err, OST_EINPUT,
                          "'%s': items '%s' and '%s' are of different groups",
                          b->name, b->items.data[0].id, parents[i]);
        if (!rc)
            rc = ost_expose(p->ctx, out, &b->items.data[i], err);
    }
    out->id = b->name;
    out->parents = parents;
    out->n_parents = b->items.len;
    if (!rc)
        rc = pool_attributes(p, b, out, err);
    if (!rc)
        rc = pool_labels(p, b, out, err);
    if (!rc)
        rc = ost_pool_scores(p, b, out, err);
    if (rc)
        return rc;
    return ost_emit(p->ctx, "predictions", out, err);
}

static ost_rc emit_meta(ost_pooling *p, ost_err *err)
{
    static const char *const words[] = { NULL, "labels", "number" };
    json_t *classes = json_array();
    json_t *meta = json_pack("{s:o}", "classes", classes);
    ost_rc rc;

    for (size_t k = 0; k < p->classes.len; k++)
        json_array_append_new(classes, json_string(p->classes.data[k]));
    if (words[p->kind])
        json_object_set_new(meta, "kind", json_string(words[p->kind]));
    rc = ost_emit_meta(p->ctx, "predictions", meta, err);
    json_decref(meta);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    ost_pooling p = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    size_t inputs = ost_ctx_input_count(ctx, "predictions");
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < inputs && !rc; i++)
        rc = read_input(&p, i, err);
    if (!rc)
        rc = find_positive(&p, err);
    for (size_t i = 0; i < p.buckets.len && !rc; i++)
        rc = pool_bucket(&p, &p.buckets.data[i], err);
    if (!rc)
        rc = emit_meta(&p, err);
    for (size_t i = 0; i < p.buckets.len; i++)
        ost_vec_release(&p.buckets.data[i].items);
    ost_vec_release(&p.buckets);
    ost_vec_release(&p.classes);
    ost_map_release(&p.names);
    return rc;
}

const ost_stage ost_stage_pool = {
    .name = "pool",
    .version = 1, /* bump when any output byte can change */
    .summary = "Make one prediction of those of a patient or a parent.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(ost_pool_params),
    .params = params,
    .inputs = OST_PORTS({ "predictions", OST_PREDICTIONS,
                          "what was predicted of the parts", true, false }),
    .outputs = OST_PORTS({ "predictions", OST_PREDICTIONS,
                           "one prediction for each", false, false }),
    .run = run,
};
