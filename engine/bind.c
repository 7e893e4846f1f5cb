/* engine/bind.c - the values of parameters: the file's, presets, files, --set
 *
 * Later wins: the file, --preset and --params in their order, the site
 * profile, --set.  What a used file gets instead is the "with" of its node.
 */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

static ost_scope_param *find(ost_scope *scope, const char *name)
{
    for (size_t i = 1; i < scope->params.len; i++) /* 0 is the seed */
        if (strcmp(scope->params.data[i].name, name) == 0)
            return &scope->params.data[i];
    return NULL;
}

/* " (did you mean ...)" for a parameter that is not there. */
static const char *suggest(ost_workflow *wf, const ost_scope *scope,
                           const char *name)
{
    OST_VEC(const char *) names = { 0 };
    const char *text;

    for (size_t i = 1; i < scope->params.len; i++)
        ost_vec_push(&names, scope->params.data[i].name);
    text = ost_suggest(wf, name, names.data, names.len);
    ost_vec_release(&names);
    return text;
}

/* Moves the value in. */
static void set_value(ost_scope_param *p, json_t *value, const ost_scope *outer)
{
    json_decref(p->value);
    p->value = value;
    p->outer = outer;
}

/* --- the file's own ------------------------------------------------------- */

static void refuse_refs(ost_workflow *wf, const ost_document *doc,
                        uint32_t entry)
{
    ost_buf scratch = { 0 };

    for (uint32_t i = entry; i < ost_json_end(doc->json, entry); i++) {
        const char *text;
        size_t n;

        if (ost_json_kind(doc->json, i) != '"')
            continue;
        text = ost_json_string(doc->json, i, &scratch, &n);
        if (ost_text_has_refs(text, n))
            ost_wf_fault(wf, doc, i, false,
                         "'${}' cannot be used in the value of a parameter");
    }
    ost_buf_release(&scratch);
}

static void add_param(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const ost_document *doc = scope->doc;
    ost_scope_param p = { .name = ost_entry_key(wf, doc, entry) };
    uint32_t e[OST_PARAM_KEYS] = { entry, OST_NONE };

    ost_entry_check_name(wf, doc, entry, p.name, "a parameter");
    if (strcmp(p.name, "seed") == 0)
        ost_wf_fault(wf, doc, entry, true,
                     "'seed' is a key of the workflow, no parameter");
    if (ost_json_kind(doc->json, entry) == '{') {
        e[OST_PARAM_VALUE] = ost_entry_member(doc, entry, "value");
        if (e[OST_PARAM_VALUE] == OST_NONE)
            ost_wf_fault(wf, doc, entry, false,
                         "a parameter that is an object is written "
                         "{ \"value\": { ... } }");
        else
            ost_entry_members(wf, doc, entry, ost_param_keys,
                              "key of a parameter", e);
        if (e[OST_PARAM_HELP] != OST_NONE)
            ost_entry_is(wf, doc, e[OST_PARAM_HELP], "\"", "a text");
    }
    if (e[OST_PARAM_VALUE] == OST_NONE) {
        p.value = json_null();
    } else {
        refuse_refs(wf, doc, e[OST_PARAM_VALUE]);
        p.value = ost_entry_build(doc, e[OST_PARAM_VALUE]);
    }
    ost_vec_push(&scope->params, p);
}

/* --- presets and parameter files ------------------------------------------ */

/* Sets (or only checks) every parameter that an object of a document names. */
static void set_object(ost_workflow *wf, ost_scope *scope,
                       const ost_document *doc, uint32_t object, bool set)
{
    if (!ost_entry_is(wf, doc, object, "{", "an object of parameters"))
        return;
    for (uint32_t c = object + 1; c < ost_json_end(doc->json, object);
         c = ost_json_end(doc->json, c)) {
        const char *name;
        ost_scope_param *p;

        if (ost_entry_is_comment(doc, c))
            continue;
        name = ost_entry_key(wf, doc, c);
        p = find(scope, name);
        if (!p)
            ost_wf_fault(wf, doc, c, true, "unknown parameter '%s'%s", name,
                         suggest(wf, scope, name));
        else
            refuse_refs(wf, doc, c);
        if (p && set)
            set_value(p, ost_entry_build(doc, c), NULL);
    }
}

static void unknown_preset(ost_workflow *wf, const ost_document *doc,
                           uint32_t presets, const char *name)
{
    OST_VEC(const char *) names = { 0 };

    if (presets != OST_NONE)
        for (uint32_t c = presets + 1; c < ost_json_end(doc->json, presets);
             c = ost_json_end(doc->json, c))
            if (!ost_entry_is_comment(doc, c))
                ost_vec_push(&names, ost_entry_key(wf, doc, c));
    ost_fault_usage(wf, "--preset %s: the workflow has no such preset%s", name,
                    ost_suggest(wf, name, names.data, names.len));
    ost_vec_release(&names);
}

static void bind_presets(ost_workflow *wf, ost_scope *scope, uint32_t presets,
                         const ost_bindings *b)
{
    const ost_document *doc = scope->doc;

    if (presets != OST_NONE &&
        !ost_entry_is(wf, doc, presets, "{", "an object"))
        presets = OST_NONE;
    if (presets != OST_NONE)
        for (uint32_t c = presets + 1; c < ost_json_end(doc->json, presets);
             c = ost_json_end(doc->json, c))
            if (!ost_entry_is_comment(doc, c))
                set_object(wf, scope, doc, c, false);
    for (size_t i = 0; b && i < b->n_presets; i++) {
        uint32_t c = presets == OST_NONE
                         ? OST_NONE
                         : ost_entry_member(doc, presets, b->presets[i]);

        if (c == OST_NONE)
            unknown_preset(wf, doc, presets, b->presets[i]);
        else
            set_object(wf, scope, doc, c, true);
    }
}

static void bind_params_file(ost_workflow *wf, ost_scope *scope,
                             const char *path)
{
    const ost_document *doc;
    ost_err err = { 0 };

    if (ost_document_open(wf, path, &doc, &err))
        ost_fault_usage(wf, "--params: %s", err.text);
    else
        set_object(wf, scope, doc, 0, true);
}

static void bind_profile(ost_workflow *wf, ost_scope *scope, const char *path)
{
    const ost_document *doc;
    ost_err err = { 0 };
    uint32_t e[OST_PROFILE_KEYS];

    if (ost_document_open(wf, path, &doc, &err)) {
        ost_fault_usage(wf, "--profile: %s", err.text);
        return;
    }
    wf->profile = doc;
    if (!ost_entry_is(wf, doc, 0, "{", "an object"))
        return;
    ost_entry_members(wf, doc, 0, ost_profile_keys, "key of a profile", e);
    if (e[OST_PROFILE_PARAMS] != OST_NONE)
        set_object(wf, scope, doc, e[OST_PROFILE_PARAMS], true);
}

/* --- the command line ------------------------------------------------------
 */

/* JSON if it parses, else a string. */
static json_t *parse_loose(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    return value ? value : json_string(text);
}

static void bind_set(ost_workflow *wf, ost_scope *scope, const ost_setting *s)
{
    ost_scope_param *p = find(scope, s->name);
    json_t *value;

    if (!p) {
        const char *near = strcmp(s->name, "seed") == 0
                               ? " (the seed is set with --seed)"
                               : suggest(wf, scope, s->name);

        ost_fault_usage(wf, "--set %s: the workflow has no such parameter%s",
                        s->name, near);
        return;
    }
    value = parse_loose(s->value);
    if (value)
        set_value(p, value, NULL);
    else
        ost_fault_usage(wf, "--set %s: the value is not UTF-8", s->name);
}

static void bind_top(ost_workflow *wf, ost_scope *scope, uint32_t presets,
                     const ost_bindings *b)
{
    bind_presets(wf, scope, presets, b);
    for (size_t i = 0; i < b->n_params; i++)
        bind_params_file(wf, scope, b->params[i]);
    if (b->profile)
        bind_profile(wf, scope, b->profile);
    ost_bind_secret(wf);
    for (size_t i = 0; i < b->n_sets; i++)
        bind_set(wf, scope, &b->sets[i]);
}

/* --- a used file ------------------------------------------------------------
 */

/* A value that is handed down may read the axes that are handed down too. */
static void check_handed(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    ost_axis_set reads = { 0 };
    bool has_refs;

    if (!ost_value_check(wf, scope->outer, entry, &reads, &has_refs) ||
        !ost_given_check(wf, scope, entry, &reads))
        scope->unsound = true;
}

static void bind_with(ost_workflow *wf, ost_scope *scope)
{
    const ost_document *doc = scope->outer->doc;
    uint32_t with = scope->with_entry;

    if (with == OST_NONE ||
        !ost_entry_is(wf, doc, with, "{", "an object of parameters"))
        return;
    for (uint32_t c = with + 1; c < ost_json_end(doc->json, with);
         c = ost_json_end(doc->json, c)) {
        const char *name;
        ost_scope_param *p;

        if (ost_entry_is_comment(doc, c))
            continue;
        name = ost_entry_key(wf, doc, c);
        p = find(scope, name);
        check_handed(wf, scope, c);
        if (p)
            set_value(p, ost_entry_build(doc, c), scope->outer);
        else
            ost_wf_fault(wf, doc, c, true, "'%s' has no parameter '%s'%s",
                         ost_path_base(scope->doc->path), name,
                         suggest(wf, scope, name));
    }
}

/* --- the seed ----------------------------------------------------------------
 */

static ost_scope_param seed_of(ost_workflow *wf, ost_scope *scope,
                               uint32_t seed, const ost_bindings *b)
{
    ost_scope_param p = { .name = "seed" };
    const ost_scope *outer = scope->outer;

    if (outer && scope->seed_entry != OST_NONE) {
        check_handed(wf, scope, scope->seed_entry);
        p.value = ost_entry_build(outer->doc, scope->seed_entry);
        p.outer = outer;
    } else if (outer) {
        p = outer->params.data[0];
        json_incref(p.value);
    } else if (b->seed) {
        p.value = parse_loose(b->seed);
    } else if (seed != OST_NONE) {
        refuse_refs(wf, scope->doc, seed);
        p.value = ost_entry_build(scope->doc, seed);
    }
    if (!p.value)
        p.value = json_integer(0);
    return p;
}

void ost_bind_params(ost_workflow *wf, ost_scope *scope, uint32_t seed,
                     uint32_t params, uint32_t presets, const ost_bindings *b)
{
    const ost_document *doc = scope->doc;

    ost_vec_push(&scope->params, seed_of(wf, scope, seed, b));
    if (params != OST_NONE && ost_entry_is(wf, doc, params, "{", "an object"))
        for (uint32_t c = params + 1; c < ost_json_end(doc->json, params);
             c = ost_json_end(doc->json, c))
            if (!ost_entry_is_comment(doc, c))
                add_param(wf, scope, c);
    if (scope->outer) {
        bind_presets(wf, scope, presets, NULL);
        bind_with(wf, scope);
    } else {
        bind_top(wf, scope, presets, b);
    }
}
