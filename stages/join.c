/* stages/join.c - fields of a second dataset into the items of a first
 *
 * Each item looks up its partner in `from`: the item of the same id, group or
 * root, or its first parent.  Two partners of one item are an error.  What the
 * partner has of `fields` and `attributes` comes into the item; its pixels
 * stay where they are stored.  The item is exposed to what its partner is
 * exposed to.
 *
 * Sizes are not compared: a mask fits the picture that it was drawn on.
 */
#include "stages/matching.h"

#include <string.h>

#include "base/banned.h"

enum { ERROR, DROP, KEEP };          /* of `missing` */
enum { COLLIDE, REPLACE, KEEP_OWN }; /* of `collision` */

typedef struct {
    int by;
    const json_t *fields;
    ost_str_list attributes;
    bool labels;
    int missing;
    int collision;
    bool allow_empty;
} join_params;

static const ost_param params[] = {
    OST_PARAM(join_params, by, CHOICE,
              "what an item has in common with its partner in 'from'",
              .dflt = "\"id\"", .choices = OST_MATCH_WORDS),
    OST_PARAM(join_params, fields, JSON,
              "fields that come over: a list of names, or an object from name "
              "to the name that it gets; null: all",
              .dflt = "null"),
    OST_PARAM(join_params, attributes, STR_LIST, "attributes that come over",
              .dflt = "[]"),
    OST_PARAM(join_params, labels, BOOL,
              "the partner's labels take the place of the item's",
              .dflt = "false"),
    OST_PARAM(join_params, missing, CHOICE,
              "what becomes of an item without a partner, or whose partner "
              "lacks a field or attribute that is named",
              .dflt = "\"error\"", .choices = "error|drop|keep"),
    OST_PARAM(join_params, collision, CHOICE,
              "what becomes of a field or attribute that the item has itself",
              .dflt = "\"error\"", .choices = "error|replace|keep"),
    OST_PARAM(join_params, allow_empty, BOOL,
              "that no item at all has a partner is no error", .dflt = "false"),
    OST_END,
};

static ost_rc check(const void *of, ost_err *err)
{
    const join_params *p = of;
    const char *name;
    size_t i;
    json_t *v;

    if (!p->fields || json_is_null(p->fields))
        return OST_OK;
    if (!json_is_array(p->fields) && !json_is_object(p->fields))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'fields': expected a list of names or an "
                        "object from name to name");
    json_array_foreach(p->fields, i, v)
    {
        if (!json_is_string(v))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'fields': a list holds names");
    }
    json_object_foreach((json_t *)(uintptr_t)p->fields, name, v)
    {
        if (!json_is_string(v) || !*json_string_value(v))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'fields': the new name of '%s' is no text",
                            name);
    }
    return OST_OK;
}

typedef struct {
    ost_stage_ctx *ctx;
    const join_params *p;
    ost_match_index from;
    size_t joined, dropped, bare;
} joining;

/* May the item get something by that name? */
static ost_rc may_take(const joining *j, bool there, const char *what,
                       const char *name, bool *take, ost_err *err)
{
    *take = !there || j->p->collision == REPLACE;
    if (!there || j->p->collision != COLLIDE)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "%s '%s' is in both datasets (collision: replace or keep "
                    "says which one counts%s)",
                    what, name,
                    strcmp(what, "field") == 0
                        ? "; fields: {\"OLD\": \"NEW\"} gives another name"
                        : "");
}

static ost_rc take_field(joining *j, ost_item *out, const ost_item *partner,
                         const char *name, const char *to, bool *lacking,
                         ost_err *err)
{
    const ost_field *f = ost_item_field(partner, name);
    ost_field renamed;
    bool take;
    ost_rc rc;

    if (!f) {
        *lacking = true;
        if (j->p->missing != ERROR)
            return OST_OK;
        return ost_fail(err, OST_EINPUT,
                        "item '%s' of 'from' has no field "
                        "'%s'",
                        partner->id, name);
    }
    rc = may_take(j, ost_item_field(out, to) != NULL, "field", to, &take, err);
    if (rc || !take)
        return rc;
    renamed = *f;
    renamed.name = to;
    ost_item_set_field(ost_ctx_arena(j->ctx), out, &renamed);
    return OST_OK;
}

static ost_rc take_fields(joining *j, ost_item *out, const ost_item *partner,
                          bool *lacking, ost_err *err)
{
    const json_t *fields = j->p->fields;
    const char *name;
    ost_rc rc = OST_OK;
    size_t i;
    json_t *v;

    for (i = 0; json_is_null(fields) && i < partner->n_fields && !rc; i++) {
        name = partner->fields[i].name;
        rc = take_field(j, out, partner, name, name, lacking, err);
    }
    json_array_foreach(fields, i, v)
    {
        name = json_string_value(v);
        if (!rc)
            rc = take_field(j, out, partner, name, name, lacking, err);
    }
    json_object_foreach((json_t *)(uintptr_t)fields, name, v)
    {
        if (!rc)
            rc = take_field(j, out, partner, name, json_string_value(v),
                            lacking, err);
    }
    return rc;
}

static ost_rc take_attributes(joining *j, ost_item *out,
                              const ost_item *partner, bool *lacking,
                              ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(j->ctx);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < j->p->attributes.n && !rc; i++) {
        const char *name = j->p->attributes.v[i];
        const ost_attr *a = ost_item_attr(partner, name);
        bool take = false;

        *lacking |= !a;
        if (!a && j->p->missing == ERROR)
            return ost_fail(err, OST_EINPUT,
                            "item '%s' of 'from' has no attribute '%s'",
                            partner->id, name);
        if (a)
            rc = may_take(j, ost_item_attr(out, name) != NULL, "attribute",
                          name, &take, err);
        if (rc || !take)
            continue;
        if (a->kind == OST_ATTR_NUMBER)
            ost_item_set_number(arena, out, name, a->number);
        else
            ost_item_set_text(arena, out, name, a->text);
    }
    return rc;
}

static ost_rc find_partner(joining *j, const ost_item *in,
                           const ost_item **partner, ost_err *err)
{
    const char *key = ost_match_key(ost_ctx_arena(j->ctx), j->p->by, in);
    const ost_item *other;

    *partner = ost_match_first(&j->from, key);
    if (!*partner && j->p->missing == ERROR)
        return ost_fail(err, OST_EINPUT,
                        "there is no partner in 'from' (%s '%s')",
                        ost_match_word(j->p->by), key);
    other = *partner ? ost_match_next(&j->from, *partner) : NULL;
    if (other)
        return ost_fail(err, OST_EINPUT,
                        "there are two partners in 'from', '%s' and '%s' (%s "
                        "'%s')",
                        (*partner)->id, other->id, ost_match_word(j->p->by),
                        key);
    return OST_OK;
}

static ost_rc join_item(joining *j, const ost_item *in, ost_err *err)
{
    ost_item *out = ost_derive(j->ctx, in, -1);
    const ost_item *partner;
    bool lacking = false;
    ost_rc rc;

    rc = find_partner(j, in, &partner, err);
    if (!rc && partner) {
        rc = take_fields(j, out, partner, &lacking, err);
        if (!rc)
            rc = take_attributes(j, out, partner, &lacking, err);
        if (!rc)
            rc = ost_expose(j->ctx, out, partner, err);
        if (j->p->labels) {
            out->labels = partner->labels;
            out->n_labels = partner->n_labels;
        }
    }
    if (rc) {
        ost_err_at(err, "item '%s'", in->id);
        return rc;
    }
    if (!partner || lacking) {
        j->dropped += j->p->missing == DROP;
        j->bare += j->p->missing == KEEP;
        if (j->p->missing == DROP)
            return OST_OK;
    }
    j->joined += partner != NULL;
    return ost_emit(j->ctx, "out", out, err);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    joining j = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    const ost_item *items = NULL, *from;
    size_t n = 0, n_from;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (!rc)
        rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "from", 0), &from, &n_from,
                           err);
    if (rc)
        return rc;
    ost_match_index_init(&j.from, ost_ctx_arena(ctx), j.p->by, from, n_from);
    for (size_t i = 0; i < n && !rc; i++)
        rc = join_item(&j, &items[i], err);
    if (!rc && j.dropped)
        ost_note(ctx, "%zu of %zu items are dropped: 'from' lacks them",
                 j.dropped, n);
    if (!rc && j.bare)
        ost_note(ctx, "%zu of %zu items are kept though 'from' lacks them",
                 j.bare, n);
    if (!rc && n && j.joined == 0 && !j.p->allow_empty)
        rc = ost_fail(err, OST_EINPUT,
                      "none of %zu items has a partner among the %zu of 'from'",
                      n, n_from);
    ost_match_index_release(&j.from);
    return rc;
}

const ost_stage ost_stage_join = {
    .name = "join",
    .version = 1, /* bump when any output byte can change */
    .summary = "Bring fields of a second dataset into the items of a first.",
    .param_size = sizeof(join_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "items that get something", false, false },
        { "from", OST_DATASET, "items that have it", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the items with what came over", false, false }),
    .check = check,
    .run = run,
};
