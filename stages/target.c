/* stages/target.c - the words that say what is learned */
#include "base/text.h"
#include "stages/positive.h"
#include "stages/target_impl.h"

#include <string.h>

#include "base/banned.h"

const target_words ost_target_words[] = {
    [OST_TARGET_LABEL] = { "label", "accuracy" },
    [OST_TARGET_LABELS] = { "labels", "accuracy" },
    [OST_TARGET_NUMBER] = { "number", "mean_absolute_error" },
    [OST_TARGET_MASK] = { "mask", "dice" },
};

enum {
    LABEL = 1u << OST_TARGET_LABEL,
    LABELS = 1u << OST_TARGET_LABELS,
    NUMBER = 1u << OST_TARGET_NUMBER,
    MASK = 1u << OST_TARGET_MASK,
};

typedef struct loss_row {
    const char *word;
    unsigned kinds;
    bool weighs; /* can weigh classes */
} loss_row;

static const loss_row losses[] = {
    [OST_TARGET_AUTO] = { "auto", LABEL | LABELS | NUMBER | MASK, true },
    [OST_TARGET_SOFTMAX_CROSS_ENTROPY] = { "softmax_cross_entropy", LABEL,
                                           true },
    [OST_TARGET_SIGMOID_CROSS_ENTROPY] = { "sigmoid_cross_entropy",
                                           LABEL | LABELS | MASK, true },
    [OST_TARGET_FOCAL] = { "focal", LABEL | LABELS | MASK, true },
    [OST_TARGET_DICE] = { "dice", MASK, false },
    [OST_TARGET_L1] = { "l1", NUMBER, false },
    [OST_TARGET_L2] = { "l2", NUMBER, false },
};

/* What a name before the data is seen may turn out to be. */
typedef struct name_row {
    const char *name; /* with a dot: the beginning of one */
    unsigned kinds;
} name_row;

static const name_row names[] = {
    { "label", LABEL },
    { "labels", LABELS },
    { "attribute.", LABEL | NUMBER },
    { "mask.", MASK },
};
enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

static const name_row *find_name(const char *name)
{
    for (size_t i = 0; i < N_NAMES; i++) {
        size_t n = strlen(names[i].name);

        if (strchr(names[i].name, '.')
                ? strncmp(name, names[i].name, n) == 0 && name[n]
                : strcmp(name, names[i].name) == 0)
            return &names[i];
    }
    return NULL;
}

const char *ost_target_kind_word(ost_target_kind kind)
{
    return ost_target_words[kind].word;
}

bool ost_target_kind_find(const char *word, ost_target_kind *kind)
{
    size_t n = sizeof(ost_target_words) / sizeof(ost_target_words[0]);

    for (size_t i = 0; word && i < n; i++) {
        if (strcmp(word, ost_target_words[i].word) == 0) {
            *kind = (ost_target_kind)i;
            return true;
        }
    }
    return false;
}

const char *ost_target_loss_word(ost_target_loss_kind loss)
{
    return losses[loss].word;
}

bool ost_target_loss_suits(ost_target_loss_kind loss, ost_target_kind kind)
{
    return losses[loss].kinds & 1u << kind;
}

static bool is_weighted(const ost_target_spec *spec)
{
    const char *word = json_string_value(spec->class_weights);

    return spec->class_weights && !(word && strcmp(word, "none") == 0);
}

static ost_rc check_weights(const ost_target_spec *spec, ost_err *err)
{
    const char *word = json_string_value(spec->class_weights);
    const char *name;
    json_t *w;

    if (!is_weighted(spec) || (word && strcmp(word, "balanced") == 0))
        return OST_OK;
    if (!json_is_object(spec->class_weights))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'class_weights' must be 'none', 'balanced' or "
                        "an object from class to weight");
    json_object_foreach((json_t *)(uintptr_t)spec->class_weights, name, w)
    {
        if (!(json_number_value(w) > 0.0))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'class_weights': the weight of '%s' must be "
                            "a number above 0",
                            name);
    }
    return OST_OK;
}

ost_rc ost_target_check(const ost_target_spec *spec, ost_err *err)
{
    const name_row *row = find_name(spec->name);
    const loss_row *loss = &losses[spec->loss];

    if (!row)
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'target': there is no '%s' (there are 'label', "
                        "'labels', 'attribute.NAME' and 'mask.NAME')",
                        spec->name);
    if (!(row->kinds & loss->kinds))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'loss': '%s' is not for target '%s'", loss->word,
                        spec->name);
    if (!loss->weighs && is_weighted(spec))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'class_weights': loss '%s' knows no weights",
                        loss->word);
    return check_weights(spec, err);
}

static ost_target *new_target(ost_stage_ctx *ctx, const char *port,
                              const ost_item *items, size_t n)
{
    ost_target *t = OST_ARENA_ARRAY(ost_ctx_arena(ctx), ost_target, 1);

    t->ctx = ctx;
    t->port = port;
    t->items = items;
    t->n = n;
    return t;
}

/* Which of two classes one output speaks of. */
static ost_rc find_positive(ost_target *t, ost_err *err)
{
    const char *name = t->spec.positive;
    const char *near;

    if (t->kind == OST_TARGET_LABEL && t->n_classes == 2)
        t->positive = ost_positive_of_two(t->classes[0], t->classes[1]);
    if (!name)
        return OST_OK;
    if (t->kind != OST_TARGET_LABEL || t->n_classes != 2)
        return ost_fail(err, OST_EINPUT,
                        "param 'positive' is for one of two classes, not for "
                        "target '%s'",
                        t->spec.name);
    for (size_t c = 0; c < 2; c++) {
        if (strcmp(t->classes[c], name) == 0) {
            t->positive = c;
            return OST_OK;
        }
    }
    near = ost_nearest(name, t->classes, t->n_classes);
    return ost_fail(err, OST_EINPUT,
                    near ? "param 'positive': no class '%s' (did you mean "
                           "'%s'?)"
                         : "param 'positive': no class '%s'",
                    name, near);
}

ost_rc ost_target_open(ost_stage_ctx *ctx, const ost_target_spec *spec,
                       const ost_item *items, size_t n, ost_target **target,
                       ost_err *err)
{
    ost_target *t = new_target(ctx, "in", items, n);
    const char *dot = strchr(spec->name, '.');
    ost_rc rc = ost_target_check(spec, err);

    *target = t;
    t->spec = *spec;
    t->like = t;
    t->member = dot ? dot + 1 : NULL;
    t->loss = (ost_target_loss_kind)spec->loss;
    if (!rc)
        rc = ost_target_read_items(t, err);
    if (!rc)
        rc = find_positive(t, err);
    if (!rc && !ost_target_loss_suits(t->loss, t->kind))
        rc = ost_fail(err, OST_EINPUT,
                      "param 'loss': '%s' is not for target '%s', which has %s",
                      losses[t->loss].word, spec->name,
                      t->kind == OST_TARGET_NUMBER ? "numbers" : "classes");
    return rc;
}

ost_rc ost_target_open_like(ost_stage_ctx *ctx, const ost_target *like,
                            const char *port, const ost_item *items, size_t n,
                            ost_target **target, ost_err *err)
{
    ost_target *t = new_target(ctx, port, items, n);

    *target = t;
    t->spec = like->spec;
    t->kind = like->kind;
    t->member = like->member;
    t->like = like;
    t->n_classes = like->n_classes;
    t->classes = like->classes;
    t->positive = like->positive;
    return ost_target_read_items(t, err);
}

ost_target_kind ost_target_kind_of(const ost_target *t)
{
    return t->kind;
}

size_t ost_target_outputs(const ost_target *t)
{
    bool by_class = t->kind == OST_TARGET_LABEL || t->kind == OST_TARGET_LABELS;

    return by_class ? t->n_classes : 1;
}

size_t ost_target_classes(const ost_target *t, const char *const **classes)
{
    if (classes)
        *classes = t->classes;
    return t->n_classes;
}

int32_t ost_target_class(const ost_target *t, size_t i)
{
    return t->class_of ? t->class_of[i] : -1;
}

const char *ost_target_metric(const ost_target *t)
{
    return ost_target_words[t->kind].metric;
}

json_t *ost_target_meta(const ost_target *t)
{
    json_t *meta = json_pack("{s:s,s:s,s:s}", "name", t->spec.name, "kind",
                             ost_target_words[t->kind].word, "loss",
                             losses[t->like->loss].word);

    if (t->kind == OST_TARGET_LABEL && t->like->outputs == 1)
        json_object_set_new(meta, "positive",
                            json_string(t->classes[t->positive]));
    return meta;
}
