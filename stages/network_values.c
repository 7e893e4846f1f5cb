/* stages/network_values.c - "${name}" and cases, and where faults are */
#include "base/text.h"
#include "stages/network_impl.h"

#include <stdarg.h>
#include <string.h>

#include "base/banned.h"

static void fault_at(const ost_network *n, const char *pointer, bool key,
                     const char *text, ost_err *err)
{
    ost_json_pos pos = ost_json_locate(n->doc, pointer, key);

    ost_fail(err, OST_EINPUT, "%s:%d:%d: %s", ost_json_name(n->doc), pos.line,
             pos.column, text);
}

ost_rc ost_network_fault(const ost_network *n, const char *pointer, bool key,
                         ost_err *err, const char *fmt, ...)
{
    ost_buf text = { 0 };
    va_list ap;

    va_start(ap, fmt);
    ost_buf_addv(&text, fmt, ap);
    va_end(ap);
    fault_at(n, pointer, key, ost_buf_str(&text), err);
    ost_buf_release(&text);
    return OST_EINPUT;
}

ost_rc ost_network_unknown(const ost_network *n, const char *pointer, bool key,
                           const char *word, const char *const *names,
                           size_t count, ost_err *err, const char *fmt, ...)
{
    const char *near = ost_nearest(word, names, count);
    ost_buf text = { 0 };
    va_list ap;

    va_start(ap, fmt);
    ost_buf_addv(&text, fmt, ap);
    va_end(ap);
    if (near)
        ost_buf_addf(&text, " (did you mean '%s'?)", near);
    fault_at(n, pointer, key, ost_buf_str(&text), err);
    ost_buf_release(&text);
    return OST_EINPUT;
}

ost_rc ost_network_check_words(ost_network *n, const json_t *object,
                               const char *pointer, const char *const *words,
                               const char *place, ost_err *err)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)object, name, v)
    {
        size_t count = 0;
        bool known = ost_starts_with(name, "$comment");

        for (; words[count]; count++)
            known |= strcmp(words[count], name) == 0;
        if (!known)
            return ost_network_unknown(n, ost_network_child(n, pointer, name),
                                       true, name, words, count, err,
                                       "unknown word '%s'%s", name, place);
    }
    return OST_OK;
}

const char *ost_network_child(ost_network *n, const char *pointer,
                              const char *name)
{
    ost_buf b = { 0 };
    const char *made;

    ost_buf_adds(&b, pointer);
    ost_json_add_pointer(&b, name);
    made = ost_arena_strdup(&n->arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return made;
}

/* --- what a name means ------------------------------------------------- */

/* A param of the network, expanded once. */
static ost_rc param_value(ost_network *n, const char *name, const json_t *given,
                          const char *pointer, const json_t **found,
                          ost_err *err)
{
    network_chain link = { n->chain, name };
    const char *place = ost_network_child(n, "/params", name);
    json_t *made = NULL;
    int depth = 0;
    ost_rc rc;

    *found = json_object_get(n->resolved, name);
    if (*found)
        return OST_OK;
    for (const network_chain *c = n->chain; c; c = c->up, depth++)
        if (strcmp(c->name, name) == 0)
            return ost_network_fault(n, pointer, false, err,
                                     "param '%s' refers to itself", name);
    if (depth == NETWORK_DEPTH)
        return ost_network_fault(n, pointer, false, err,
                                 "params refer to params deeper than %d",
                                 NETWORK_DEPTH);
    if (json_object_get(
            json_object_get(json_object_get(ost_json_root(n->doc), "params"),
                            name),
            "value"))
        place = ost_network_child(n, place, "value");
    n->chain = &link;
    rc = ost_network_expand(n, NULL, given, place, &made, err);
    n->chain = link.up;
    if (rc)
        return rc;
    json_object_set_new(n->resolved, name, made);
    *found = made;
    return OST_OK;
}

static ost_rc no_param(ost_network *n, const network_scope *s, const char *name,
                       const char *pointer, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *other;
    json_t *v;

    for (; s; s = s->parent)
        if (s->as)
            ost_vec_push(&names, s->as);
    json_object_foreach(n->values, other, v) ost_vec_push(&names, other);
    ost_network_unknown(n, pointer, false, name, names.data, names.len, err,
                        "'%s' is not a param", name);
    ost_vec_release(&names);
    return OST_EINPUT;
}

static ost_rc no_member(ost_network *n, const char *path, const char *member,
                        const json_t *object, const char *pointer, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *other;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)object, other, v)
        ost_vec_push(&names, other);
    if (json_is_array(object))
        ost_network_fault(n, pointer, false, err,
                          "'%s': the list has %zu elements, from 0", path,
                          json_array_size(object));
    else
        ost_network_unknown(n, pointer, false, member, names.data, names.len,
                            err, "'%s': there is no member '%s'", path, member);
    ost_vec_release(&names);
    return OST_EINPUT;
}

static ost_rc root_value(ost_network *n, const network_scope *s,
                         const char *name, const char *pointer,
                         const json_t **found, ost_err *err)
{
    const json_t *given;

    for (const network_scope *up = s; up; up = up->parent)
        if (up->as && strcmp(up->as, name) == 0) {
            *found = up->element;
            return OST_OK;
        }
    given = json_object_get(n->values, name);
    if (!given)
        return no_param(n, s, name, pointer, err);
    return param_value(n, name, given, pointer, found, err);
}

/* A member of an object, or an element of a list by its number, from 0. */
static const json_t *member_of(const json_t *v, const char *name)
{
    int64_t i;

    if (!json_is_array(v))
        return json_object_get(v, name);
    return ost_parse_i64(name, &i) && i >= 0 ? json_array_get(v, (size_t)i)
                                             : NULL;
}

ost_rc ost_network_value(ost_network *n, const network_scope *s,
                         const char *path, const char *pointer, json_t **out,
                         ost_err *err)
{
    char *rest = ost_arena_strdup(&n->arena, path);
    const char *name = strsep(&rest, ".");
    const json_t *v = NULL;
    ost_rc rc = root_value(n, s, name, pointer, &v, err);

    while (!rc && (name = strsep(&rest, "."))) {
        const json_t *member = member_of(v, name);

        if (!member)
            return no_member(n, path, name, v, pointer, err);
        v = member;
    }
    if (!rc)
        *out = json_incref((json_t *)(uintptr_t)v);
    return rc;
}

/* --- texts ------------------------------------------------------------- */

/* The text of a single value. */
static ost_rc add_text(const ost_network *n, ost_buf *out, const json_t *v,
                       const char *pointer, const char *what, ost_err *err)
{
    if (json_is_object(v) || json_is_array(v))
        return ost_network_fault(n, pointer, false, err,
                                 "'%s' is a list or an object, not one value",
                                 what);
    if (json_is_string(v))
        ost_buf_adds(out, json_string_value(v));
    else
        ost_json_canonical(out, v);
    return OST_OK;
}

/* Replaces "${...}" in a string; caller decrefs. */
static ost_rc expand_text(ost_network *n, const network_scope *s,
                          const json_t *text, const char *pointer, json_t **out,
                          ost_err *err)
{
    const char *p = json_string_value(text);
    size_t len = strlen(p);
    ost_buf made = { 0 };
    ost_rc rc = OST_OK;

    while (!rc && *p) {
        const char *open = strstr(p, "${");
        const char *close = open ? strchr(open, '}') : NULL;
        const char *path;
        json_t *v = NULL;

        if (!close)
            break;
        path =
            ost_arena_strndup(&n->arena, open + 2, (size_t)(close - open - 2));
        rc = ost_network_value(n, s, path, pointer, &v, err);
        if (!rc && json_is_null(v))
            rc = ost_network_fault(n, pointer, false, err,
                                   "param '%s' has no value", path);
        if (!rc && (size_t)(close + 1 - open) == len) {
            *out = v;
            ost_buf_release(&made);
            return OST_OK;
        }
        if (!rc) {
            ost_buf_add(&made, p, (size_t)(open - p));
            rc = add_text(n, &made, v, pointer, path, err);
            p = close + 1;
        }
        json_decref(v);
    }
    ost_buf_adds(&made, p);
    if (!rc)
        *out = json_string(ost_buf_str(&made));
    ost_buf_release(&made);
    return rc;
}

/* --- cases ------------------------------------------------------------- */

static bool is_case(const char *name)
{
    return strcmp(name, "case") != 0 && strcmp(name, "default") != 0 &&
           !ost_starts_with(name, "$comment");
}

static ost_rc no_case(ost_network *n, const json_t *cases, const char *text,
                      const char *pointer, ost_err *err)
{
    ost_buf list = { 0 };
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)cases, name, v)
    {
        if (is_case(name))
            ost_buf_addf(&list, "%s'%s'", list.len ? ", " : "", name);
    }
    ost_network_fault(n, ost_network_child(n, pointer, "case"), false, err,
                      list.len ? "no case for '%s': there are %s"
                               : "no case for '%s'",
                      text, ost_buf_str(&list));
    ost_buf_release(&list);
    return OST_EINPUT;
}

static ost_rc expand_case(ost_network *n, const network_scope *s,
                          const json_t *cases, const char *pointer,
                          json_t **out, ost_err *err)
{
    const char *place = ost_network_child(n, pointer, "case");
    const json_t *chosen = NULL;
    const char *member;
    json_t *v = NULL;
    ost_buf text = { 0 };
    ost_rc rc = ost_network_expand(n, s, json_object_get(cases, "case"), place,
                                   &v, err);

    if (!rc)
        rc = add_text(n, &text, v, place, "case", err);
    json_decref(v);
    if (rc)
        goto out;
    member = ost_buf_str(&text);
    if (is_case(member))
        chosen = json_object_get(cases, member);
    if (!chosen) {
        member = "default";
        chosen = json_object_get(cases, member);
    }
    if (chosen)
        rc = ost_network_expand(
            n, s, chosen, ost_network_child(n, pointer, member), out, err);
    else
        rc = no_case(n, cases, ost_buf_str(&text), pointer, err);
out:
    ost_buf_release(&text);
    return rc;
}

/* --- any value --------------------------------------------------------- */

static ost_rc expand_list(ost_network *n, const network_scope *s,
                          const json_t *list, const char *pointer, json_t **out,
                          ost_err *err)
{
    json_t *all = json_array();
    const json_t *element;
    size_t i;
    ost_rc rc = OST_OK;

    json_array_foreach(list, i, element)
    {
        json_t *made = NULL;

        rc = ost_network_expand(
            n, s, element, ost_arena_printf(&n->arena, "%s/%zu", pointer, i),
            &made, err);
        if (rc)
            break;
        json_array_append_new(all, made);
    }
    if (rc)
        json_decref(all);
    else
        *out = all;
    return rc;
}

static ost_rc expand_object(ost_network *n, const network_scope *s,
                            const json_t *object, const char *pointer,
                            json_t **out, ost_err *err)
{
    json_t *all = json_object();
    const char *name;
    json_t *v;
    ost_rc rc = OST_OK;

    json_object_foreach((json_t *)(uintptr_t)object, name, v)
    {
        json_t *made = NULL;

        if (ost_starts_with(name, "$comment"))
            continue;
        rc = ost_network_expand(n, s, v, ost_network_child(n, pointer, name),
                                &made, err);
        if (rc)
            break;
        json_object_set_new(all, name, made);
    }
    if (rc)
        json_decref(all);
    else
        *out = all;
    return rc;
}

ost_rc ost_network_expand(ost_network *n, const network_scope *s,
                          const json_t *v, const char *pointer, json_t **out,
                          ost_err *err)
{
    if (json_is_string(v))
        return expand_text(n, s, v, pointer, out, err);
    if (json_is_array(v))
        return expand_list(n, s, v, pointer, out, err);
    if (json_is_object(v))
        return json_object_get(v, "case")
                   ? expand_case(n, s, v, pointer, out, err)
                   : expand_object(n, s, v, pointer, out, err);
    *out = json_incref((json_t *)(uintptr_t)v);
    return OST_OK;
}
