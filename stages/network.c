/* stages/network.c - networks written as JSON */
#include "base/text.h"
#include "stages/network_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { MAX_LAYERS = 100000, MAX_DEPTH = 16, SIZE_LIMIT = 1 << 24 };

/* --- layers ------------------------------------------------------------ */

static ost_rc find_layer(ost_network *n, const network_scope *s,
                         const char *name, const char *pointer, int *layer,
                         ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *near;
    ost_rc rc;

    if (strcmp(name, "input") == 0 || strcmp(name, "previous") == 0) {
        *layer = *name == 'i' ? OST_NET_INPUT : (int)n->layers.len - 1;
        return OST_OK;
    }
    if (strcmp(name, "entry") == 0) {
        *layer = s->entry;
        return OST_OK;
    }
    for (; s; s = s->parent) {
        for (size_t i = s->names.len; i-- > 0;) {
            if (strcmp(s->names.data[i].name, name) == 0) {
                *layer = s->names.data[i].layer;
                ost_vec_release(&names);
                return OST_OK;
            }
            ost_vec_push(&names, s->names.data[i].name);
        }
    }
    near = ost_nearest(name, names.data, names.len);
    if (near)
        rc = ost_network_fault(
            n, pointer, false, err,
            "no layer '%s' before this one (did you mean '%s'?)", name, near);
    else
        rc = ost_network_fault(n, pointer, false, err,
                               "no layer '%s' before this one", name);
    ost_vec_release(&names);
    return rc;
}

static ost_rc read_inputs(ost_network *n, const network_scope *s,
                          const json_t *in, const char *pointer,
                          ost_layer_spec *l, ost_err *err)
{
    json_t *refs = NULL;
    ost_rc rc;

    l->n_inputs = 1;
    l->inputs[0] = (int)n->layers.len - 1;
    if (!in)
        return OST_OK;
    rc = ost_network_expand(n, s, in, pointer, &refs, err);
    if (rc)
        return rc;
    l->n_inputs = 0;
    for (size_t i = 0; !rc; i++) {
        const json_t *ref = json_is_array(refs) ? json_array_get(refs, i)
                            : i == 0            ? refs
                                                : NULL;

        if (!ref)
            break;
        if (!json_is_string(ref))
            rc = ost_network_fault(
                n, pointer, false, err,
                "'in' must be the name of a layer or a list of names");
        else if (l->n_inputs == OST_LAYER_INPUTS)
            rc = ost_network_fault(n, pointer, false, err,
                                   "more than %d inputs", OST_LAYER_INPUTS);
        else
            rc = find_layer(n, s, json_string_value(ref), pointer,
                            &l->inputs[l->n_inputs++], err);
    }
    json_decref(refs);
    return rc;
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
                                 "attribute '%s' has %zu numbers", attr->name,
                                 count);
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

static bool is_attr(const char *name)
{
    return strcmp(name, "op") != 0 && strcmp(name, "name") != 0 &&
           strcmp(name, "in") != 0 && !ost_starts_with(name, "$comment");
}

static ost_rc read_attrs(ost_network *n, const network_scope *s,
                         const json_t *entry, const char *pointer,
                         ost_layer_spec *l, ost_err *err)
{
    ost_net_attr *attrs =
        OST_ARENA_ARRAY(&n->arena, ost_net_attr, json_object_size(entry));
    const char *name;
    json_t *v;
    ost_rc rc = OST_OK;

    l->attrs = attrs;
    json_object_foreach((json_t *)(uintptr_t)entry, name, v)
    {
        ost_net_attr *a = &attrs[l->n_attrs];
        json_t *value = NULL;
        const char *place;

        if (!is_attr(name))
            continue;
        place = ost_network_child(n, pointer, name);
        a->name = ost_arena_strdup(&n->arena, name);
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

/* The name of an entry as written, or its place as text. */
static ost_rc entry_name(ost_network *n, const network_scope *s,
                         const json_t *entry, const char *pointer, size_t place,
                         const char **name, bool *given, ost_err *err)
{
    const json_t *v = json_object_get(entry, "name");
    json_t *made = NULL;
    ost_rc rc;

    *given = v != NULL;
    if (!v) {
        *name = ost_arena_printf(&n->arena, "%zu", place);
        return OST_OK;
    }
    pointer = ost_network_child(n, pointer, "name");
    rc = ost_network_expand(n, s, v, pointer, &made, err);
    if (!rc && (!json_is_string(made) || !*json_string_value(made) ||
                strchr(json_string_value(made), '.')))
        rc = ost_network_fault(n, pointer, false, err,
                               "'name' must be a word without a dot");
    if (!rc) {
        *name = ost_arena_strdup(&n->arena, json_string_value(made));
        for (size_t i = 0; i < s->names.len && !rc; i++)
            if (strcmp(s->names.data[i].name, *name) == 0)
                rc = ost_network_fault(n, pointer, false, err,
                                       "name '%s' is used twice", *name);
    }
    json_decref(made);
    return rc;
}

static ost_rc read_layer(ost_network *n, network_scope *s, const json_t *entry,
                         const char *pointer, size_t place, ost_err *err)
{
    const json_t *op = json_object_get(entry, "op");
    ost_layer_spec l = { 0 };
    json_t *kind = NULL;
    const char *name;
    bool given;
    ost_rc rc;

    if (!json_is_string(op))
        return ost_network_fault(n, pointer, false, err,
                                 "a layer has 'op', a group has 'layers'");
    if (n->layers.len == MAX_LAYERS)
        return ost_network_fault(n, pointer, false, err, "more than %d layers",
                                 MAX_LAYERS);
    rc = ost_network_expand(n, s, op, ost_network_child(n, pointer, "op"),
                            &kind, err);
    if (!rc && !json_is_string(kind))
        rc = ost_network_fault(n, ost_network_child(n, pointer, "op"), false,
                               err, "'op' must be a word");
    if (!rc)
        l.kind = ost_arena_strdup(&n->arena, json_string_value(kind));
    json_decref(kind);
    if (!rc)
        rc = entry_name(n, s, entry, pointer, place, &name, &given, err);
    if (!rc)
        rc = read_inputs(n, s, json_object_get(entry, "in"),
                         ost_network_child(n, pointer, "in"), &l, err);
    if (!rc)
        rc = read_attrs(n, s, entry, pointer, &l, err);
    if (rc)
        return rc;
    l.name = ost_arena_printf(&n->arena, "%s%s", s->prefix, name);
    ost_vec_push(&n->layers, l);
    ost_vec_push(&n->pointers, pointer);
    if (given)
        ost_vec_push(&s->names,
                     (network_layer_name){ name, (int)n->layers.len - 1 });
    return OST_OK;
}

static ost_rc read_entries(ost_network *n, network_scope *s, const json_t *list,
                           const char *pointer, ost_err *err);

static ost_rc check_group(ost_network *n, const network_scope *s,
                          const json_t *entry, const char *pointer,
                          ost_err *err)
{
    static const char *const words[] = { "layers", "repeat", "as", "name" };
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)entry, name, v)
    {
        const char *near = ost_nearest(name, words, 4);
        bool known = false;

        for (int i = 0; i < 4; i++)
            known |= strcmp(words[i], name) == 0;
        if (known || ost_starts_with(name, "$comment"))
            continue;
        return ost_network_fault(
            n, ost_network_child(n, pointer, name), true, err,
            near ? "unknown word '%s' in a group (did you mean '%s'?)"
                 : "unknown word '%s' in a group",
            name, near);
    }
    v = json_object_get(entry, "as");
    if (v && !json_is_string(v))
        return ost_network_fault(n, ost_network_child(n, pointer, "as"), false,
                                 err, "'as' must be a name");
    if (s->depth == MAX_DEPTH)
        return ost_network_fault(n, pointer, false, err,
                                 "groups nested deeper than %d", MAX_DEPTH);
    return OST_OK;
}

/* How often the group stands there, and the list it goes over (or NULL). */
static ost_rc passes_of(ost_network *n, const network_scope *s,
                        const json_t *entry, const char *pointer,
                        size_t *passes, json_t **list, ost_err *err)
{
    const json_t *repeat = json_object_get(entry, "repeat");
    json_t *v = NULL;
    ost_rc rc;

    *passes = 1;
    if (!repeat)
        return OST_OK;
    pointer = ost_network_child(n, pointer, "repeat");
    rc = ost_network_expand(n, s, repeat, pointer, &v, err);
    if (rc)
        return rc;
    if (json_is_array(v)) {
        *passes = json_array_size(v);
        *list = v;
        return OST_OK;
    }
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        json_integer_value(v) > MAX_LAYERS)
        rc = ost_network_fault(
            n, pointer, false, err,
            "'repeat' must be a number from 0 to %d or a list", MAX_LAYERS);
    else
        *passes = (size_t)json_integer_value(v);
    json_decref(v);
    return rc;
}

static ost_rc read_pass(ost_network *n, const network_scope *s,
                        const json_t *entry, const char *pointer,
                        const char *prefix, json_t *element, ost_err *err)
{
    network_scope inner = { .parent = s,
                            .prefix = prefix,
                            .as =
                                json_string_value(json_object_get(entry, "as")),
                            .element = element,
                            .entry = (int)n->layers.len - 1,
                            .depth = s->depth + 1 };
    ost_rc rc = read_entries(n, &inner, json_object_get(entry, "layers"),
                             ost_network_child(n, pointer, "layers"), err);

    ost_vec_release(&inner.names);
    return rc;
}

static ost_rc read_group(ost_network *n, network_scope *s, const json_t *entry,
                         const char *pointer, size_t place, ost_err *err)
{
    bool repeated = json_object_get(entry, "repeat") != NULL;
    json_t *list = NULL;
    const char *name;
    bool given;
    size_t passes;
    ost_rc rc = check_group(n, s, entry, pointer, err);

    if (!rc)
        rc = entry_name(n, s, entry, pointer, place, &name, &given, err);
    if (!rc)
        rc = passes_of(n, s, entry, pointer, &passes, &list, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < passes && !rc; i++) {
        const char *prefix =
            repeated
                ? ost_arena_printf(&n->arena, "%s%s.%zu.", s->prefix, name, i)
                : ost_arena_printf(&n->arena, "%s%s.", s->prefix, name);
        json_t *element = list ? json_incref(json_array_get(list, i))
                               : json_integer((json_int_t)i);

        rc = read_pass(n, s, entry, pointer, prefix, element, err);
        json_decref(element);
    }
    json_decref(list);
    if (!rc && given)
        ost_vec_push(&s->names,
                     (network_layer_name){ name, (int)n->layers.len - 1 });
    return rc;
}

static ost_rc read_entries(ost_network *n, network_scope *s, const json_t *list,
                           const char *pointer, ost_err *err)
{
    const json_t *entry;
    size_t i;
    ost_rc rc;

    if (!json_is_array(list))
        return ost_network_fault(n, pointer, false, err,
                                 "'layers' must be a list");
    json_array_foreach(list, i, entry)
    {
        const char *place = ost_arena_printf(&n->arena, "%s/%zu", pointer, i);

        if (!json_is_object(entry))
            return ost_network_fault(n, place, false, err,
                                     "a layer must be an object");
        rc = json_object_get(entry, "layers")
                 ? read_group(n, s, entry, place, i, err)
                 : read_layer(n, s, entry, place, i, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}

/* --- the document ------------------------------------------------------ */

static ost_rc check_top(ost_network *n, ost_err *err)
{
    static const char *const words[] = { "osteon_model", "name",   "help",
                                         "params",       "layers", "output" };
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    json_t *root = ost_json_root(n->doc);
    ost_json_pos pos;
    const char *name;
    json_t *v;

    if (ost_json_duplicates(n->doc)) {
        const char *pointer = ost_json_duplicate(n->doc, 0, &pos);

        return ost_fail(err, OST_EINPUT, "%s:%d:%d: %s is there twice",
                        ost_json_name(n->doc), pos.line, pos.column, pointer);
    }
    if (!json_is_object(root))
        return ost_network_fault(n, "", false, err, "a network is an object");
    json_object_foreach(root, name, v)
    {
        const char *near = ost_nearest(name, words, WORDS);
        bool known = false;

        for (int i = 0; i < WORDS; i++)
            known |= strcmp(words[i], name) == 0;
        if (!known && !ost_starts_with(name, "$comment"))
            return ost_network_fault(
                n, ost_network_child(n, "", name), true, err,
                near ? "unknown word '%s' (did you mean '%s'?)"
                     : "unknown word '%s'",
                name, near);
    }
    if (json_integer_value(json_object_get(root, "osteon_model")) != 1)
        return ost_network_fault(
            n, "/osteon_model", false, err,
            "not a network of this version: 'osteon_model' must be "
            "1");
    n->name = json_string_value(json_object_get(root, "name"));
    if (!n->name)
        return ost_network_fault(n, "/name", false, err,
                                 "the network needs a 'name'");
    return OST_OK;
}

/* The network's own params: the value, or the member "value". */
static ost_rc own_params(ost_network *n, ost_err *err)
{
    json_t *params = json_object_get(ost_json_root(n->doc), "params");
    const char *name;
    json_t *v;

    n->values = json_object();
    if (params && !json_is_object(params))
        return ost_network_fault(n, "/params", false, err,
                                 "'params' must be an object");
    json_object_foreach(params, name, v)
    {
        json_t *inner = json_object_get(v, "value");

        json_object_set_new(n->values, name, json_deep_copy(inner ? inner : v));
    }
    return OST_OK;
}

static ost_rc replace_params(ost_network *n, const json_t *values,
                             const json_t *extra, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *name;
    const char *unknown = NULL;
    json_t *v;
    ost_rc rc = own_params(n, err);

    if (rc)
        return rc;
    json_object_foreach(n->values, name, v) ost_vec_push(&names, name);
    json_object_foreach((json_t *)(uintptr_t)values, name, v)
    {
        if (!json_object_get(n->values, name))
            unknown = name;
        else
            json_object_set(n->values, name, v);
    }
    if (unknown) {
        const char *near = ost_nearest(unknown, names.data, names.len);

        rc = ost_network_fault(
            n, "/params", false, err,
            near ? "network '%s' has no param '%s' (did you mean '%s'?)"
                 : "network '%s' has no param '%s'",
            n->name, unknown, near);
    }
    json_object_foreach((json_t *)(uintptr_t)extra, name, v)
    {
        if (json_object_get(n->values, name) && !json_object_get(values, name))
            json_object_set(n->values, name, v);
    }
    ost_vec_release(&names);
    return rc;
}

static ost_rc read_document(ost_network *n, ost_err *err)
{
    json_t *root = ost_json_root(n->doc);
    const json_t *output = json_object_get(root, "output");
    network_scope top = { .prefix = "", .entry = OST_NET_INPUT };
    int layer;
    ost_rc rc =
        read_entries(n, &top, json_object_get(root, "layers"), "/layers", err);

    layer = (int)n->layers.len - 1;
    if (!rc && layer < 0)
        rc = ost_network_fault(n, "/layers", false, err,
                               "the network has no layers");
    if (!rc && output && !json_is_string(output))
        rc = ost_network_fault(n, "/output", false, err,
                               "'output' must be a name");
    else if (!rc && output)
        rc = find_layer(n, &top, json_string_value(output), "/output", &layer,
                        err);
    if (!rc && layer < 0)
        rc = ost_network_fault(n, "/output", false, err,
                               "the input cannot be the output");
    n->spec = (ost_net_spec){ n->layers.data, (int)n->layers.len, layer };
    ost_vec_release(&top.names);
    return rc;
}

ost_rc ost_network_read(const char *file, const char *text, size_t size,
                        const json_t *values, const json_t *extra,
                        ost_network **network, ost_err *err)
{
    ost_network *n = ost_xalloc(sizeof(*n));
    ost_rc rc;

    if (size > SIZE_LIMIT)
        rc = ost_fail(err, OST_EINPUT, "%s: the network is too large", file);
    else
        rc = ost_json_parse(file, text, size, &n->doc, err);
    if (!rc)
        rc = check_top(n, err);
    if (!rc)
        rc = replace_params(n, values, extra, err);
    if (!rc)
        rc = read_document(n, err);
    if (rc) {
        ost_network_free(n);
        return rc;
    }
    *network = n;
    return OST_OK;
}

void ost_network_free(ost_network *n)
{
    if (!n)
        return;
    ost_vec_release(&n->pointers);
    ost_vec_release(&n->layers);
    json_decref(n->values);
    ost_json_free(n->doc);
    ost_arena_release(&n->arena);
    ost_free(n);
}

const ost_net_spec *ost_network_spec(const ost_network *n)
{
    return &n->spec;
}

const char *ost_network_name(const ost_network *n)
{
    return n->name;
}

const json_t *ost_network_document(const ost_network *n)
{
    return ost_json_root(n->doc);
}

const json_t *ost_network_values(const ost_network *n)
{
    return n->values;
}

ost_rc ost_network_build(const ost_network *n, ost_weights *weights, int ndim,
                         const int64_t *shape, unsigned flags, ost_net **net,
                         ost_err *err)
{
    ost_net_place where = { -1, -1 };
    ost_rc rc =
        ost_net_new(weights, &n->spec, ndim, shape, flags, net, &where, err);
    ost_json_pos pos;
    ost_buf pointer = { 0 };

    if (!rc || where.layer < 0)
        return rc;
    ost_buf_adds(&pointer, n->pointers.data[where.layer]);
    if (where.attr >= 0)
        ost_json_add_pointer(
            &pointer, n->layers.data[where.layer].attrs[where.attr].name);
    pos = ost_json_locate(n->doc, ost_buf_str(&pointer), where.attr >= 0);
    ost_err_at(err, "%s:%d:%d", ost_json_name(n->doc), pos.line, pos.column);
    ost_buf_release(&pointer);
    return rc;
}
