/* stages/network_values.c - "${name}" in a network, and where faults are */
#include "stages/network_impl.h"

#include <stdarg.h>
#include <string.h>

#include "base/banned.h"

ost_rc ost_network_fault(const ost_network *n, const char *pointer, bool key,
                         ost_err *err, const char *fmt, ...)
{
    ost_json_pos pos = ost_json_locate(n->doc, pointer, key);
    ost_buf text = { 0 };
    va_list ap;

    va_start(ap, fmt);
    ost_buf_addv(&text, fmt, ap);
    va_end(ap);
    ost_fail(err, OST_EINPUT, "%s:%d:%d: %s", ost_json_name(n->doc), pos.line,
             pos.column, ost_buf_str(&text));
    ost_buf_release(&text);
    return OST_EINPUT;
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

/* --- ${name} ----------------------------------------------------------- */

static const json_t *lookup(const ost_network *n, const network_scope *s,
                            const char *name)
{
    for (; s; s = s->parent)
        if (s->as && strcmp(s->as, name) == 0)
            return s->element;
    return json_object_get(n->values, name);
}

/* Finds what "name" or "name.member" says. */
static ost_rc find_value(ost_network *n, const network_scope *s,
                         const char *path, const char *pointer,
                         const json_t **found, ost_err *err)
{
    const char *dot = strchr(path, '.');
    char *name = dot ? ost_arena_strndup(&n->arena, path, (size_t)(dot - path))
                     : ost_arena_strdup(&n->arena, path);
    const json_t *v = lookup(n, s, name);

    if (v && dot)
        v = json_object_get(v, dot + 1);
    if (!v)
        return ost_network_fault(n, pointer, false, err,
                                 "'${%s}' is not a param", path);
    if (json_is_null(v))
        return ost_network_fault(n, pointer, false, err,
                                 "param '%s' has no value", path);
    *found = v;
    return OST_OK;
}

static void add_text(ost_buf *out, const json_t *v)
{
    if (json_is_string(v))
        ost_buf_adds(out, json_string_value(v));
    else
        ost_json_canonical(out, v);
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
        const json_t *v = NULL;

        if (!close)
            break;
        rc = find_value(
            n, s,
            ost_arena_strndup(&n->arena, open + 2, (size_t)(close - open - 2)),
            pointer, &v, err);
        if (!rc && (size_t)(close + 1 - open) == len) {
            *out = json_deep_copy(v);
            ost_buf_release(&made);
            return OST_OK;
        }
        if (!rc) {
            ost_buf_add(&made, p, (size_t)(open - p));
            add_text(&made, v);
            p = close + 1;
        }
    }
    ost_buf_adds(&made, p);
    if (!rc)
        *out = json_string(ost_buf_str(&made));
    ost_buf_release(&made);
    return rc;
}

ost_rc ost_network_expand(ost_network *n, const network_scope *s,
                          const json_t *v, const char *pointer, json_t **out,
                          ost_err *err)
{
    const json_t *element;
    size_t i;
    ost_rc rc = OST_OK;

    if (json_is_string(v))
        return expand_text(n, s, v, pointer, out, err);
    if (!json_is_array(v)) {
        *out = json_deep_copy(v);
        return OST_OK;
    }
    *out = json_array();
    json_array_foreach(v, i, element)
    {
        json_t *made = NULL;

        rc = ost_network_expand(n, s, element, pointer, &made, err);
        if (rc)
            break;
        json_array_append_new(*out, made);
    }
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}
