/* stages/relabel.c - other labels: merged, binned, or by rules
 *
 * What an item is called comes from its labels, or from `attribute`: its text
 * (several labels with '|' between them), its number as a text, or with `edges`
 * the bin that the number is in
 *
 *     names[0]  number < edges[0]
 *     names[i]  edges[i-1] <= number < edges[i]
 *     names[n]  edges[n-1] <= number
 *
 * `map` then gives each label its new name, or null to take it away; several
 * labels are renamed one by one, and become one where they meet.  A label that
 * `map` lacks is an error, unless `unmapped` keeps or takes away such labels or
 * calls them all `other`.
 *
 * With `rules` the labels together decide: the first rule that applies says
 * the new ones ("label": one text, or null for none),
 *
 *     {"all": ["a", "b"], "label": "x"}     the item has both
 *     {"any": ["a", "b"], "label": "x"}     it has one of them
 *     {"none": ["a", "b"], "label": "x"}    it has neither
 *     {"label": "x"}                        always
 *
 * where all that a rule says must hold.  An item that no rule is about is an
 * error, unless `unmapped` keeps its labels or takes them away.  Rules come
 * after `map`, if both are given.
 */
#include "base/text.h"
#include "base/vec.h"
#include "stages/matching.h"

#include <string.h>

#include "base/banned.h"

enum { ERROR, KEEP, REMOVE, OTHER }; /* of `unmapped` */
enum { UNLABELED_KEEP, UNLABELED_DROP, UNLABELED_ERROR };

typedef struct {
    const char *attribute;
    ost_f64_list edges;
    ost_str_list names;
    const json_t *map;
    const json_t *rules;
    int unmapped;
    const char *other;
    int unlabeled;
} relabel_params;

static const ost_param params[] = {
    OST_PARAM(relabel_params, attribute, STR,
              "attribute that becomes the label; unset: the labels that there "
              "are",
              .dflt = "null"),
    OST_PARAM(relabel_params, edges, F64_LIST,
              "numbers, rising, that divide the attribute into bins",
              .dflt = "null", .max_len = 1000),
    OST_PARAM(relabel_params, names, STR_LIST,
              "what the bins are called: one more than 'edges'",
              .dflt = "null"),
    OST_PARAM(relabel_params, map, OBJECT,
              "from old to new label; null takes a label away", .dflt = "{}"),
    OST_PARAM(relabel_params, rules, JSON,
              "list of {\"all\", \"any\", \"none\", \"label\"}: the first that "
              "applies to an item's labels says the new one",
              .dflt = "[]"),
    OST_PARAM(relabel_params, unmapped, CHOICE,
              "what becomes of a label that 'map' lacks, or of labels that no "
              "rule is about: an error, kept, taken away, or called 'other'",
              .dflt = "\"error\"", .choices = "error|keep|remove|other"),
    OST_PARAM(relabel_params, other, STR,
              "unmapped: other: the name of what is not in 'map'",
              .dflt = "\"other\""),
    OST_PARAM(relabel_params, unlabeled, CHOICE,
              "what becomes of an item that ends without a label",
              .dflt = "\"keep\"", .choices = "keep|drop|error"),
    OST_END,
};

/* --- before anything runs ------------------------------------------------ */

static ost_rc check_bins(const relabel_params *p, ost_err *err)
{
    if (p->edges.n == 0 && p->names.n == 0)
        return OST_OK;
    if (!p->attribute)
        return ost_fail(err, OST_EWORKFLOW,
                        "params 'edges' and 'names' divide an 'attribute'");
    if (p->names.n != p->edges.n + 1 || p->edges.n == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'names': %zu edges make %zu bins, and there "
                        "are %zu names",
                        p->edges.n, p->edges.n + 1, p->names.n);
    for (size_t i = 1; i < p->edges.n; i++)
        if (p->edges.v[i] <= p->edges.v[i - 1])
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'edges': %g does not rise above %g",
                            p->edges.v[i], p->edges.v[i - 1]);
    return OST_OK;
}

/* Tables part several labels by '|', and know none without a name. */
static ost_rc check_label(const char *param, const char *name, ost_err *err)
{
    if (*name && !strchr(name, '|'))
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "param '%s': '%s' is no name of one label%s", param, name,
                    *name ? "" : " (null takes labels away)");
}

static bool is_word_list(const json_t *v)
{
    const json_t *word;
    size_t i;

    json_array_foreach(v, i, word)
    {
        if (!json_is_string(word))
            return false;
    }
    return json_array_size(v) > 0;
}

static ost_rc check_rule(size_t number, const json_t *rule, ost_err *err)
{
    static const char *const words[] = { "all", "any", "label", "none" };
    const json_t *label = json_object_get(rule, "label");
    const char *word, *near;
    json_t *v;

    if (!json_is_object(rule))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'rules': rule %zu is no "
                        "object",
                        number);
    if (!label || (!json_is_string(label) && !json_is_null(label)))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'rules': rule %zu needs a 'label', a text or "
                        "null",
                        number);
    json_object_foreach((json_t *)(uintptr_t)rule, word, v)
    {
        near = ost_nearest(word, words, 4);
        if (!near || strcmp(near, word) != 0)
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'rules': rule %zu: unknown word '%s'%s%s%s",
                            number, word, near ? " (did you mean '" : "",
                            near ? near : "", near ? "'?)" : "");
        if (strcmp(word, "label") != 0 && !is_word_list(v))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'rules': rule %zu: '%s' is a list of labels",
                            number, word);
    }
    return json_is_null(label)
               ? OST_OK
               : check_label("rules", json_string_value(label), err);
}

static ost_rc check(const void *of, ost_err *err)
{
    const relabel_params *p = of;
    const json_t *rule;
    const char *name;
    json_t *v;
    size_t i;
    ost_rc rc = check_bins(p, err);

    json_object_foreach((json_t *)(uintptr_t)p->map, name, v)
    {
        if (!rc && !json_is_string(v) && !json_is_null(v))
            rc = ost_fail(err, OST_EWORKFLOW,
                          "param 'map': the new name of '%s' is neither a "
                          "text nor null",
                          name);
        if (!rc && json_is_string(v))
            rc = check_label("map", json_string_value(v), err);
    }
    for (i = 0; i < p->names.n && !rc; i++)
        rc = check_label("names", p->names.v[i], err);
    if (!rc && p->unmapped == OTHER)
        rc = check_label("other", p->other, err);
    if (!rc && !json_is_array(p->rules))
        rc = ost_fail(err, OST_EWORKFLOW, "param 'rules': expected a list");
    json_array_foreach(p->rules, i, rule)
    {
        if (!rc)
            rc = check_rule(i, rule, err);
    }
    if (!rc && !p->attribute && !json_object_size(p->map) &&
        !json_array_size(p->rules) && p->unlabeled == UNLABELED_KEEP)
        rc = ost_fail(err, OST_EWORKFLOW,
                      "nothing would change: give 'attribute', 'map', 'rules' "
                      "or 'unlabeled'");
    return rc;
}

/* --- an item ------------------------------------------------------------- */

typedef struct {
    ost_stage_ctx *ctx;
    const relabel_params *p;
    ost_map used; /* names of `map` that an item had */
    size_t dropped, changed, lacking;
} relabeling;

static const char *bin_of(const relabel_params *p, double x)
{
    size_t i = 0;

    while (i < p->edges.n && x >= p->edges.v[i])
        i++;
    return p->names.v[i];
}

/* The attribute as a text to be mapped; NULL when the item lacks it. */
static ost_rc text_of_attribute(relabeling *r, const ost_item *in,
                                const char **text, ost_err *err)
{
    const ost_attr *a = ost_item_attr(in, r->p->attribute);
    double x;

    *text = NULL;
    r->lacking += !a;
    if (!a)
        return OST_OK;
    x = a->number;
    if (r->p->edges.n) {
        if ((a->kind == OST_ATTR_TEXT && !ost_parse_f64(a->text, &x)) ||
            isnan(x))
            return ost_fail(err, OST_EINPUT,
                            "attribute '%s' is no number that has a bin",
                            r->p->attribute);
        *text = bin_of(r->p, x);
    } else if (a->kind == OST_ATTR_TEXT) {
        *text = *a->text ? a->text : NULL;
    } else {
        *text = ost_attr_text(ost_ctx_arena(r->ctx), a);
    }
    return OST_OK;
}

static ost_rc not_in_map(relabeling *r, const char *label, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(r->ctx);
    size_t n = json_object_size(r->p->map), k = 0;
    const char **names = OST_ARENA_ARRAY(arena, const char *, n + 1);
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)r->p->map, name, v) names[k++] =
        name;
    return ost_fail(err, OST_EINPUT, "label '%s' is not in 'map'%s", label,
                    ost_did_you_mean(arena, label, names, n));
}

/* The new name of a label, NULL when it is taken away. */
static ost_rc map_label(relabeling *r, const char *label, const char **name,
                        ost_err *err)
{
    const json_t *v = json_object_get(r->p->map, label);

    *name = label;
    if (json_object_size(r->p->map) == 0)
        return OST_OK;
    if (v) {
        ost_map_put(&r->used, label, strlen(label), 0);
        *name = json_string_value(v);
        return OST_OK;
    }
    if (r->p->unmapped == ERROR)
        return not_in_map(r, label, err);
    if (r->p->unmapped == REMOVE)
        *name = NULL;
    if (r->p->unmapped == OTHER)
        *name = r->p->other;
    return OST_OK;
}

/* Gives an item labels, sorted, each once. */
static void set_labels(relabeling *r, ost_item *out, const char *const *v,
                       size_t n)
{
    ost_arena *arena = ost_ctx_arena(r->ctx);
    const char **labels = OST_ARENA_ARRAY(arena, const char *, n + 1);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        size_t at = 0;

        while (at < count && strcmp(labels[at], v[i]) < 0)
            at++;
        if (at < count && strcmp(labels[at], v[i]) == 0)
            continue;
        memmove(labels + at + 1, labels + at, (count - at) * sizeof(*labels));
        labels[at] = v[i];
        count++;
    }
    out->labels = labels;
    out->n_labels = count;
}

static ost_rc map_labels(relabeling *r, ost_item *out, ost_err *err)
{
    size_t n = out->n_labels, kept = 0;
    const char **labels =
        OST_ARENA_ARRAY(ost_ctx_arena(r->ctx), const char *, n + 1);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        rc = map_label(r, out->labels[i], &labels[kept], err);
        kept += !rc && labels[kept] != NULL;
    }
    if (!rc)
        set_labels(r, out, labels, kept);
    return rc;
}

static size_t count_of(const ost_item *item, const json_t *words)
{
    const json_t *word;
    size_t i, found = 0;

    json_array_foreach(words, i, word)
    {
        for (size_t k = 0; k < item->n_labels; k++)
            found += strcmp(item->labels[k], json_string_value(word)) == 0;
    }
    return found;
}

static bool applies(const json_t *rule, const ost_item *item)
{
    const json_t *all = json_object_get(rule, "all");
    const json_t *any = json_object_get(rule, "any");
    const json_t *none = json_object_get(rule, "none");

    return (!all || count_of(item, all) == json_array_size(all)) &&
           (!any || count_of(item, any) > 0) &&
           (!none || count_of(item, none) == 0);
}

static ost_rc apply_rules(relabeling *r, ost_item *out, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(r->ctx);
    ost_buf labels = { 0 };
    const json_t *rule;
    size_t i;

    if (json_array_size(r->p->rules) == 0)
        return OST_OK;
    json_array_foreach(r->p->rules, i, rule)
    {
        if (!applies(rule, out))
            continue;
        ost_item_set_label(arena, out,
                           json_string_value(json_object_get(rule, "label")));
        return OST_OK;
    }
    if (r->p->unmapped == KEEP)
        return OST_OK;
    if (r->p->unmapped != ERROR) {
        ost_item_set_label(arena, out,
                           r->p->unmapped == OTHER ? r->p->other : NULL);
        return OST_OK;
    }
    ost_item_add_labels(&labels, out);
    ost_fail(err, OST_EINPUT, "no rule is about the labels '%s'",
             ost_buf_str(&labels));
    ost_buf_release(&labels);
    return OST_EINPUT;
}

static bool same_labels(const ost_item *a, const ost_item *b)
{
    if (a->n_labels != b->n_labels)
        return false;
    for (size_t i = 0; i < a->n_labels; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0)
            return false;
    return true;
}

static ost_rc relabel(relabeling *r, const ost_item *in, ost_err *err)
{
    ost_item *out = ost_derive(r->ctx, in, -1);
    const char *text;
    ost_rc rc = OST_OK;

    if (r->p->attribute) {
        rc = text_of_attribute(r, in, &text, err);
        if (!rc)
            ost_item_set_labels(ost_ctx_arena(r->ctx), out, text ? text : "");
    }
    if (!rc)
        rc = map_labels(r, out, err);
    if (!rc)
        rc = apply_rules(r, out, err);
    if (!rc && out->n_labels == 0 && r->p->unlabeled == UNLABELED_ERROR)
        rc = ost_fail(err, OST_EINPUT, "there is no label in the end");
    if (rc) {
        ost_err_at(err, "item '%s'", in->id);
        return rc;
    }
    if (out->n_labels == 0 && r->p->unlabeled == UNLABELED_DROP) {
        r->dropped++;
        return OST_OK;
    }
    r->changed += !same_labels(in, out);
    return ost_emit(r->ctx, "out", out, err);
}

/* An attribute that no item has is a misspelling. */
static ost_rc check_attribute(relabeling *r, const ost_item *items, size_t n,
                              ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    ost_map seen = { 0 };
    ost_rc rc;

    if (!r->p->attribute || n == 0 || r->lacking < n)
        return OST_OK;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < items[i].n_attrs; k++) {
            const char *name = items[i].attrs[k].name;

            if (ost_map_put(&seen, name, strlen(name), 0))
                ost_vec_push(&names, name);
        }
    rc = ost_fail(err, OST_EINPUT, "no item has the attribute '%s'%s",
                  r->p->attribute,
                  ost_did_you_mean(ost_ctx_arena(r->ctx), r->p->attribute,
                                   names.data, names.len));
    ost_vec_release(&names);
    ost_map_release(&seen);
    return rc;
}

static void tell(relabeling *r, size_t n)
{
    const char *name;
    json_t *v;

    ost_note(r->ctx, "%zu of %zu items have other labels", r->changed, n);
    if (r->dropped)
        ost_note(r->ctx, "%zu items without a label are dropped", r->dropped);
    if (r->lacking)
        ost_note(r->ctx, "%zu items have no attribute '%s'", r->lacking,
                 r->p->attribute);
    json_object_foreach((json_t *)(uintptr_t)r->p->map, name, v)
    {
        if (!ost_map_get(&r->used, name, strlen(name), NULL))
            ost_note(r->ctx, "no item has the label '%s' that 'map' names",
                     name);
    }
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    relabeling r = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    const ost_item *items = NULL;
    size_t n = 0;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = relabel(&r, &items[i], err);
    if (!rc)
        rc = check_attribute(&r, items, n, err);
    if (!rc)
        tell(&r, n);
    ost_map_release(&r.used);
    return rc;
}

const ost_stage ost_stage_relabel = {
    .name = "relabel",
    .version = 2, /* bump when any output byte can change */
    .summary = "Merge labels, make them of an attribute, or apply rules.",
    .param_size = sizeof(relabel_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "items to relabel", false, false }),
    .outputs = OST_PORTS({ "out", OST_DATASET,
                           "the items with their new "
                           "labels",
                           false, false }),
    .check = check,
    .run = run,
};
