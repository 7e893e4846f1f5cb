/* stages/network_layers.c - one layer of a network: its inputs, attributes */
#include "base/text.h"
#include "stages/network_impl.h"

#include <string.h>

#include "base/banned.h"

/* Words that every kind of layer takes; all others are attributes. */
static const char *const words[] = {
    "op", "name", "in", "when", "l2", "frozen"
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static bool is_attr(const char *name)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(words[i], name) == 0)
            return false;
    return !ost_starts_with(name, "$comment");
}

static ost_rc set_attr(ost_network *n, const char *pointer, const json_t *v,
                       ost_net_attr *attr, ost_err *err)
{
    size_t count = json_is_array(v) ? json_array_size(v) : 1;

    if (json_is_string(v)) {
        attr->text = ost_arena_strdup(&n->arena, json_string_value(v));
        return OST_OK;
    }
    if (count < 1 || count > OST_NET_ATTR_VALUES)
        return ost_network_fault(n, pointer, false, err,
                                 "attribute '%s' has %zu numbers, must have 1 "
                                 "to %d",
                                 attr->name, count, OST_NET_ATTR_VALUES);
    for (size_t i = 0; i < count; i++) {
        const json_t *e = json_is_array(v) ? json_array_get(v, i) : v;

        if (json_is_boolean(e))
            attr->v[i] = json_is_true(e) ? 1.0 : 0.0;
        else if (json_is_number(e))
            attr->v[i] = json_number_value(e);
        else
            return ost_network_fault(
                n, pointer, false, err,
                "attribute '%s' must be a number, a word or true or "
                "false",
                attr->name);
    }
    attr->count = (int)count;
    return OST_OK;
}

/* What a kind does not know may be a word of ours that is misspelled. */
static ost_rc check_attr(ost_network *n, const char *kind, const char *name,
                         const char *place, ost_err *err)
{
    const ost_layer_kind *k = ost_layer_kind_find(kind);
    const char *names[WORDS + OST_LAYER_ATTRS];
    size_t count = 0;

    if (!k)
        return OST_OK;
    for (; k->attrs && k->attrs[count].name; count++) {
        names[count] = k->attrs[count].name;
        if (strcmp(names[count], name) == 0)
            return OST_OK;
    }
    for (size_t i = 0; i < WORDS; i++)
        names[count++] = words[i];
    return ost_network_unknown(n, place, true, name, names, count, err,
                               "unknown attribute '%s' of '%s'", name, kind);
}

static ost_rc read_attrs(ost_network *n, const network_scope *s,
                         const network_entry *e, ost_layer_spec *l,
                         ost_err *err)
{
    ost_net_attr *attrs =
        OST_ARENA_ARRAY(&n->arena, ost_net_attr, json_object_size(e->json));
    const char *name;
    json_t *v;
    ost_rc rc = OST_OK;

    l->attrs = attrs;
    json_object_foreach((json_t *)(uintptr_t)e->json, name, v)
    {
        ost_net_attr *a = &attrs[l->n_attrs];
        json_t *value = NULL;
        const char *place;

        if (!is_attr(name))
            continue;
        place = ost_network_child(n, e->pointer, name);
        a->name = ost_arena_strdup(&n->arena, name);
        rc = check_attr(n, l->kind, a->name, place, err);
        if (!rc)
            rc = ost_network_expand(n, s, v, place, &value, err);
        if (!rc)
            rc = set_attr(n, place, value, a, err);
        json_decref(value);
        if (rc)
            break;
        l->n_attrs++;
    }
    return rc;
}

/* The words that say how a layer learns. */
static ost_rc read_learning(ost_network *n, const network_scope *s,
                            const network_entry *e, ost_layer_spec *l,
                            ost_err *err)
{
    const json_t *l2 = json_object_get(e->json, "l2");
    const json_t *frozen = json_object_get(e->json, "frozen");
    const char *place = ost_network_child(n, e->pointer, "l2");
    json_t *v = NULL;
    ost_rc rc = OST_OK;

    if (l2)
        rc = ost_network_expand(n, s, l2, place, &v, err);
    if (!rc && l2) {
        l->l2 = json_number_value(v);
        if (!json_is_number(v) || l->l2 < 0.0)
            rc = ost_network_fault(n, place, false, err,
                                   "'l2' must be a number of at least 0");
        json_decref(v);
        v = NULL;
    }
    place = ost_network_child(n, e->pointer, "frozen");
    if (!rc && frozen)
        rc = ost_network_expand(n, s, frozen, place, &v, err);
    if (!rc && frozen) {
        l->frozen = json_is_true(v);
        if (!json_is_boolean(v))
            rc = ost_network_fault(n, place, false, err,
                                   "'frozen' must be true or false");
    }
    json_decref(v);
    return rc;
}

static ost_rc read_kind(ost_network *n, const network_scope *s,
                        const network_entry *e, ost_layer_spec *l, ost_err *err)
{
    const json_t *op = json_object_get(e->json, "op");
    const char *place = ost_network_child(n, e->pointer, "op");
    json_t *kind = NULL;
    ost_rc rc;

    if (!op)
        return ost_network_fault(n, e->pointer, false, err,
                                 "a layer has 'op', a group has 'layers'");
    if (n->layers.len == NETWORK_LAYERS)
        return ost_network_fault(n, e->pointer, false, err,
                                 "more than %d layers", NETWORK_LAYERS);
    rc = ost_network_expand(n, s, op, place, &kind, err);
    if (!rc && !json_is_string(kind))
        rc = ost_network_fault(n, place, false, err, "'op' must be a word");
    if (!rc)
        l->kind = ost_arena_strdup(&n->arena, json_string_value(kind));
    json_decref(kind);
    return rc;
}

ost_rc ost_network_read_layer(ost_network *n, network_scope *s,
                              const network_entry *e, ost_err *err)
{
    const json_t *in = json_object_get(e->json, "in");
    ost_layer_spec l = { .shared = s->shared };
    const char *name;
    bool given;
    ost_rc rc = read_kind(n, s, e, &l, err);

    if (!rc)
        rc = ost_network_entry_name(n, s, e, &name, &given, err);
    if (!rc && in)
        rc = ost_network_refer_all(
            n, s, in, ost_network_child(n, e->pointer, "in"), l.inputs,
            OST_LAYER_INPUTS, &l.n_inputs, err);
    else if (!rc && s->previous != NETWORK_NOTHING)
        l.inputs[l.n_inputs++] = s->previous;
    if (!rc)
        rc = read_attrs(n, s, e, &l, err);
    if (!rc)
        rc = read_learning(n, s, e, &l, err);
    if (rc)
        return rc;
    l.name = ost_arena_printf(&n->arena, "%s%s", s->prefix, name);
    s->previous = (int)n->layers.len;
    ost_vec_push(&n->layers, l);
    ost_vec_push(&n->pointers, e->pointer);
    if (given)
        ost_vec_push(&s->names,
                     (network_name){ .name = name, .value = s->previous });
    return OST_OK;
}
