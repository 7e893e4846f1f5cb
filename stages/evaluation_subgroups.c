/* stages/evaluation_subgroups.c - blocks by attributes of the items
 *
 * An attribute of words divides the cases by its words, one of numbers by its
 * values, or by cut points: below the first, from each to the next, from the
 * last on.  `axis.NAME` serves where there is no NAME.  Cases without the
 * attribute are counted in a block that has no other numbers.
 */
#include "stages/evaluation_subgroups.h"

#include "base/map.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* More values than this are measurements, which need cut points. */
enum { MOST_NUMBERS = 20 };
/* Below this the numbers of a block mean little; of groups that are drawn, its
 * intervals. */
enum { FEW_ITEMS = 10 };

static const char expected[] =
    "param 'subgroups': expected a list of attributes, each a name or "
    "{\"attribute\": \"age\", \"cuts\": [40, 60]}";

static ost_rc check_cuts(const json_t *cuts, ost_err *err)
{
    const json_t *v;
    double before = (double)-INFINITY;
    size_t i;

    json_array_foreach(cuts, i, v)
    {
        if (!json_is_number(v) || !(json_number_value(v) > before))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'subgroups': cuts are rising numbers");
        before = json_number_value(v);
    }
    return OST_OK;
}

ost_rc ost_subgroups_check(const json_t *subgroups, ost_err *err)
{
    const json_t *one;
    ost_rc rc = OST_OK;
    size_t i;

    if (!subgroups || json_is_null(subgroups))
        return OST_OK;
    if (!json_is_array(subgroups))
        return ost_fail(err, OST_EWORKFLOW, "%s", expected);
    json_array_foreach(subgroups, i, one)
    {
        const json_t *cuts = json_object_get(one, "cuts");

        if (json_is_string(one) && *json_string_value(one))
            continue;
        if (!json_is_string(json_object_get(one, "attribute")) ||
            !json_is_array(cuts) || json_array_size(cuts) == 0 ||
            json_object_size(one) != 2)
            return ost_fail(err, OST_EWORKFLOW, "%s", expected);
        rc = check_cuts(cuts, err);
        if (rc)
            break;
    }
    return rc;
}

/* --- one attribute ---------------------------------------------------------
 */

typedef struct {
    const char *name;  /* of the block */
    double number;     /* what it is sorted by, before names */
    const char *text;  /* the word, or NULL for a number */
    uint32_t *members; /* cases */
    size_t n;
} subgroup;

typedef struct {
    const ost_evaluation *e;
    const char *attribute;
    const json_t *cuts;
    subgroup *found;
    size_t n_found;
    size_t n_numbers;
    size_t n_without;
    uint32_t *of; /* per case: index in found, or OST_NO_CLASS */
} dividing;

static const ost_attr *attribute_of(const dividing *d, const ost_item *item)
{
    const ost_attr *a = ost_item_attr(item, d->attribute);

    return a ? a
             : ost_item_attr(item, ost_arena_printf(d->e->arena, "axis.%s",
                                                    d->attribute));
}

/* Between which cuts a number lies, as the number of the lower one. */
static subgroup range_of(const dividing *d, double v)
{
    size_t n = json_array_size(d->cuts), at = 0;
    ost_arena *arena = d->e->arena;
    double lo, hi;

    while (at < n && v >= json_number_value(json_array_get(d->cuts, at)))
        at++;
    lo = json_number_value(json_array_get(d->cuts, at > 0 ? at - 1 : 0));
    hi = json_number_value(json_array_get(d->cuts, at < n ? at : n - 1));
    return (subgroup){
        .name = at == 0 ? ost_arena_printf(arena, "below %.15g", hi)
                : at == n
                    ? ost_arena_printf(arena, "%.15g and above", lo)
                    : ost_arena_printf(arena, "%.15g to below %.15g", lo, hi),
        .number = (double)at,
    };
}

static ost_rc subgroup_of(const dividing *d, const ost_item *item,
                          const ost_attr *a, subgroup *g, ost_err *err)
{
    double v = a->number;

    if (a->kind == OST_ATTR_TEXT && !(d->cuts && ost_parse_f64(a->text, &v))) {
        if (d->cuts)
            return ost_fail(err, OST_EINPUT,
                            "item '%s': attribute '%s' is '%s', and cuts are "
                            "for numbers",
                            item->id, d->attribute, a->text);
        *g = (subgroup){ .name = a->text,
                         .text = a->text,
                         .number = (double)INFINITY };
        return OST_OK;
    }
    if (d->cuts)
        *g = range_of(d, v);
    else
        *g = (subgroup){ .name = ost_arena_printf(d->e->arena, "%.15g", v),
                         .number = v };
    return OST_OK;
}

static int by_value(const void *a, const void *b)
{
    const subgroup *x = a, *y = b;

    if (x->number < y->number || x->number > y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Finds the values, and which case has which. */
static ost_rc divide(dividing *d, ost_err *err)
{
    const ost_cases *c = d->e->cases;
    ost_map seen = { 0 };
    OST_VEC(subgroup) found = { 0 };
    ost_rc rc = OST_OK;

    d->of = OST_ARENA_ARRAY(d->e->arena, uint32_t, c->n);
    for (size_t i = 0; i < c->n && !rc; i++) {
        const ost_attr *a = attribute_of(d, c->item[i]);
        uint64_t at = found.len;
        subgroup g = { .name = "" };

        d->of[i] = OST_NO_CLASS;
        if (!a || (a->kind == OST_ATTR_TEXT && !*a->text)) {
            d->n_without++;
            continue;
        }
        rc = subgroup_of(d, c->item[i], a, &g, err);
        if (rc)
            break;
        if (!ost_map_get(&seen, g.name, strlen(g.name), &at)) {
            ost_map_put(&seen, g.name, strlen(g.name), at);
            ost_vec_push(&found, g);
            d->n_numbers += !g.text;
        }
        d->of[i] = (uint32_t)at;
    }
    d->n_found = found.len;
    d->found = OST_ARENA_ARRAY(d->e->arena, subgroup, found.len);
    if (found.len)
        memcpy(d->found, found.data, found.len * sizeof(*d->found));
    ost_vec_release(&found);
    ost_map_release(&seen);
    if (!rc && d->n_found == 0 && c->n > 0)
        rc = ost_fail(err, OST_EINPUT,
                      "param 'subgroups': no item has the attribute '%s'",
                      d->attribute);
    if (!rc && !d->cuts && d->n_numbers > MOST_NUMBERS)
        rc = ost_fail(err, OST_EINPUT,
                      "param 'subgroups': attribute '%s' has %zu different "
                      "numbers: {\"attribute\": \"%s\", \"cuts\": [...]} "
                      "says where to cut them",
                      d->attribute, d->n_numbers, d->attribute);
    return rc;
}

static void fill_members(dividing *d)
{
    for (size_t i = 0; i < d->e->cases->n; i++)
        if (d->of[i] != OST_NO_CLASS)
            d->found[d->of[i]].n++;
    for (size_t g = 0; g < d->n_found; g++) {
        d->found[g].members =
            OST_ARENA_ARRAY(d->e->arena, uint32_t, d->found[g].n);
        d->found[g].n = 0;
    }
    for (size_t i = 0; i < d->e->cases->n; i++) {
        if (d->of[i] != OST_NO_CLASS) {
            subgroup *g = &d->found[d->of[i]];

            g->members[g->n++] = (uint32_t)i;
        }
    }
    if (d->n_found > 0)
        qsort(d->found, d->n_found, sizeof(*d->found), by_value);
}

static bool has_one_class(const json_t *block)
{
    const json_t *positive = json_object_get(block, "n_positive");
    const json_t *negative = json_object_get(block, "n_negative");

    return positive && negative &&
           (json_integer_value(positive) == 0 ||
            json_integer_value(negative) == 0);
}

static void add_block(const dividing *d, const subgroup *g, json_t *out)
{
    const char *where =
        ost_arena_printf(d->e->arena, "%s %s", d->attribute, g->name);
    json_t *one =
        json_pack("{s:s, s:s}", "attribute", d->attribute, "value", g->name);
    json_t *numbers = ost_evaluate_cases(d->e, where, g->members, g->n,
                                         OST_CURVE_SHORT, NULL);
    json_t *flags = json_array();

    json_object_update(one, numbers);
    json_decref(numbers);
    if (g->n < FEW_ITEMS)
        json_array_append_new(flags,
                              json_sprintf("fewer than %d items", FEW_ITEMS));
    if (d->e->clustered &&
        json_integer_value(json_object_get(one, "n_groups")) < FEW_ITEMS)
        json_array_append_new(flags,
                              json_sprintf("fewer than %d groups", FEW_ITEMS));
    if (has_one_class(one))
        json_array_append_new(flags, json_string("one class"));
    json_object_set_new(one, "flags", flags);
    json_array_append_new(out, one);
}

static ost_rc add_attribute(const ost_evaluation *e, const json_t *asked,
                            json_t *out, ost_err *err)
{
    dividing d = { .e = e, .attribute = json_string_value(asked) };
    ost_rc rc;

    if (!d.attribute)
        d.attribute = json_string_value(json_object_get(asked, "attribute"));
    d.cuts = json_object_get(asked, "cuts");
    rc = divide(&d, err);
    if (rc)
        return rc;
    fill_members(&d);
    for (size_t g = 0; g < d.n_found; g++)
        add_block(&d, &d.found[g], out);
    if (d.n_without > 0)
        json_array_append_new(out, json_pack("{s:s, s:n, s:I}", "attribute",
                                             d.attribute, "value", "n_items",
                                             (json_int_t)d.n_without));
    return OST_OK;
}

ost_rc ost_subgroups_json(const ost_evaluation *e, json_t **subgroups,
                          ost_err *err)
{
    const json_t *asked;
    ost_rc rc = OST_OK;
    size_t i;

    *subgroups = NULL;
    if (!json_is_array(e->params->subgroups))
        return OST_OK;
    *subgroups = json_array();
    json_array_foreach(e->params->subgroups, i, asked)
    {
        rc = add_attribute(e, asked, *subgroups, err);
        if (rc)
            break;
    }
    return rc;
}
