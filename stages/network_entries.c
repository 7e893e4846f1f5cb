/* stages/network_entries.c - lists of layers and groups: names, "when" */
#include "stages/network_impl.h"

#include <string.h>

#include "base/banned.h"

ost_rc ost_network_check_name(const ost_network *n, const network_scope *s,
                              const char *name, const char *pointer,
                              ost_err *err)
{
    const network_name *other = ost_network_own_name(s, name);

    if (other && !other->loose)
        return ost_network_fault(n, pointer, false, err,
                                 "name '%s' is used twice", name);
    return OST_OK;
}

static ost_rc expand_name(ost_network *n, const network_scope *s,
                          const network_entry *e, const char *pointer,
                          const char **name, ost_err *err)
{
    bool group = json_object_get(e->json, "layers") != NULL;
    json_t *made = NULL;
    const char *text;
    ost_rc rc = ost_network_expand(n, s, json_object_get(e->json, "name"),
                                   pointer, &made, err);

    if (rc)
        return rc;
    text = json_is_integer(made)
               ? ost_arena_printf(&n->arena, "%lld",
                                  (long long)json_integer_value(made))
               : json_string_value(made);
    if (!text || (!*text && !group) || strchr(text, '.') ||
        strcmp(text, "*") == 0)
        rc = ost_network_fault(n, pointer, false, err,
                               "'name' must be a word without a dot");
    else if (strcmp(text, "input") == 0 || strcmp(text, "previous") == 0 ||
             strcmp(text, "entry") == 0)
        rc = ost_network_fault(n, pointer, false, err,
                               "'%s' has a meaning and names no layer", text);
    else
        *name = ost_arena_strdup(&n->arena, text);
    json_decref(made);
    return rc;
}

ost_rc ost_network_entry_name(ost_network *n, const network_scope *s,
                              const network_entry *e, const char **name,
                              bool *given, ost_err *err)
{
    const char *pointer;
    ost_rc rc;

    *given = json_object_get(e->json, "name") != NULL;
    if (!*given) {
        *name = ost_arena_printf(&n->arena, "%zu", e->place);
        return OST_OK;
    }
    pointer = ost_network_child(n, e->pointer, "name");
    rc = expand_name(n, s, e, pointer, name, err);
    if (rc)
        return rc;
    *given = **name != 0;
    return *given ? ost_network_check_name(n, s, *name, pointer, err) : OST_OK;
}

/* --- "when" ------------------------------------------------------------ */

static bool is_single(const json_t *v)
{
    return !json_is_array(v) && !json_is_object(v);
}

static bool same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return is_single(a) && is_single(b) && json_equal(a, b);
}

/* Whether `value` is `wanted` or one of them. */
static ost_rc is_wanted(ost_network *n, const json_t *value,
                        const json_t *wanted, const char *name,
                        const char *pointer, bool *yes, ost_err *err)
{
    const json_t *one;
    size_t i;

    if (!is_single(value))
        return ost_network_fault(n, pointer, true, err,
                                 "'%s' is a list or an object, not one value",
                                 name);
    if (is_single(wanted)) {
        *yes = same(value, wanted);
        return OST_OK;
    }
    *yes = false;
    json_array_foreach(wanted, i, one)
    {
        *yes |= same(value, one);
        if (!is_single(one))
            break;
    }
    if (json_is_array(wanted) && i == json_array_size(wanted))
        return OST_OK;
    return ost_network_fault(
        n, pointer, false, err,
        "a member of 'when' is a number, a word, true, false, null or a list "
        "of them");
}

static ost_rc is_present(ost_network *n, const network_scope *s,
                         const network_entry *e, bool *present, ost_err *err)
{
    const json_t *when = json_object_get(e->json, "when");
    const char *pointer = ost_network_child(n, e->pointer, "when");
    const char *name;
    json_t *v;

    *present = true;
    if (!when)
        return OST_OK;
    if (!json_is_object(when))
        return ost_network_fault(n, pointer, false, err,
                                 "'when' must be an object of names and "
                                 "values");
    json_object_foreach((json_t *)(uintptr_t)when, name, v)
    {
        const char *place = ost_network_child(n, pointer, name);
        json_t *value = NULL;
        json_t *wanted = NULL;
        bool yes = false;
        ost_rc rc = ost_network_value(n, s, name, place, &value, err);

        if (!rc)
            rc = ost_network_expand(n, s, v, place, &wanted, err);
        if (!rc)
            rc = is_wanted(n, value, wanted, name, place, &yes, err);
        json_decref(wanted);
        json_decref(value);
        if (rc)
            return rc;
        *present &= yes;
    }
    return OST_OK;
}

/* What is not there stands for the first that it would read, unless something
 * that is there has its name. */
static ost_rc stand_in(ost_network *n, network_scope *s, const network_entry *e,
                       ost_err *err)
{
    const json_t *in = json_object_get(e->json, "in");
    int values[OST_LAYER_INPUTS];
    const char *name = "";
    int count = 0;
    ost_rc rc = OST_OK;

    if (json_object_get(e->json, "name") &&
        !(json_object_get(e->json, "layers") &&
          ost_network_names_passes(e->json)))
        rc = expand_name(n, s, e, ost_network_child(n, e->pointer, "name"),
                         &name, err);
    if (rc)
        return rc;
    if (*name) {
        const network_name *other = ost_network_own_name(s, name);

        if (other && !other->loose)
            return OST_OK;
    }
    if (in)
        rc = ost_network_refer_all(n, s, in,
                                   ost_network_child(n, e->pointer, "in"),
                                   values, OST_LAYER_INPUTS, &count, err);
    if (!rc && json_object_get(e->json, "layers"))
        rc = ost_network_skip_group(n, s, e, err);
    if (rc)
        return rc;
    if (in)
        s->previous = count ? values[0] : NETWORK_NOTHING;
    if (*name)
        ost_vec_push(&s->names, (network_name){ .name = name,
                                                .value = s->previous,
                                                .loose = true });
    return OST_OK;
}

/* --- lists ------------------------------------------------------------- */

static ost_rc read_entry(ost_network *n, network_scope *s,
                         const network_entry *e, ost_err *err)
{
    bool present;
    ost_rc rc = is_present(n, s, e, &present, err);

    if (rc)
        return rc;
    if (!present)
        return stand_in(n, s, e, err);
    return json_object_get(e->json, "layers")
               ? ost_network_read_group(n, s, e, err)
               : ost_network_read_layer(n, s, e, err);
}

ost_rc ost_network_read_entries(ost_network *n, network_scope *s,
                                const json_t *list, const char *pointer,
                                ost_err *err)
{
    const json_t *entry;
    size_t i;
    ost_rc rc;

    if (!json_is_array(list))
        return ost_network_fault(n, pointer, false, err,
                                 "'layers' must be a list");
    json_array_foreach(list, i, entry)
    {
        network_entry e = { entry,
                            ost_arena_printf(&n->arena, "%s/%zu", pointer, i),
                            i };

        if (!json_is_object(entry))
            return ost_network_fault(n, e.pointer, false, err,
                                     "a layer must be an object");
        rc = read_entry(n, s, &e, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}
