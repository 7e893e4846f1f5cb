/* engine/axis.c - "axes" and "per" */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

/* --- the values of an axis ------------------------------------------------ */

static bool same_values(const ost_axis *a, const ost_axis *b)
{
    if (a->n != b->n || strcmp(a->name, b->name) != 0)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->values[i], b->values[i]) != 0)
            return false;
    return true;
}

static bool is_given(const ost_scope *scope, uint32_t axis)
{
    for (uint32_t i = 0; i < scope->n_given; i++)
        if (scope->axes.data[i].axis == axis)
            return true;
    return false;
}

/* Axes of several files that have one name and the same values are one, unless
 * a file is given one that it also has itself. */
static uint32_t add_axis(ost_workflow *wf, const ost_scope *scope,
                         ost_axis axis)
{
    for (uint32_t i = 0; i < wf->axes.len; i++)
        if (!is_given(scope, i) && same_values(&wf->axes.data[i], &axis))
            return i;
    ost_vec_push(&wf->axes, axis);
    return (uint32_t)wf->axes.len - 1;
}

/* Axes are small or few. */
static bool has_room(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                     size_t n)
{
    if (wf->n_axis_values + n <= 4 * (size_t)OST_AXIS_SIZE) {
        wf->n_axis_values += n;
        return true;
    }
    ost_wf_fault(wf, scope->doc, entry, false,
                 "the axes have more than %d values in all", 4 * OST_AXIS_SIZE);
    return false;
}

static void add_to_scope(ost_workflow *wf, ost_scope *scope, ost_axis axis,
                         const json_t *values)
{
    ost_scope_axis a = { .name = axis.name,
                         .axis = add_axis(wf, scope, axis),
                         .values = values };

    ost_vec_push(&scope->axes, a);
}

static void parse_range(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                        const char *name)
{
    json_t *n = ost_value_fixed(wf, scope, entry, "\"range\"");
    json_int_t count = json_integer_value(n);
    ost_axis axis = { .name = name };
    const char **values;

    if (n && (!json_is_integer(n) || count < 1 || count > OST_AXIS_SIZE))
        ost_wf_fault(wf, scope->doc, entry, false,
                     "axis '%s': \"range\" is a whole number from 1 to %d",
                     name, OST_AXIS_SIZE);
    if (!json_is_integer(n) || count < 1 || count > OST_AXIS_SIZE)
        count = 1; /* so that the axis is known */
    if (!has_room(wf, scope, entry, (size_t)count))
        count = 1;
    json_decref(n);
    values = OST_ARENA_ARRAY(&wf->arena, const char *, (size_t)count);
    for (json_int_t i = 0; i < count; i++)
        values[i] = ost_arena_printf(&wf->arena, "%lld", (long long)i);
    axis.values = values;
    axis.n = (size_t)count;
    add_to_scope(wf, scope, axis, NULL);
}

/* The text of a value, NULL (after a fault) when it cannot be one. */
static const char *value_name(ost_workflow *wf, const ost_scope *scope,
                              uint32_t entry, const char *axis,
                              const json_t *value)
{
    ost_buf text = { 0 };
    const char *name = NULL;
    bool good = ost_value_text(value, &text);

    if (!good)
        ost_wf_fault(
            wf, scope->doc, entry, false,
            json_is_object(value)
                ? "axis '%s': a value that is an object needs a \"name\""
                : "axis '%s': a value is a text, a number, or an object "
                  "with a \"name\"",
            axis);
    else if (text.len == 0 || strpbrk(ost_buf_str(&text), ",=[]\n\t"))
        ost_wf_fault(wf, scope->doc, entry, false,
                     "axis '%s': the value '%s' is empty or has one of , = [ ]",
                     axis, ost_buf_str(&text));
    else
        name = ost_arena_strdup(&wf->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return name;
}

static bool parse_list(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                       const json_t *list, ost_axis *axis)
{
    size_t n = json_array_size(list);
    const char **values = OST_ARENA_ARRAY(&wf->arena, const char *, n + 1);
    ost_map seen = { 0 };
    bool good = true;

    for (size_t i = 0; i < n; i++) {
        values[i] =
            value_name(wf, scope, entry, axis->name, json_array_get(list, i));
        good = good && values[i];
        if (values[i] && !ost_map_put(&seen, values[i], strlen(values[i]), i)) {
            ost_wf_fault(wf, scope->doc, entry, false,
                         "axis '%s' has the value '%s' twice", axis->name,
                         values[i]);
            good = false;
        }
    }
    ost_map_release(&seen);
    axis->values = values;
    axis->n = n;
    return good;
}

static void parse_values(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                         const char *name)
{
    json_t *list = ost_value_fixed(wf, scope, entry, "\"values\"");
    ost_axis axis = { .name = name };
    static const char *const nothing[] = { "?" };
    bool good = false;

    if (list && (!json_is_array(list) || json_array_size(list) == 0))
        ost_wf_fault(wf, scope->doc, entry, false,
                     "axis '%s': \"values\" is a list with at least one value",
                     name);
    else if (list && has_room(wf, scope, entry, json_array_size(list)))
        good = parse_list(wf, scope, entry, list, &axis);
    if (good) {
        add_to_scope(wf, scope, axis, list);
        return;
    }
    json_decref(list);
    axis.values = nothing; /* so that the axis is known */
    axis.n = 1;
    add_to_scope(wf, scope, axis, NULL);
}

static void parse_axis(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const ost_document *doc = scope->doc;
    const char *name = ost_entry_key(wf, doc, entry);
    uint32_t e[OST_AXIS_KEYS];

    ost_entry_check_name(wf, doc, entry, name, "an axis");
    if (ost_scope_param_find(scope, name))
        ost_wf_fault(wf, doc, entry, true,
                     strcmp(name, "seed") == 0
                         ? "'%s' is the seed, no axis can have that name"
                         : "'%s' is a parameter already, so that ${%s} would "
                           "mean both",
                     name, name);
    if (ost_scope_axis_find(scope, name)) {
        ost_wf_fault(wf, doc, entry, true,
                     "axis '%s' is given already, by \"per\" of the node that "
                     "uses this file",
                     name);
        return;
    }
    if (!ost_entry_is(wf, doc, entry, "{", "an object"))
        return;
    ost_entry_members(wf, doc, entry, ost_axis_keys, "key of an axis", e);
    if ((e[OST_AXIS_RANGE] == OST_NONE) == (e[OST_AXIS_VALUES] == OST_NONE))
        ost_wf_fault(wf, doc, entry, false,
                     "axis '%s' has either \"range\" or \"values\"", name);
    else if (e[OST_AXIS_RANGE] != OST_NONE)
        parse_range(wf, scope, e[OST_AXIS_RANGE], name);
    else
        parse_values(wf, scope, e[OST_AXIS_VALUES], name);
}

void ost_axes_parse(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const ost_document *doc = scope->doc;

    if (!ost_entry_is(wf, doc, entry, "{", "an object"))
        return;
    for (uint32_t c = entry + 1; c < ost_json_end(doc->json, entry);
         c = ost_json_end(doc->json, c))
        if (!ost_entry_is_comment(doc, c))
            parse_axis(wf, scope, c);
}

/* --- per ------------------------------------------------------------------ */

static void unknown_axis(ost_workflow *wf, const ost_scope *scope,
                         uint32_t entry, const char *name)
{
    OST_VEC(const char *) names = { 0 };

    for (size_t i = 0; i < scope->axes.len; i++)
        ost_vec_push(&names, scope->axes.data[i].name);
    ost_wf_fault(wf, scope->doc, entry, false, "unknown axis '%s'%s", name,
                 ost_suggest(wf, name, names.data, names.len));
    ost_vec_release(&names);
}

static void add_named(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                      const json_t *value, ost_axis_set *axes)
{
    const ost_scope_axis *axis;
    const char *name = json_string_value(value);

    if (!name) {
        ost_wf_fault(wf, scope->doc, entry, false,
                     "\"per\" is a list of the names of axes");
        return;
    }
    axis = ost_scope_axis_find(scope, name);
    if (!axis)
        unknown_axis(wf, scope, entry, name);
    else if (ost_axis_set_has(axes, axis->axis))
        ost_wf_fault(wf, scope->doc, entry, false, "axis '%s' is named twice",
                     name);
    else
        ost_axis_set_add(axes, axis->axis);
    if (axes->full)
        ost_wf_fault(wf, scope->doc, entry, false, "a node has at most %d axes",
                     OST_NODE_AXES);
}

void ost_per_parse(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                   ost_axis_set *axes)
{
    const ost_json_doc *json = scope->doc->json;
    bool array = ost_json_kind(json, entry) == '[';
    json_t *list = ost_value_fixed(wf, scope, entry, "\"per\"");
    uint32_t place = entry + 1;
    json_t *value;
    size_t i;

    if (list && !json_is_array(list))
        ost_wf_fault(wf, scope->doc, entry, false,
                     "\"per\" is a list of the names of axes, or a parameter "
                     "that is one");
    json_array_foreach(list, i, value)
    {
        add_named(wf, scope, array ? place : entry, value, axes);
        place = array ? ost_json_end(json, place) : place;
    }
    json_decref(list);
}
