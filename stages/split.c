/* stages/split.c - training, test and validation sets
 *
 * The outputs hold the items as they came, so that a fold costs no pixels.  By
 * default no group (patient) is in two of them and each has its share of every
 * class; groups are dealt by stages/partition.c.  Steps that differ in `fold`
 * alone deal alike: each item is in the test set of exactly one fold.
 *
 * `validation` takes its share of what would be trained on, by the same rules.
 * Items without a label, and each combination of several labels, are classes
 * of their own.
 */
#include "base/map.h"
#include "stages/partition.h"
#include "stages/stage.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    int method;
    int64_t folds;
    int64_t fold;
    double fraction;
    double validation;
    bool stratify;
    bool group;
} split_params;

enum { HOLDOUT, KFOLD };
enum { TRAIN, TEST, VALIDATION };

static const ost_param params[] = {
    OST_PARAM(split_params, method, CHOICE,
              "holdout: a share of the items is the test set; kfold: each "
              "item is in the test set of one fold",
              .dflt = "\"holdout\"", .choices = "holdout|kfold"),
    OST_PARAM(split_params, folds, I64, "kfold: number of folds", .dflt = "5",
              .min = 2, .max = 100000),
    OST_PARAM(split_params, fold, I64,
              "kfold: which fold is the test set, from 0", .dflt = "-1",
              .min = -1, .max = 99999),
    OST_PARAM(split_params, fraction, F64, "holdout: share of the test set",
              .dflt = "0.2", .min = 0, .max = 1),
    OST_PARAM(split_params, validation, F64,
              "share of the training items that becomes the validation set",
              .dflt = "0", .min = 0, .max = 1),
    OST_PARAM(split_params, stratify, BOOL, "equal shares of each class",
              .dflt = "true"),
    OST_PARAM(split_params, group, BOOL, "keep groups (patients) together",
              .dflt = "true"),
    OST_END,
};

static ost_rc check(const void *params_of, ost_err *err)
{
    const split_params *p = params_of;

    if (p->method == KFOLD && p->fold < 0)
        return ost_fail(err, OST_EINPUT,
                        "method 'kfold' needs param 'fold' (per fold: "
                        "\"fold\": \"${fold}\")");
    if (p->method == KFOLD && p->fold >= p->folds)
        return ost_fail(err, OST_EINPUT,
                        "param 'fold': there is no fold %lld of %lld",
                        (long long)p->fold, (long long)p->folds);
    if (p->method == HOLDOUT && (p->fraction <= 0 || p->fraction >= 1))
        return ost_fail(err, OST_EINPUT,
                        "param 'fraction': expected more than 0 and less "
                        "than 1");
    if (p->validation >= 1)
        return ost_fail(err, OST_EINPUT,
                        "param 'validation': nothing would be left to train "
                        "on");
    return OST_OK;
}

typedef struct {
    ost_stage_ctx *ctx;
    const split_params *p;
    const ost_item *items;
    size_t n;
    const char **units;
    uint32_t *classes;
    size_t *class_size;
    uint32_t n_classes;
    uint8_t *part; /* TRAIN, TEST or VALIDATION */
} splitting;

static const char *class_name(ost_arena *arena, const ost_item *item)
{
    const char *name = ost_item_label(item);

    if (name || item->n_labels == 0)
        return name ? name : "";
    name = item->labels[0];
    for (size_t i = 1; i < item->n_labels; i++)
        name = ost_arena_printf(arena, "%s\n%s", name, item->labels[i]);
    return name;
}

static void number_classes(splitting *s)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    ost_map numbers = { 0 };
    uint64_t c;

    s->units = OST_ARENA_ARRAY(arena, const char *, s->n + 1);
    s->classes = OST_ARENA_ARRAY(arena, uint32_t, s->n + 1);
    s->class_size = OST_ARENA_ARRAY(arena, size_t, s->n + 1);
    s->part = OST_ARENA_ARRAY(arena, uint8_t, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        const char *name = class_name(arena, &s->items[i]);

        if (!ost_map_get(&numbers, name, strlen(name), &c)) {
            c = s->n_classes++;
            ost_map_put(&numbers, name, strlen(name), c);
        }
        s->classes[i] = (uint32_t)c;
        s->class_size[c]++;
        s->units[i] = s->p->group ? s->items[i].group : s->items[i].id;
    }
    ost_map_release(&numbers);
}

static uint64_t draw_key(splitting *s, uint64_t stream)
{
    ost_rng r = ost_ctx_rng(s->ctx, NULL, stream);

    return ost_rng_u64(&r);
}

static ost_rc take_test(splitting *s, ost_err *err)
{
    const split_params *p = s->p;
    uint32_t bins = p->method == KFOLD ? (uint32_t)p->folds : 2;
    uint32_t test = p->method == KFOLD ? (uint32_t)p->fold : 0;
    ost_arena *arena = ost_ctx_arena(s->ctx);
    double *weights = OST_ARENA_ARRAY(arena, double, bins);
    uint32_t *bin = OST_ARENA_ARRAY(arena, uint32_t, s->n + 1);
    ost_partition parts = { .n = s->n,
                            .units = s->units,
                            .classes = s->classes,
                            .n_classes = s->n_classes,
                            .stratify = p->stratify,
                            .n_bins = bins,
                            .weights = weights,
                            .key = draw_key(s, 0) };
    ost_rc rc;

    for (uint32_t b = 0; b < bins; b++)
        weights[b] = 1.0 / bins;
    if (p->method == HOLDOUT) {
        weights[0] = p->fraction;
        weights[1] = 1 - p->fraction;
    }
    rc = ost_partition_make(&parts, bin, err);
    for (size_t i = 0; i < s->n && !rc; i++)
        s->part[i] = bin[i] == test ? TEST : TRAIN;
    return rc;
}

/* Divides what is left for training once more. */
static ost_rc take_validation(splitting *s, ost_err *err)
{
    const double weights[] = { s->p->validation, 1 - s->p->validation };
    ost_arena *arena = ost_ctx_arena(s->ctx);
    const char **units = OST_ARENA_ARRAY(arena, const char *, s->n + 1);
    uint32_t *classes = OST_ARENA_ARRAY(arena, uint32_t, s->n + 1);
    uint32_t *bin = OST_ARENA_ARRAY(arena, uint32_t, s->n + 1);
    ost_partition parts = { .units = units,
                            .classes = classes,
                            .n_classes = s->n_classes,
                            .stratify = s->p->stratify,
                            .n_bins = 2,
                            .weights = weights };
    size_t at = 0;
    ost_rc rc;

    for (size_t i = 0; i < s->n; i++) {
        if (s->part[i] != TRAIN)
            continue;
        units[parts.n] = s->units[i];
        classes[parts.n++] = s->classes[i];
    }
    parts.key =
        draw_key(s, 1 + (s->p->method == KFOLD ? (uint64_t)s->p->fold : 0));
    rc = ost_partition_make(&parts, bin, err);
    if (rc) {
        ost_err_at(err, "validation");
        return rc;
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->part[i] == TRAIN && bin[at++] == 0)
            s->part[i] = VALIDATION;
    return OST_OK;
}

/* Says which classes a part has none of, though there are some. */
static void note_missing(splitting *s, uint8_t part, const char *name)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    bool *there = OST_ARENA_ARRAY(arena, bool, s->n_classes);

    for (size_t i = 0; i < s->n; i++)
        if (s->part[i] == part)
            there[s->classes[i]] = true;
    for (size_t i = 0; i < s->n; i++) {
        if (there[s->classes[i]])
            continue;
        there[s->classes[i]] = true;
        ost_note(s->ctx, "the %s set has no item of class '%s' (%zu in all)",
                 name, class_name(arena, &s->items[i]),
                 s->class_size[s->classes[i]]);
    }
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    static const char *const ports[] = { "train", "test", "validation" };
    splitting s = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &s.items, &s.n, err);
    if (rc)
        return rc;
    if (s.n == 0)
        return ost_fail(err, OST_EINPUT, "there are no items to split");
    number_classes(&s);
    rc = take_test(&s, err);
    if (!rc && s.p->validation > 0)
        rc = take_validation(&s, err);
    if (rc)
        return rc;
    note_missing(&s, TRAIN, "training");
    note_missing(&s, TEST, "test");
    for (size_t i = 0; i < s.n && !rc; i++)
        rc = ost_emit(ctx, ports[s.part[i]], ost_derive(ctx, &s.items[i], -1),
                      err);
    return rc;
}

const ost_stage ost_stage_split = {
    .name = "split",
    .version = 1,
    .summary = "Divide a dataset into training, test and validation sets.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(split_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "items to divide", false, false }),
    .outputs = OST_PORTS(
        { "train", OST_DATASET, "items to train on", false, false },
        { "test", OST_DATASET, "items that are held out", false, false },
        { "validation", OST_DATASET, "items to choose by (may be empty)", false,
          false }),
    .check = check,
    .run = run,
};
