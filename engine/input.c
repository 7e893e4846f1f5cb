/* engine/input.c - what the inputs are bound to: paths, URLs, nodes */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* What somebody wrote down for an input. */
typedef struct {
    const char *where;
    const char *sha256; /* or NULL */
} place;

static bool is_url(const char *where)
{
    return ost_starts_with(where, "http://") ||
           ost_starts_with(where, "https://") ||
           ost_starts_with(where, "file://");
}

static bool is_pin(const char *text)
{
    ost_digest digest;

    return strlen(text) == OST_DIGEST_HEX - 1 &&
           ost_digest_parse(&digest, text);
}

/* Splits "https://...#sha256=HEX". */
static place split_pin(ost_workflow *wf, const char *where)
{
    static const char mark[] = "#sha256=";
    const char *at = is_url(where) ? strstr(where, mark) : NULL;
    place p = { where, NULL };

    if (!at || !is_pin(at + strlen(mark)))
        return p;
    p.where = ost_arena_strndup(&wf->arena, where, (size_t)(at - where));
    p.sha256 = ost_arena_strdup(&wf->arena, at + strlen(mark));
    return p;
}

static void add_source(ost_workflow *wf, ost_scope *scope, ost_scope_input *in,
                       const char *where, const char *sha256,
                       bool from_document)
{
    ost_source source = {
        .name = ost_arena_printf(&wf->arena, "%s%s", scope->prefix, in->name),
        .type = OST_FILES,
        .kind = is_url(where) ? OST_SOURCE_URL : OST_SOURCE_PATH,
        .where = ost_arena_strdup(&wf->arena, where),
        .sha256 = sha256,
        .from_document = from_document,
    };
    ost_link link = { .target = (uint32_t)wf->sources.len | OST_LINK_SOURCE };

    ost_vec_push(&wf->sources, source);
    in->links.len = 0;
    ost_vec_push(&in->links, link);
    in->is_source = true;
    in->state = OST_DONE;
}

/* An absolute path for what the user or the site named; NULL when nothing is
 * there.  Caller frees. */
static char *absolute(const char *dir, const char *path)
{
    char *joined = dir ? ost_path_join(dir, path) : ost_xstrdup(path);
    char *real = realpath(joined, NULL);

    ost_free(joined);
    return real;
}

/* --- the command line and the site -----------------------------------------
 */

static ost_scope_input *find(ost_scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->inputs.len; i++)
        if (strcmp(scope->inputs.data[i].name, name) == 0)
            return &scope->inputs.data[i];
    return NULL;
}

static const char *suggest(ost_workflow *wf, const ost_scope *scope,
                           const char *name)
{
    OST_VEC(const char *) names = { 0 };
    const char *text;

    for (size_t i = 0; i < scope->inputs.len; i++)
        ost_vec_push(&names, scope->inputs.data[i].name);
    text = ost_suggest(wf, name, names.data, names.len);
    ost_vec_release(&names);
    return text;
}

static void bind_option(ost_workflow *wf, ost_scope *scope,
                        const ost_setting *s)
{
    ost_scope_input *in = find(scope, s->name);
    place p = split_pin(wf, s->value);
    char *real = NULL;

    if (!in) {
        ost_fault_usage(wf, "--bind %s: the workflow has no such input%s",
                        s->name, suggest(wf, scope, s->name));
        return;
    }
    if (!is_url(p.where))
        real = absolute(NULL, p.where);
    in->is_astray = !is_url(p.where) && !real;
    if (in->is_astray)
        ost_fault_usage(wf, "--bind %s: '%s': %s", s->name, p.where,
                        strerror(errno));
    else
        add_source(wf, scope, in, real ? real : p.where, p.sha256, false);
    ost_free(real);
}

/* A text, or { "path" or "url": text, "sha256": text }. */
static bool read_place(ost_workflow *wf, const ost_document *doc,
                       uint32_t entry, place *p)
{
    uint32_t e[OST_PLACE_KEYS] = { entry, OST_NONE, OST_NONE };

    if (ost_json_kind(doc->json, entry) == '{') {
        ost_entry_members(wf, doc, entry, ost_place_keys, "key of a place", e);
        if ((e[0] == OST_NONE) == (e[1] == OST_NONE)) {
            ost_wf_fault(wf, doc, entry, false,
                         "a place has either \"path\" or \"url\"");
            return false;
        }
        e[0] = e[0] == OST_NONE ? e[1] : e[0];
    }
    if (!ost_entry_is(wf, doc, e[0], "\"", "a path or URL"))
        return false;
    *p = split_pin(wf, ost_entry_text(wf, doc, e[0]));
    if (e[2] == OST_NONE)
        return true;
    if (!ost_entry_is(wf, doc, e[2], "\"", "64 hexadecimal digits"))
        return false;
    p->sha256 = ost_entry_text(wf, doc, e[2]);
    if (is_pin(p->sha256))
        return true;
    ost_wf_fault(wf, doc, e[2], false, "\"sha256\" is 64 hexadecimal digits");
    return false;
}

static void bind_profile_input(ost_workflow *wf, ost_scope *scope,
                               const ost_document *doc, uint32_t entry)
{
    const char *name = ost_entry_key(wf, doc, entry);
    ost_scope_input *in = find(scope, name);
    char *real = NULL;
    place p;

    if (!in) {
        ost_wf_fault(wf, doc, entry, true,
                     "unknown input '%s': the workflow has none of that name%s",
                     name, suggest(wf, scope, name));
        return;
    }
    in->is_astray = true;
    if (!read_place(wf, doc, entry, &p))
        return;
    if (!is_url(p.where))
        real = absolute(doc->dir, p.where);
    in->is_astray = !is_url(p.where) && !real;
    if (in->is_astray)
        ost_wf_fault(wf, doc, entry, false, "'%s': %s", p.where,
                     strerror(errno));
    else
        add_source(wf, scope, in, real ? real : p.where, p.sha256, false);
    ost_free(real);
}

static void bind_profile(ost_workflow *wf, ost_scope *scope,
                         const ost_document *doc)
{
    uint32_t inputs = ost_entry_member(doc, 0, "inputs");

    if (inputs == OST_NONE ||
        !ost_entry_is(wf, doc, inputs, "{", "an object of inputs"))
        return;
    for (uint32_t c = inputs + 1; c < ost_json_end(doc->json, inputs);
         c = ost_json_end(doc->json, c))
        if (!ost_entry_is_comment(doc, c))
            bind_profile_input(wf, scope, doc, c);
}

/* --- defaults
 * ----------------------------------------------------------------*/

static void bind_default_path(ost_workflow *wf, ost_scope *scope,
                              ost_scope_input *in, const place *p)
{
    char *shown, *real;
    ost_err err = { 0 };

    if (ost_document_resolve(wf, scope->doc, p->where, NULL, &shown, &real,
                             &err)) {
        ost_wf_fault(wf, scope->doc, in->preset, false, "%s", err.text);
        in->state = OST_DONE; /* so that it is not called unbound */
        return;
    }
    add_source(wf, scope, in, real, p->sha256, true);
    ost_free(shown);
    ost_free(real);
}

static void bind_default(ost_workflow *wf, ost_scope *scope,
                         ost_scope_input *in)
{
    const ost_document *doc = scope->doc;
    place p = { 0 };

    if (ost_json_kind(doc->json, in->preset) == '{' &&
        ost_entry_member(doc, in->preset, "node") != OST_NONE)
        return; /* a reference, resolved with the others */
    if (!read_place(wf, doc, in->preset, &p)) {
        in->state = OST_DONE;
        return;
    }
    if (in->pin != OST_NONE && !p.sha256 &&
        ost_entry_is(wf, doc, in->pin, "\"", "64 hexadecimal digits")) {
        p.sha256 = ost_entry_text(wf, doc, in->pin);
        if (!is_pin(p.sha256))
            ost_wf_fault(wf, doc, in->pin, false,
                         "\"sha256\" is 64 hexadecimal digits");
    }
    if (ost_starts_with(p.where, "file://")) {
        ost_wf_fault(wf, doc, in->preset, false,
                     "a workflow cannot name a file:// URL");
        in->state = OST_DONE;
    } else if (is_url(p.where)) {
        add_source(wf, scope, in, p.where, p.sha256, true);
    } else {
        bind_default_path(wf, scope, in, &p);
    }
}

void ost_bind_inputs(ost_workflow *wf, ost_scope *scope, const ost_bindings *b)
{
    if (scope->outer) {
        ost_use_bind(wf, scope);
    } else {
        if (wf->profile)
            bind_profile(wf, scope, wf->profile);
        for (size_t i = 0; i < b->n_binds; i++)
            bind_option(wf, scope, &b->binds[i]);
    }
    for (size_t i = 0; i < scope->inputs.len; i++) {
        ost_scope_input *in = &scope->inputs.data[i];

        if (in->state == OST_NEW && in->outer_spec == OST_NONE &&
            in->preset != OST_NONE)
            bind_default(wf, scope, in);
    }
}
