/* stages/target.c - what is to be learned of which item */
#include "base/text.h"
#include "base/vec.h"
#include "stages/target_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef OST_VEC(const char *) word_list;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ost_rc ost_target_check(const ost_target_spec *spec, ost_err *err)
{
    const char *weights = json_string_value(spec->class_weights);

    if (strcmp(spec->name, "label") != 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'target': there is no target '%s' (there is "
                        "'label')",
                        spec->name);
    if (!weights || (strcmp(weights, "none") && strcmp(weights, "balanced")))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'class_weights' must be 'none' or 'balanced'");
    return OST_OK;
}

/* Sorts and leaves each word once. */
static void distinct(word_list *words)
{
    size_t kept = 0;

    if (words->len > 0)
        qsort(words->data, words->len, sizeof(*words->data), by_name);
    for (size_t i = 0; i < words->len; i++)
        if (i == 0 || strcmp(words->data[i], words->data[kept - 1]) != 0)
            words->data[kept++] = words->data[i];
    words->len = kept;
}

static ost_rc find_classes(ost_stage_ctx *ctx, ost_target *t, ost_err *err)
{
    word_list words = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < t->n && !rc; i++) {
        const char *label = ost_item_label(&t->items[i]);

        if (!label)
            rc = ost_fail(err, OST_EINPUT,
                          "item '%s' has %zu labels, must have one",
                          t->items[i].id, t->items[i].n_labels);
        else
            ost_vec_push(&words, label);
    }
    distinct(&words);
    if (!rc && words.len < 2)
        rc = ost_fail(err, OST_EINPUT,
                      words.len ? "all %zu items are of class '%s'"
                                : "there are no items to learn from",
                      t->n, words.len ? words.data[0] : "");
    if (!rc) {
        t->n_classes = words.len;
        t->classes = ost_arena_copy(ost_ctx_arena(ctx), words.data,
                                    words.len * sizeof(*words.data));
    }
    ost_vec_release(&words);
    return rc;
}

static ost_rc classify(ost_stage_ctx *ctx, ost_target *t, ost_err *err)
{
    t->class_of = OST_ARENA_ARRAY(ost_ctx_arena(ctx), int32_t, t->n);
    for (size_t i = 0; i < t->n; i++) {
        const char *label = ost_item_label(&t->items[i]);
        const char *const *found =
            label ? bsearch(&label, t->classes, t->n_classes,
                            sizeof(*t->classes), by_name)
                  : NULL;

        if (!found)
            return ost_fail(err, OST_EINPUT,
                            "item '%s' of '%s' has no label of the training "
                            "items",
                            t->items[i].id, t->port);
        t->class_of[i] = (int32_t)(found - t->classes);
    }
    return OST_OK;
}

/* items / (classes * items of the class) */
static const float *balance(ost_stage_ctx *ctx, const ost_target *t)
{
    float *w = OST_ARENA_ARRAY(ost_ctx_arena(ctx), float, t->n_classes);
    size_t *count = OST_ARENA_ARRAY(ost_ctx_arena(ctx), size_t, t->n_classes);

    for (size_t i = 0; i < t->n; i++)
        count[t->class_of[i]]++;
    for (size_t c = 0; c < t->n_classes; c++)
        w[c] =
            (float)((double)t->n / ((double)t->n_classes * (double)count[c]));
    return w;
}

static ost_target *new_target(ost_stage_ctx *ctx, const char *port,
                              const ost_item *items, size_t n)
{
    ost_target *t = OST_ARENA_ARRAY(ost_ctx_arena(ctx), ost_target, 1);

    t->port = port;
    t->items = items;
    t->n = n;
    return t;
}

ost_rc ost_target_open(ost_stage_ctx *ctx, const ost_target_spec *spec,
                       const ost_item *items, size_t n, ost_target **target,
                       ost_err *err)
{
    ost_target *t = new_target(ctx, "in", items, n);
    const char *weights = json_string_value(spec->class_weights);
    ost_rc rc = ost_target_check(spec, err);

    t->kind = OST_TARGET_LABEL;
    t->name = spec->name;
    t->loss = (ost_target_loss_kind)spec->loss;
    if (!rc)
        rc = find_classes(ctx, t, err);
    if (!rc)
        rc = classify(ctx, t, err);
    if (!rc && strcmp(weights, "balanced") == 0)
        t->class_weights = balance(ctx, t);
    *target = t;
    return rc;
}

ost_rc ost_target_open_like(ost_stage_ctx *ctx, const ost_target *like,
                            const char *port, const ost_item *items, size_t n,
                            ost_target **target, ost_err *err)
{
    ost_target *t = new_target(ctx, port, items, n);

    t->kind = like->kind;
    t->name = like->name;
    t->n_classes = like->n_classes;
    t->classes = like->classes;
    t->loss = like->loss;
    t->class_weights = like->class_weights;
    *target = t;
    return classify(ctx, t, err);
}

ost_target_kind ost_target_kind_of(const ost_target *t)
{
    return t->kind;
}

size_t ost_target_outputs(const ost_target *t)
{
    return t->n_classes;
}

size_t ost_target_classes(const ost_target *t, const char *const **classes)
{
    if (classes)
        *classes = t->classes;
    return t->n_classes;
}

int32_t ost_target_class(const ost_target *t, size_t i)
{
    return t->class_of[i];
}

json_t *ost_target_meta(const ost_target *t)
{
    return json_pack("{s:s}", "name", t->name);
}
