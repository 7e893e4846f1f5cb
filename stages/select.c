/* stages/select.c - the items that fit what is said about them
 *
 * An item is kept when it fits all that is given: one of its labels is among
 * `labels`, its id fits one of the patterns `ids`, its group one of `groups`,
 * and every attribute that `where` names is as it says:
 *
 *     "ap", 3              that text or number
 *     ["ap", "pa"]         one of them
 *     {"min": 0, "max": 7} a number from min to max, both included; either
 *                          may be missing
 *     {"present": false}   the item does not have it (true: it has)
 *
 * An item without an attribute fits only "present": false.  A number is equal
 * to the text that says it.  `invert` keeps the others.
 *
 * A label or an attribute that no item has is a misspelling, and an error; so
 * is a selection of nothing, unless `allow_empty` is set.
 */
#include "base/text.h"
#include "base/vec.h"
#include "stages/matching.h"

#include <fnmatch.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    ost_str_list labels;
    const json_t *where;
    ost_str_list ids;
    ost_str_list groups;
    bool invert;
    bool allow_empty;
} select_params;

static const ost_param params[] = {
    OST_PARAM(select_params, labels, STR_LIST,
              "labels of which an item has one; unset: any, or none",
              .dflt = "null"),
    OST_PARAM(select_params, where, OBJECT,
              "from attribute to a value, a list of values, {\"min\", "
              "\"max\"} or {\"present\"}",
              .dflt = "{}"),
    OST_PARAM(select_params, ids, STR_LIST,
              "patterns (*, ?, [a-z]) of which the id fits one; unset: any",
              .dflt = "null"),
    OST_PARAM(select_params, groups, STR_LIST,
              "patterns of which the group (patient) fits one; unset: any",
              .dflt = "null"),
    OST_PARAM(select_params, invert, BOOL,
              "keep the items that do not fit instead", .dflt = "false"),
    OST_PARAM(select_params, allow_empty, BOOL,
              "no item, or a label that none has, is no error",
              .dflt = "false"),
    OST_END,
};

/* --- what is said of an attribute --------------------------------------- */

static bool is_value(const json_t *v)
{
    return json_is_string(v) || json_is_number(v);
}

static ost_rc check_object(const char *name, const json_t *v, ost_err *err)
{
    static const char *const words[] = { "max", "min", "present" };
    const json_t *min = json_object_get(v, "min");
    const json_t *max = json_object_get(v, "max");
    const json_t *present = json_object_get(v, "present");
    const char *word, *near;
    json_t *unused;

    json_object_foreach((json_t *)(uintptr_t)v, word, unused)
    {
        near = ost_nearest(word, words, 3);
        if (!near || strcmp(near, word) != 0)
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'where': attribute '%s': unknown word "
                            "'%s'%s%s%s",
                            name, word, near ? " (did you mean '" : "",
                            near ? near : "", near ? "'?)" : "");
    }
    if ((min && !json_is_number(min)) || (max && !json_is_number(max)))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'where': attribute '%s': 'min' and 'max' are "
                        "numbers",
                        name);
    if (present && !json_is_boolean(present))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'where': attribute '%s': 'present' is true or "
                        "false",
                        name);
    if (!min && !max && !present)
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'where': attribute '%s': an object has 'min', "
                        "'max' or 'present'",
                        name);
    return OST_OK;
}

static ost_rc check_condition(const char *name, const json_t *v, ost_err *err)
{
    size_t i;
    json_t *one;

    if (json_is_object(v))
        return check_object(name, v, err);
    json_array_foreach(v, i, one)
    {
        if (!is_value(one))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'where': attribute '%s': a list holds "
                            "texts and numbers",
                            name);
    }
    if (is_value(v) || json_array_size(v) > 0)
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "param 'where': attribute '%s': expected a text, a "
                    "number, a list of these or an object",
                    name);
}

static ost_rc check(const void *of, ost_err *err)
{
    const select_params *p = of;
    const char *name;
    json_t *v;
    ost_rc rc;

    json_object_foreach((json_t *)(uintptr_t)p->where, name, v)
    {
        rc = check_condition(name, v, err);
        if (rc)
            return rc;
    }
    if (json_object_size(p->where) || p->labels.n || p->ids.n || p->groups.n)
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "nothing is said about the items to keep: give 'labels', "
                    "'where', 'ids' or 'groups'");
}

/* A value's number, also when a text says it. */
static bool number_of(const ost_attr *a, double *number)
{
    *number = a->number;
    return a->kind == OST_ATTR_NUMBER || ost_parse_f64(a->text, number);
}

static bool equals(const ost_attr *a, const json_t *v)
{
    double x, y;

    if (json_is_string(v)) {
        if (a->kind == OST_ATTR_TEXT)
            return strcmp(a->text, json_string_value(v)) == 0;
        return ost_parse_f64(json_string_value(v), &y) && a->number == y;
    }
    return number_of(a, &x) && x == json_number_value(v);
}

static bool in_range(const ost_attr *a, const json_t *min, const json_t *max)
{
    double x;

    if (!min && !max)
        return true;
    return number_of(a, &x) && (!min || x >= json_number_value(min)) &&
           (!max || x <= json_number_value(max));
}

static bool fits(const ost_attr *a, const json_t *v)
{
    const json_t *present = json_object_get(v, "present");
    const json_t *one;
    size_t i;

    if (!a || (present && json_is_false(present)))
        return !a && present && json_is_false(present);
    if (json_is_object(v))
        return in_range(a, json_object_get(v, "min"),
                        json_object_get(v, "max"));
    if (!json_is_array(v))
        return equals(a, v);
    json_array_foreach(v, i, one)
    {
        if (equals(a, one))
            return true;
    }
    return false;
}

/* --- items --------------------------------------------------------------- */

static bool has_label(const ost_item *item, const ost_str_list *labels)
{
    for (size_t i = 0; i < item->n_labels; i++)
        for (size_t k = 0; k < labels->n; k++)
            if (strcmp(item->labels[i], labels->v[k]) == 0)
                return true;
    return labels->n == 0;
}

static bool fits_pattern(const char *word, const ost_str_list *patterns)
{
    for (size_t k = 0; k < patterns->n; k++)
        if (fnmatch(patterns->v[k], word, 0) == 0)
            return true;
    return patterns->n == 0;
}

static bool is_selected(const select_params *p, const ost_item *item)
{
    const char *name;
    json_t *v;

    if (!has_label(item, &p->labels) || !fits_pattern(item->id, &p->ids) ||
        !fits_pattern(item->group, &p->groups))
        return false;
    json_object_foreach((json_t *)(uintptr_t)p->where, name, v)
    {
        if (!fits(ost_item_attr(item, name), v))
            return false;
    }
    return true;
}

/* --- misspellings -------------------------------------------------------- */

typedef OST_VEC(const char *) word_list;

static void add_word(ost_map *seen, word_list *words, const char *word)
{
    if (ost_map_put(seen, word, strlen(word), 0))
        ost_vec_push(words, word);
}

static ost_rc unknown(ost_stage_ctx *ctx, const char *what, const char *word,
                      const word_list *words, ost_err *err)
{
    return ost_fail(
        err, OST_EINPUT, "no item has the %s '%s'%s", what, word,
        ost_did_you_mean(ost_ctx_arena(ctx), word, words->data, words->len));
}

static ost_rc check_words(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                          ost_err *err)
{
    const select_params *p = ost_ctx_params(ctx);
    ost_map labels = { 0 }, attrs = { 0 };
    word_list label_words = { 0 }, attr_words = { 0 };
    const char *name;
    json_t *v;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < items[i].n_labels; k++)
            add_word(&labels, &label_words, items[i].labels[k]);
        for (size_t k = 0; k < items[i].n_attrs; k++)
            add_word(&attrs, &attr_words, items[i].attrs[k].name);
    }
    for (size_t k = 0; k < p->labels.n && !rc; k++)
        if (!ost_map_get(&labels, p->labels.v[k], strlen(p->labels.v[k]), NULL))
            rc = unknown(ctx, "label", p->labels.v[k], &label_words, err);
    json_object_foreach((json_t *)(uintptr_t)p->where, name, v)
    {
        if (!rc && !ost_map_get(&attrs, name, strlen(name), NULL))
            rc = unknown(ctx, "attribute", name, &attr_words, err);
    }
    ost_map_release(&labels);
    ost_map_release(&attrs);
    ost_vec_release(&label_words);
    ost_vec_release(&attr_words);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const select_params *p = ost_ctx_params(ctx);
    const ost_item *items;
    size_t n, kept = 0;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (!rc && !p->allow_empty)
        rc = check_words(ctx, items, n, err);
    for (size_t i = 0; i < n && !rc; i++) {
        if (is_selected(p, &items[i]) == p->invert)
            continue;
        rc = ost_emit(ctx, "out", ost_derive(ctx, &items[i], -1), err);
        kept++;
    }
    if (rc)
        return rc;
    if (kept == 0 && !p->allow_empty)
        return ost_fail(err, OST_EINPUT,
                        "none of %zu items fits (allow_empty: true allows "
                        "that)",
                        n);
    ost_note(ctx, "%zu of %zu items are kept", kept, n);
    return OST_OK;
}

const ost_stage ost_stage_select = {
    .name = "select",
    .version = 1, /* bump when any output byte can change */
    .summary = "Keep items by label, attribute, id or patient.",
    .param_size = sizeof(select_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "items to choose from", false, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "the items that fit", false, false }),
    .check = check,
    .run = run,
};
