/* stages/network_groups.c - groups of layers, pass by pass */
#include "base/text.h"
#include "stages/network_impl.h"

#include <string.h>

#include "base/banned.h"

/* A group while it is read. */
typedef struct group {
    const network_entry *e;
    const char *as; /* or NULL */
    bool repeated;
    bool names_passes; /* each pass has a name of its own */
    bool shared;       /* all passes have the weights of the first */
    json_t *list;      /* elements, or NULL */
    size_t n_passes;
    const char *name; /* unless names_passes */
    bool given;
    int value; /* what entered it, then what came out of the last pass */
    OST_VEC(network_name) carried;
    OST_VEC(network_pass) passes;
} group;

static bool mentions(const json_t *name, const char *as)
{
    const char *p = json_string_value(name);
    size_t len = strlen(as);
    const char *key;
    json_t *v;

    while (p && (p = strstr(p, "${"))) {
        p += 2;
        if (strncmp(p, as, len) == 0 && (p[len] == '}' || p[len] == '.'))
            return true;
    }
    json_object_foreach((json_t *)(uintptr_t)name, key, v)
    {
        if (mentions(v, as))
            return true;
    }
    return false;
}

bool ost_network_names_passes(const json_t *json)
{
    const json_t *name = json_object_get(json, "name");
    const char *as = json_string_value(json_object_get(json, "as"));

    return name && as && json_object_get(json, "repeat") && mentions(name, as);
}

static ost_rc check_group(ost_network *n, const network_scope *s, group *g,
                          ost_err *err)
{
    static const char *const words[] = { "layers",  "repeat", "as",
                                         "name",    "in",     "when",
                                         "weights", "carry",  NULL };
    static const char *const of_repeats[] = { "as", "weights", "carry" };
    const json_t *json = g->e->json;
    const json_t *as = json_object_get(json, "as");
    ost_rc rc = ost_network_check_words(n, json, g->e->pointer, words,
                                        " in a group", err);

    if (rc)
        return rc;
    g->repeated = json_object_get(json, "repeat") != NULL;
    for (int i = 0; i < 3 && !g->repeated; i++)
        if (json_object_get(json, of_repeats[i]))
            return ost_network_fault(
                n, ost_network_child(n, g->e->pointer, of_repeats[i]), true,
                err, "'%s' goes with 'repeat'", of_repeats[i]);
    if (as && !json_is_string(as))
        return ost_network_fault(n, ost_network_child(n, g->e->pointer, "as"),
                                 false, err, "'as' must be a name");
    g->as = json_string_value(as);
    g->names_passes = ost_network_names_passes(json);
    if (s->depth == NETWORK_DEPTH)
        return ost_network_fault(n, g->e->pointer, false, err,
                                 "groups nested deeper than %d", NETWORK_DEPTH);
    return OST_OK;
}

/* How often the group stands there, and the list it goes over (or NULL). */
static ost_rc read_repeat(ost_network *n, const network_scope *s, group *g,
                          ost_err *err)
{
    const json_t *repeat = json_object_get(g->e->json, "repeat");
    const char *pointer = ost_network_child(n, g->e->pointer, "repeat");
    json_t *v = NULL;
    ost_rc rc;

    g->n_passes = 1;
    if (!repeat)
        return OST_OK;
    rc = ost_network_expand(n, s, repeat, pointer, &v, err);
    if (rc)
        return rc;
    if (json_is_array(v)) {
        g->n_passes = json_array_size(v);
        g->list = v;
        return OST_OK;
    }
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        json_integer_value(v) > NETWORK_LAYERS)
        rc = ost_network_fault(
            n, pointer, false, err,
            "'repeat' must be a number from 0 to %d or a list", NETWORK_LAYERS);
    else
        g->n_passes = (size_t)json_integer_value(v);
    json_decref(v);
    return rc;
}

static ost_rc read_shared(ost_network *n, const network_scope *s, group *g,
                          ost_err *err)
{
    const json_t *weights = json_object_get(g->e->json, "weights");
    const char *pointer = ost_network_child(n, g->e->pointer, "weights");
    json_t *v = NULL;
    const char *word;
    ost_rc rc;

    if (!weights)
        return OST_OK;
    rc = ost_network_expand(n, s, weights, pointer, &v, err);
    if (rc)
        return rc;
    word = json_is_string(v) ? json_string_value(v) : "";
    g->shared = strcmp(word, "shared") == 0;
    if (!g->shared && strcmp(word, "own") != 0)
        rc = ost_network_fault(n, pointer, false, err,
                               "'weights' must be 'shared' or 'own'");
    else if (g->shared && g->names_passes)
        rc = ost_network_fault(
            n, pointer, false, err,
            "passes with names of their own cannot share weights");
    json_decref(v);
    return rc;
}

static ost_rc read_carry(ost_network *n, const network_scope *s, group *g,
                         ost_err *err)
{
    const json_t *carry = json_object_get(g->e->json, "carry");
    const char *pointer = ost_network_child(n, g->e->pointer, "carry");
    const char *name;
    json_t *ref;
    ost_rc rc;

    if (carry && !json_is_object(carry))
        return ost_network_fault(n, pointer, false, err,
                                 "'carry' must be an object of names and what "
                                 "they mean at first");
    json_object_foreach((json_t *)(uintptr_t)carry, name, ref)
    {
        network_name c = { .name = ost_arena_strdup(&n->arena, name),
                           .loose = true };

        rc = ost_network_refer_one(
            n, s, ref, ost_network_child(n, pointer, name), &c.value, err);
        if (rc)
            return rc;
        ost_vec_push(&g->carried, c);
    }
    return OST_OK;
}

ost_rc ost_network_skip_group(ost_network *n, network_scope *s,
                              const network_entry *e, ost_err *err)
{
    group g = { .e = e };
    ost_rc rc = read_carry(n, s, &g, err);

    for (size_t i = 0; !rc && i < g.carried.len; i++)
        ost_vec_push(&s->names, g.carried.data[i]);
    ost_vec_release(&g.carried);
    return rc;
}

/* What the pass made under the carried names goes on to the next. */
static ost_rc carry_on(ost_network *n, group *g, const network_scope *pass,
                       ost_err *err)
{
    for (size_t i = 0; i < g->carried.len; i++) {
        network_name *c = &g->carried.data[i];
        bool made = false;

        for (size_t k = g->carried.len; k < pass->names.len; k++)
            made |= strcmp(pass->names.data[k].name, c->name) == 0;
        if (!made)
            return ost_network_fault(
                n,
                ost_network_child(
                    n, ost_network_child(n, g->e->pointer, "carry"), c->name),
                true, err, "no layer of the group is named '%s'", c->name);
        c->value = ost_network_own_name(pass, c->name)->value;
    }
    return OST_OK;
}

static const char *prefix_of(ost_network *n, const network_scope *s,
                             const group *g, const char *name, size_t i)
{
    if (!*name)
        return s->prefix;
    if (g->repeated && !g->names_passes && !g->shared)
        return ost_arena_printf(&n->arena, "%s%s.%zu.", s->prefix, name, i);
    return ost_arena_printf(&n->arena, "%s%s.", s->prefix, name);
}

/* Keeps what the names of a finished pass mean. */
static network_pass keep_pass(ost_network *n, const network_scope *pass)
{
    return (network_pass){
        .value = pass->previous,
        .names = ost_arena_copy(&n->arena, pass->names.data,
                                pass->names.len * sizeof(network_name)),
        .n_names = pass->names.len,
    };
}

static ost_rc read_pass(ost_network *n, network_scope *s, group *g, size_t i,
                        ost_err *err)
{
    json_t *element = g->list ? json_incref(json_array_get(g->list, i))
                              : json_integer((json_int_t)i);
    network_scope inner = { .parent = s,
                            .as = g->as,
                            .element = element,
                            .entry = g->value,
                            .previous = g->value,
                            .depth = s->depth + 1,
                            .shared = s->shared || (g->shared && i > 0) };
    const char *name = g->name;
    bool given = g->given;
    ost_rc rc = OST_OK;

    if (g->names_passes)
        rc = ost_network_entry_name(n, &inner, g->e, &name, &given, err);
    if (!rc && g->names_passes && given)
        rc = ost_network_check_name(
            n, s, name, ost_network_child(n, g->e->pointer, "name"), err);
    if (rc)
        goto out;
    inner.prefix = prefix_of(n, s, g, name, i);
    for (size_t k = 0; k < g->carried.len; k++)
        ost_vec_push(&inner.names, g->carried.data[k]);
    rc = ost_network_read_entries(
        n, &inner, json_object_get(g->e->json, "layers"),
        ost_network_child(n, g->e->pointer, "layers"), err);
    if (!rc)
        rc = carry_on(n, g, &inner, err);
    if (rc)
        goto out;
    g->value = inner.previous;
    ost_vec_push(&g->passes, keep_pass(n, &inner));
    if (g->names_passes && given)
        ost_vec_push(&s->names,
                     (network_name){
                         .name = name,
                         .value = g->value,
                         .group = true,
                         .passes = ost_arena_copy(&n->arena, &g->passes.data[i],
                                                  sizeof(network_pass)),
                         .n_passes = 1 });
out:
    ost_vec_release(&inner.names);
    json_decref(element);
    return rc;
}

static ost_rc read_passes(ost_network *n, network_scope *s, group *g,
                          ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < g->n_passes && !rc; i++) {
        if (n->passes++ == NETWORK_LAYERS)
            rc = ost_network_fault(n, g->e->pointer, false, err,
                                   "the groups have more than %d passes",
                                   NETWORK_LAYERS);
        else
            rc = read_pass(n, s, g, i, err);
    }
    return rc;
}

/* Makes the group's names known to what comes after it. */
static void keep_names(ost_network *n, network_scope *s, const group *g)
{
    if (!g->names_passes && g->given)
        ost_vec_push(&s->names, (network_name){
                                    .name = g->name,
                                    .value = g->value,
                                    .group = true,
                                    .repeated = g->repeated,
                                    .passes = ost_arena_copy(
                                        &n->arena, g->passes.data,
                                        g->passes.len * sizeof(network_pass)),
                                    .n_passes = g->passes.len,
                                });
    for (size_t i = 0; i < g->carried.len; i++)
        ost_vec_push(&s->names, g->carried.data[i]);
    s->previous = g->value;
}

ost_rc ost_network_read_group(ost_network *n, network_scope *s,
                              const network_entry *e, ost_err *err)
{
    const json_t *in = json_object_get(e->json, "in");
    group g = { .e = e, .value = s->previous };
    ost_rc rc = check_group(n, s, &g, err);

    if (!rc && !g.names_passes)
        rc = ost_network_entry_name(n, s, e, &g.name, &g.given, err);
    if (!rc && in)
        rc = ost_network_refer_one(
            n, s, in, ost_network_child(n, e->pointer, "in"), &g.value, err);
    if (!rc)
        rc = read_repeat(n, s, &g, err);
    if (!rc)
        rc = read_shared(n, s, &g, err);
    if (!rc)
        rc = read_carry(n, s, &g, err);
    if (!rc)
        rc = read_passes(n, s, &g, err);
    if (!rc)
        keep_names(n, s, &g);
    ost_vec_release(&g.passes);
    ost_vec_release(&g.carried);
    json_decref(g.list);
    return rc;
}
