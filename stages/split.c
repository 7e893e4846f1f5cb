/* stages/split.c - training, test and validation sets
 *
 * The outputs hold the items as they came, so that a fold costs no pixels.  By
 * default no group (patient) is in two of them and each has its share of every
 * class; groups are dealt by stages/partition.c.  Steps that differ in `fold`
 * alone deal alike: each item is in the test set of exactly one fold.
 *
 * `validation` takes its share of what would be trained on, by the same rules.
 * Items without a label, and each combination of several labels, are classes
 * of their own.  docs/splits.md shows what published divisions need.
 */
#include "stages/splitting.h"

#include <string.h>

#include "base/banned.h"

typedef ost_split_params split_params;

static const ost_param params[] = {
    OST_PARAM(split_params, method, CHOICE,
              "holdout: a share of the items is the test set; kfold: each "
              "item is in the test set of one fold; leave_one_out: fold k "
              "tests the k-th group, or value of attribute 'of'; column: an "
              "attribute says the part; nnunet: a file lists the folds",
              .dflt = "\"holdout\"",
              .choices = "holdout|kfold|leave_one_out|column|nnunet"),
    OST_PARAM(split_params, like, CHOICE,
              "sklearn: the same parts as scikit-learn's for the same "
              "random_state, items in id order, classes and groups sorted",
              .dflt = "\"osteon\"", .choices = "osteon|sklearn"),
    OST_PARAM(split_params, folds, I64, "kfold: number of folds", .dflt = "5",
              .min = 2, .max = 100000),
    OST_PARAM(split_params, fold, I64, "which fold is the test set, from 0",
              .dflt = "-1", .min = -1, .max = 10000000),
    OST_PARAM(split_params, repeat, I64,
              "which of several repeated draws this is, from 0", .dflt = "0",
              .min = 0, .max = 100000),
    OST_PARAM(split_params, fraction, F64, "holdout: share of the test set",
              .dflt = "0.2", .min = 0, .max = 1),
    OST_PARAM(split_params, count, I64,
              "holdout: so many items instead of a share, as nearly as groups "
              "allow; sklearn: so many groups where they are kept together",
              .dflt = "0", .min = 0, .max = 1e12),
    OST_PARAM(split_params, validation, F64,
              "share of the training items that becomes the validation set",
              .dflt = "0", .min = 0, .max = 1),
    OST_PARAM(split_params, validation_count, I64,
              "so many training items instead of a share", .dflt = "0",
              .min = 0, .max = 1e12),
    OST_PARAM(split_params, stratify, BOOL,
              "equal shares of each class (or level)", .dflt = "true"),
    OST_PARAM(split_params, group, BOOL, "keep groups (patients) together",
              .dflt = "true"),
    OST_PARAM(split_params, strata, CHOICE,
              "what has equal shares: the classes, the levels of an attribute, "
              "or each class at each level",
              .dflt = "\"class\"", .choices = "class|level|both"),
    OST_PARAM(split_params, level, STR, "attribute that has levels",
              .dflt = "null"),
    OST_PARAM(split_params, levels, F64_LIST,
              "lowest value of each level but the first; none: each value is "
              "a level",
              .dflt = "[]", .min = -INFINITY, .max = INFINITY),
    OST_PARAM(split_params, random_state, I64,
              "sklearn: its random_state; -1: nothing is shuffled",
              .dflt = "-1", .min = -1, .max = 4294967295.0),
    OST_PARAM(split_params, of, STR,
              "leave_one_out: attribute whose values are left out; unset: "
              "the groups",
              .dflt = "null"),
    OST_PARAM(split_params, value, JSON,
              "leave_one_out: the value that is left out, instead of 'fold'",
              .dflt = "null"),
    OST_PARAM(split_params, column, STR,
              "column: attribute that says the part of an item",
              .dflt = "null"),
    OST_PARAM(split_params, values, OBJECT,
              "column: lists of its values for 'train', 'test' and "
              "'validation'; none: train, training, test, testing, "
              "validation, valid, val",
              .dflt = "{}"),
    OST_PARAM(split_params, file, FILE,
              "nnunet: the file, as its splits_final.json; 'val' is the test "
              "set",
              .dflt = "null"),
    OST_PARAM(split_params, listed, CHOICE,
              "what a case of that file is called after: an item's id, its "
              "last part, or its group",
              .dflt = "\"id\"", .choices = "id|name|group"),
    OST_PARAM(split_params, unlisted, CHOICE,
              "what becomes of items that column or file put into no part",
              .dflt = "\"error\"", .choices = "error|drop"),
    OST_PARAM(split_params, divided, CHOICE,
              "when a group comes into two parts; auto: an error, unless "
              "'group' is false",
              .dflt = "\"auto\"", .choices = "auto|error|warn"),
    OST_PARAM(split_params, write_splits, BOOL,
              "list all folds at port 'files', as nnU-Net's splits_final.json",
              .dflt = "false"),
    OST_END,
};

/* --- combinations ------------------------------------------------------- */

static bool is_set(const json_t *v)
{
    return v && !json_is_null(v);
}

static ost_rc check_fold(const split_params *p, ost_err *err)
{
    static const char *const names[] = { "holdout", "kfold", "leave_one_out",
                                         "column", "nnunet" };
    bool by_value = p->method == OST_LEAVE_ONE_OUT && is_set(p->value);

    if (p->method == OST_HOLDOUT || p->method == OST_COLUMN)
        return OST_OK;
    if (p->fold < 0 && !by_value)
        return ost_fail(err, OST_EINPUT,
                        "method '%s' needs param 'fold' (per fold: "
                        "\"fold\": \"${fold}\")",
                        names[p->method]);
    if (p->method == OST_KFOLD && p->fold >= p->folds)
        return ost_fail(err, OST_EINPUT,
                        "param 'fold': there is no fold %lld of %lld",
                        (long long)p->fold, (long long)p->folds);
    if (by_value && !json_is_string(p->value) && !json_is_number(p->value))
        return ost_fail(err, OST_EINPUT,
                        "param 'value': expected a text or a number");
    return OST_OK;
}

static ost_rc check_shares(const split_params *p, ost_err *err)
{
    if (p->method == OST_HOLDOUT && p->count == 0 &&
        (p->fraction <= 0 || p->fraction >= 1))
        return ost_fail(err, OST_EINPUT,
                        "param 'fraction': expected more than 0 and less "
                        "than 1");
    if (p->validation >= 1)
        return ost_fail(err, OST_EINPUT,
                        "param 'validation': nothing would be left to train "
                        "on");
    if (p->validation > 0 && p->validation_count > 0)
        return ost_fail(err, OST_EINPUT,
                        "params 'validation' and 'validation_count' say the "
                        "same: leave one out");
    return OST_OK;
}

static ost_rc check_strata(const split_params *p, ost_err *err)
{
    if ((p->strata != OST_BY_CLASS) != (p->level != NULL))
        return ost_fail(err, OST_EINPUT,
                        "param 'level' names the attribute for strata 'level' "
                        "or 'both': give both or neither");
    for (size_t i = 1; i < p->levels.n; i++)
        if (p->levels.v[i] <= p->levels.v[i - 1])
            return ost_fail(err, OST_EINPUT,
                            "param 'levels': %g does not come after %g",
                            p->levels.v[i], p->levels.v[i - 1]);
    return OST_OK;
}

static ost_rc check_values(const split_params *p, ost_err *err)
{
    static const char *const known[] = { "train", "test", "validation" };
    const char *name;
    json_t *list, *v;
    size_t i;

    json_object_foreach((json_t *)(uintptr_t)p->values, name, list)
    {
        bool fits = false;

        for (i = 0; i < 3; i++)
            fits = fits || strcmp(name, known[i]) == 0;
        if (!fits)
            return ost_fail(err, OST_EINPUT,
                            "param 'values': there is no part '%s' (train, "
                            "test, validation)",
                            name);
        if (!json_is_array(list))
            return ost_fail(err, OST_EINPUT,
                            "param 'values': expected a list for '%s'", name);
        json_array_foreach(list, i, v) if (!json_is_string(v)) return ost_fail(
            err, OST_EINPUT, "param 'values': expected texts for '%s'", name);
    }
    return OST_OK;
}

/* Refuses what scikit-learn has no class for. */
static ost_rc check_sklearn(const split_params *p, ost_err *err)
{
    bool drawn = p->method == OST_HOLDOUT || p->validation > 0 ||
                 p->validation_count > 0;

    if (drawn && p->stratify && p->group)
        return ost_fail(err, OST_EINPUT,
                        "like 'sklearn': it has no division that is both "
                        "stratified and grouped; set 'stratify' or 'group' to "
                        "false");
    if (drawn && p->random_state < 0)
        return ost_fail(err, OST_EINPUT,
                        "like 'sklearn': a share is drawn, so param "
                        "'random_state' is needed");
    if (p->method == OST_KFOLD && p->group && !p->stratify &&
        p->random_state >= 0)
        return ost_fail(err, OST_EINPUT,
                        "like 'sklearn': GroupKFold draws nothing; leave "
                        "param 'random_state' out");
    if (p->method == OST_KFOLD && p->repeat > 0 && p->random_state < 0)
        return ost_fail(err, OST_EINPUT,
                        "like 'sklearn': without param 'random_state' every "
                        "repeat is the same");
    return OST_OK;
}

static ost_rc check(const void *params_of, ost_err *err)
{
    const split_params *p = params_of;
    ost_rc rc = check_fold(p, err);

    if (!rc)
        rc = check_shares(p, err);
    if (!rc)
        rc = check_strata(p, err);
    if (!rc)
        rc = check_values(p, err);
    if (!rc && p->like == OST_SKLEARN)
        rc = check_sklearn(p, err);
    if (!rc && p->method == OST_COLUMN && !p->column)
        rc = ost_fail(err, OST_EINPUT, "method 'column' needs param 'column'");
    if (!rc && p->method == OST_NNUNET && !p->file.name)
        rc = ost_fail(err, OST_EINPUT, "method 'nnunet' needs param 'file'");
    if (!rc && p->method == OST_NNUNET && p->write_splits)
        rc = ost_fail(err, OST_EINPUT,
                      "method 'nnunet' reads the list that 'write_splits' "
                      "would write");
    return rc;
}

/* --- the step ----------------------------------------------------------- */

static ost_rc divide(ost_splitting *s, ost_err *err)
{
    const split_params *p = s->p;
    ost_rc rc = ost_split_number(s, err);

    if (!rc)
        rc = p->method == OST_HOLDOUT || p->method == OST_KFOLD
                 ? ost_split_draw(s, err)
                 : ost_split_read(s, err);
    if (!rc && (p->validation > 0 || p->validation_count > 0))
        rc = ost_split_draw_validation(s, err);
    return rc ? rc : ost_split_check(s, err);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    static const char *const ports[] = { "train", "test", "validation" };
    ost_splitting s = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &s.items, &s.n, err);
    if (rc)
        return rc;
    if (s.n == 0)
        return ost_fail(err, OST_EINPUT, "there are no items to split");
    rc = divide(&s, err);
    for (size_t i = 0; i < s.n && !rc; i++)
        if (s.part[i] != OST_LEFT_OUT)
            rc = ost_emit(ctx, ports[s.part[i]],
                          ost_derive(ctx, &s.items[i], -1), err);
    if (!rc)
        rc = ost_split_emit_table(&s, err);
    if (!rc && s.p->write_splits)
        rc = ost_split_emit_list(&s, err);
    return rc;
}

const ost_stage ost_stage_split = {
    .name = "split",
    .version = 2, /* bump when any output byte can change */
    .summary = "Divide a dataset into training, test and validation sets.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(split_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "items to divide", false, false }),
    .outputs = OST_PORTS(
        { "train", OST_DATASET, "items to train on", false, false },
        { "test", OST_DATASET, "items that are held out", false, false },
        { "validation", OST_DATASET, "items to choose by (may be empty)", false,
          false },
        { "table", OST_METRICS, "how many of each class and group are where",
          false, false },
        { "files", OST_FILES, "splits_final.json, when it is asked for", false,
          false }),
    .check = check,
    .run = run,
};
