/* stages/network_references.c - from names in a network to its layers
 *
 * "name" is looked for in the pass that is being read, then in those around it.
 * "group.name" and "group.PASS.name" go into a group that is finished,
 * "group.*.name" into all of its passes.
 */
#include "base/text.h"
#include "stages/network_impl.h"

#include <string.h>

#include "base/banned.h"

/* A reference while it is followed. */
typedef struct walk {
    ost_network *n;
    const char *pointer; /* where it is written */
    int *values;
    int cap;
    int *count;
    ost_err *err;
} walk;

static const network_name *find(const network_name *names, size_t count,
                                const char *name)
{
    while (count-- > 0)
        if (strcmp(names[count].name, name) == 0)
            return &names[count];
    return NULL;
}

const network_name *ost_network_own_name(const network_scope *s,
                                         const char *name)
{
    return find(s->names.data, s->names.len, name);
}

static ost_rc add_value(walk *w, int value)
{
    if (*w->count == w->cap)
        return w->cap == 1 ? ost_network_fault(w->n, w->pointer, false, w->err,
                                               "must be one layer, not several")
                           : ost_network_fault(w->n, w->pointer, false, w->err,
                                               "more than %d inputs", w->cap);
    w->values[(*w->count)++] = value;
    return OST_OK;
}

static ost_rc follow(walk *w, const network_name *name, const char *rest);

/* Goes on with `path` inside of one pass of group `g`. */
static ost_rc follow_pass(walk *w, const network_name *g,
                          const network_pass *pass, const char *path)
{
    OST_VEC(const char *) names = { 0 };
    const network_name *found;
    const char *dot;
    char *first;

    if (!path)
        return add_value(w, pass->value);
    dot = strchr(path, '.');
    first = dot ? ost_arena_strndup(&w->n->arena, path, (size_t)(dot - path))
                : ost_arena_strdup(&w->n->arena, path);
    found = find(pass->names, pass->n_names, first);
    if (found)
        return follow(w, found, dot ? dot + 1 : NULL);
    for (size_t i = 0; i < pass->n_names; i++)
        ost_vec_push(&names, pass->names[i].name);
    ost_network_unknown(w->n, w->pointer, false, first, names.data, names.len,
                        w->err, "no layer '%s' in group '%s'", first, g->name);
    ost_vec_release(&names);
    return OST_EINPUT;
}

static ost_rc follow_group(walk *w, const network_name *g, const char *rest)
{
    const char *dot = strchr(rest, '.');
    size_t len = dot ? (size_t)(dot - rest) : strlen(rest);
    const char *first = ost_arena_strndup(&w->n->arena, rest, len);
    const char *inner = dot ? dot + 1 : NULL;
    int64_t number;

    if (g->repeated && strcmp(first, "*") == 0) {
        for (size_t i = 0; i < g->n_passes; i++) {
            ost_rc rc = follow_pass(w, g, &g->passes[i], inner);

            if (rc)
                return rc;
        }
        return OST_OK;
    }
    if (g->repeated && ost_parse_i64(first, &number)) {
        if (number < 0 || (uint64_t)number >= g->n_passes)
            return ost_network_fault(w->n, w->pointer, false, w->err,
                                     "no pass %s of group '%s': it has %zu",
                                     first, g->name, g->n_passes);
        return follow_pass(w, g, &g->passes[number], inner);
    }
    if (g->n_passes == 0)
        return ost_network_fault(w->n, w->pointer, false, w->err,
                                 "group '%s' has no passes", g->name);
    return follow_pass(w, g, &g->passes[g->n_passes - 1], rest);
}

static ost_rc follow(walk *w, const network_name *name, const char *rest)
{
    if (!rest)
        return add_value(w, name->value);
    if (name->group)
        return follow_group(w, name, rest);
    return ost_network_fault(w->n, w->pointer, false, w->err,
                             name->loose
                                 ? "group '%s' is not there, so it has no '%s'"
                                 : "'%s' is a layer, it has no '%s'",
                             name->name, rest);
}

static ost_rc no_layer(const walk *w, const network_scope *s, const char *name)
{
    OST_VEC(const char *) names = { 0 };

    ost_vec_push(&names, "input");
    ost_vec_push(&names, "previous");
    ost_vec_push(&names, "entry");
    for (; s; s = s->parent)
        for (size_t i = s->names.len; i-- > 0;)
            ost_vec_push(&names, s->names.data[i].name);
    ost_network_unknown(w->n, w->pointer, false, name, names.data, names.len,
                        w->err, "no layer '%s' before this one", name);
    ost_vec_release(&names);
    return OST_EINPUT;
}

ost_rc ost_network_refer(ost_network *n, const network_scope *s,
                         const char *text, const char *pointer, int *values,
                         int cap, int *count, ost_err *err)
{
    walk w = { n, pointer, values, cap, count, err };
    const char *dot = strchr(text, '.');
    const char *first =
        dot ? ost_arena_strndup(&n->arena, text, (size_t)(dot - text)) : text;

    if (strcmp(text, "input") == 0)
        return add_value(&w, NETWORK_INPUT);
    if (strcmp(text, "previous") == 0)
        return add_value(&w, s->previous);
    if (strcmp(text, "entry") == 0)
        return add_value(&w, s->entry);
    for (const network_scope *up = s; up; up = up->parent) {
        const network_name *found = ost_network_own_name(up, first);

        if (found)
            return follow(&w, found, dot ? dot + 1 : NULL);
    }
    return no_layer(&w, s, first);
}

static ost_rc refer_element(ost_network *n, const network_scope *s,
                            const json_t *ref, const char *pointer, int *values,
                            int cap, int *count, ost_err *err)
{
    int first = *count;
    int kept = first;
    ost_rc rc;

    if (json_is_null(ref))
        return OST_OK;
    if (!json_is_string(ref))
        return ost_network_fault(
            n, pointer, false, err,
            "'in' must be the name of a layer or a list of names");
    rc = ost_network_refer(n, s, json_string_value(ref), pointer, values, cap,
                           count, err);
    if (rc)
        return rc;
    for (int i = first; i < *count; i++)
        if (values[i] != NETWORK_NOTHING)
            values[kept++] = values[i];
    *count = kept;
    return OST_OK;
}

ost_rc ost_network_refer_all(ost_network *n, const network_scope *s,
                             const json_t *in, const char *pointer, int *values,
                             int cap, int *count, ost_err *err)
{
    json_t *refs = NULL;
    const json_t *ref;
    size_t i;
    ost_rc rc = ost_network_expand(n, s, in, pointer, &refs, err);

    if (!rc && !json_is_array(refs))
        rc = refer_element(n, s, refs, pointer, values, cap, count, err);
    else if (!rc)
        json_array_foreach(refs, i, ref)
        {
            rc = refer_element(
                n, s, ref, ost_arena_printf(&n->arena, "%s/%zu", pointer, i),
                values, cap, count, err);
            if (rc)
                break;
        }
    json_decref(refs);
    return rc;
}

ost_rc ost_network_refer_one(ost_network *n, const network_scope *s,
                             const json_t *in, const char *pointer, int *value,
                             ost_err *err)
{
    int count = 0;
    ost_rc rc = ost_network_refer_all(n, s, in, pointer, value, 1, &count, err);

    if (!rc && count == 0)
        *value = NETWORK_NOTHING;
    return rc;
}
