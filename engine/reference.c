/* engine/reference.c - a reference becomes links
 *
 * A reference is `node`, `node.port`, `node[axis=value]`, `node.port[...]`,
 * `$input`, or a `case`.  Through inputs and outputs of used files it may lead
 * to several nodes; what comes out is a flat list of links.
 */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

enum { MAX_DEPTH = 500, MAX_LINKS = 4 * 1000 * 1000, MANY_NAMES = 5000 };

/* Where a reference stands. */
typedef struct {
    ost_workflow *wf;
    ost_scope *scope;
    uint32_t entry;
} place;

typedef struct {
    const char *at;
    size_t n;
} word;

static void resolve(const place *at, ost_links *links);

static void add_link(const place *at, ost_links *links, ost_link link)
{
    if (at->wf->n_links < MAX_LINKS) {
        at->wf->n_links++;
        ost_vec_push(links, link);
    } else {
        ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                     "more than %d references", MAX_LINKS);
    }
}

/* --- inputs ----------------------------------------------------------------
 */

static bool fits(ost_artifact_type wanted, ost_artifact_type given)
{
    return wanted == OST_ANY || given == OST_ANY || wanted == given ||
           (wanted == OST_DATASET && given == OST_FILES);
}

/* The member name of the input's declaration stands for the whole. */
static void unbound(ost_workflow *wf, const ost_scope *scope,
                    const ost_scope_input *in)
{
    if (in->is_astray)
        return;
    if (!scope->outer)
        ost_wf_fault(wf, scope->doc, in->entry, true,
                     "input '%s' is not bound: give --bind %s=PATH, or a "
                     "\"default\"",
                     in->name, in->name);
    else
        ost_wf_fault(wf, scope->outer->doc, scope->use_entry, true,
                     "input '%s' of '%s' is not bound", in->name,
                     ost_path_base(scope->doc->path));
}

static void check_input_type(ost_workflow *wf, const ost_scope *scope,
                             const ost_document *doc, uint32_t entry,
                             const ost_scope_input *in)
{
    for (size_t i = 0; i < in->links.len; i++) {
        ost_artifact_type type = ost_link_type(wf, &in->links.data[i]);

        if (fits(in->type, type))
            continue;
        ost_wf_fault(wf, doc, entry, false,
                     "input '%s' of '%s' takes %s, but this is %s", in->name,
                     ost_path_base(scope->doc->path), ost_type_words(in->type),
                     ost_type_words(type));
        return;
    }
}

static void resolve_default(ost_workflow *wf, ost_scope *scope,
                            ost_scope_input *in, ost_links *links)
{
    place at = { wf, scope, OST_NONE };

    ost_entry_members(wf, scope->doc, in->preset, ost_default_keys,
                      "key of a default", &at.entry);
    if (at.entry == OST_NONE)
        return;
    if (ost_json_kind(scope->doc->json, at.entry) != '"') {
        ost_entry_is(wf, scope->doc, at.entry, "\"", "the name of a node");
        return;
    }
    resolve(&at, links);
    for (size_t i = 0; i < links->len; i++)
        if (!(links->data[i].target & OST_LINK_SOURCE))
            wf->marks.data[links->data[i].target] |= OST_MARK_DEFAULT;
}

/* A case that is handed to a used file reads axes that are handed too. */
static void check_choices(ost_workflow *wf, const ost_scope *scope,
                          uint32_t entry, size_t first)
{
    for (size_t i = first; i < wf->conds.len; i++) {
        const ost_cond *c = &wf->conds.data[i];
        ost_axis_set reads = { 0 };

        if (c->scope != scope->outer)
            continue;
        ost_value_reads(c->scope, c->choice, &reads);
        ost_given_check(wf, scope, entry, &reads);
    }
}

static void resolve_input(ost_workflow *wf, ost_scope *scope,
                          ost_scope_input *in)
{
    uint32_t reader = wf->reader;
    size_t n_conds = wf->conds.len;
    ost_links links = { 0 };

    in->state = OST_BUSY;
    wf->reader = OST_NONE;
    if (in->outer_spec != OST_NONE) {
        ost_spec_resolve(wf, scope->outer, in->outer_spec, &links, NULL);
        in->links = links;
        check_input_type(wf, scope, scope->outer->doc, in->outer_spec, in);
        check_choices(wf, scope, in->outer_spec, n_conds);
    } else if (in->preset != OST_NONE) {
        resolve_default(wf, scope, in, &links);
        in->links = links;
        check_input_type(wf, scope, scope->doc, in->preset, in);
    } else {
        unbound(wf, scope, in);
    }
    in->state = OST_DONE;
    wf->reader = reader;
}

static void add_copies(const place *at, const ost_links *from, ost_links *to)
{
    for (size_t i = 0; i < from->len; i++)
        add_link(at, to, from->data[i]);
}

static void resolve_input_name(const place *at, word name, ost_links *links)
{
    OST_VEC(const char *) names = { 0 };
    ost_scope_input *in = NULL;
    char *text;

    for (size_t i = 0; i < at->scope->inputs.len; i++) {
        ost_scope_input *other = &at->scope->inputs.data[i];

        if (strncmp(other->name, name.at, name.n) == 0 &&
            other->name[name.n] == '\0')
            in = other;
        ost_vec_push(&names, other->name);
    }
    text = ost_xstrndup(name.at, name.n);
    if (!in)
        ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                     "unknown input '%s'%s", text,
                     ost_suggest(at->wf, text, names.data, names.len));
    else if (in->state == OST_BUSY)
        ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                     "cycle: input '%s' leads back to itself", text);
    else if (in->state == OST_NEW)
        resolve_input(at->wf, at->scope, in);
    if (in && in->state == OST_DONE)
        add_copies(at, &in->links, links);
    ost_free(text);
    ost_vec_release(&names);
}

/* --- nodes ------------------------------------------------------------------
 */

static void unknown_node(const place *at, word name)
{
    const ost_document *doc = at->scope->doc;
    OST_VEC(const char *) names = { 0 };
    uint32_t nodes = at->scope->nodes_entry;
    ost_arena arena = { 0 };
    char *text = ost_xstrndup(name.at, name.n);

    if (nodes != OST_NONE &&
        (at->wf->nodes.len < MANY_NAMES || at->wf->faults.len < 20)) {
        for (uint32_t c = nodes + 1; c < ost_json_end(doc->json, nodes);
             c = ost_json_end(doc->json, c)) {
            char *key = ost_entry_copy(doc, c, true);

            ost_vec_push(&names, ost_arena_strdup(&arena, key));
            ost_free(key);
        }
    }
    if (strchr(text, '/'))
        ost_wf_fault(
            at->wf, doc, at->entry, false,
            "'%s': the nodes of a used file are not seen from outside, "
            "its outputs are (%.*s.OUTPUT)",
            text, (int)strcspn(text, "/"), text);
    else
        ost_wf_fault(at->wf, doc, at->entry, false, "unknown node '%s'%s", text,
                     ost_suggest(at->wf, text, names.data, names.len));
    ost_free(text);
    ost_vec_release(&names);
    ost_arena_release(&arena);
}

static void unknown_port(const place *at, const char *node, word port,
                         const char *const *names, size_t n)
{
    char *text = ost_xstrndup(port.at, port.n);

    ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                 "'%s' has no output '%s'%s", node, text,
                 ost_suggest(at->wf, text, names, n));
    ost_free(text);
}

static void resolve_node(const place *at, uint32_t node, word port,
                         ost_links *links)
{
    const ost_node *n = &at->wf->nodes.data[node];
    OST_VEC(const char *) names = { 0 };
    ost_link link = { .target = node };
    uint16_t count = 0;
    bool found = false;

    if (!n->stage) {
        at->wf->n_unknown++;
        return;
    }
    for (const ost_port *p = n->stage->outputs; p->name; p++, count++) {
        ost_vec_push(&names, p->name);
        if (found || (port.at && (strncmp(p->name, port.at, port.n) != 0 ||
                                  p->name[port.n] != '\0')))
            continue;
        link.out = count;
        found = true;
    }
    if (found)
        add_link(at, links, link);
    else if (port.at)
        unknown_port(at, n->name, port, names.data, names.len);
    else
        ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                     "'%s' has no outputs", n->name);
    ost_vec_release(&names);
}

static void resolve_output(ost_workflow *wf, ost_scope *scope,
                           ost_scope_output *out)
{
    place at = { wf, scope, out->ref };
    uint32_t reader = wf->reader;
    ost_links links = { 0 };

    out->state = OST_BUSY;
    wf->reader = OST_NONE;
    if (out->ref != OST_NONE)
        resolve(&at, &links);
    out->links = links;
    out->state = OST_DONE;
    wf->reader = reader;
}

static void resolve_used(const place *at, ost_scope *used, word port,
                         ost_links *links)
{
    OST_VEC(const char *) names = { 0 };
    ost_scope_output *out = NULL;

    if (!used->doc) {
        at->wf->n_unknown++;
        return;
    }
    for (size_t i = 0; i < used->outputs.len; i++) {
        ost_scope_output *o = &used->outputs.data[i];

        ost_vec_push(&names, o->name);
        if (!out && (!port.at || (strncmp(o->name, port.at, port.n) == 0 &&
                                  o->name[port.n] == '\0')))
            out = o;
    }
    if (!out && port.at)
        unknown_port(at, used->full_name, port, names.data, names.len);
    else if (!out)
        ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                     "'%s' has no outputs", used->full_name);
    else if (out->state == OST_BUSY)
        ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                     "cycle: output '%s' of '%s' leads back to itself",
                     out->name, used->full_name);
    else if (out->state == OST_NEW)
        resolve_output(at->wf, used, out);
    if (out && out->state == OST_DONE)
        add_copies(at, &out->links, links);
    ost_vec_release(&names);
}

/* --- pins --------------------------------------------------------------------
 */

static bool add_pin(const place *at, word axis, word value, ost_links *links,
                    size_t first)
{
    ost_workflow *wf = at->wf;
    const char *name, *text;

    if (axis.n == 0 || value.n == 0)
        return false;
    name = ost_arena_strndup(&wf->arena, axis.at, axis.n);
    text = ost_arena_strndup(&wf->arena, value.at, value.n);
    for (size_t i = first; i < links->len; i++) {
        ost_pin pin = { .axis = OST_NONE,
                        .next = links->data[i].pins,
                        .name = name,
                        .text = text,
                        .doc = at->scope->doc,
                        .entry = at->entry };

        ost_vec_push(&wf->pins, pin);
        links->data[i].pins = (uint32_t)wf->pins.len;
    }
    return true;
}

/* "[bone=humerus,fold=2]" */
static bool add_pins(const place *at, const char *text, ost_links *links,
                     size_t first)
{
    for (text++;;) {
        size_t n_axis = strcspn(text, "=,]");
        const char *value = text + n_axis + 1;
        size_t n_value;

        if (text[n_axis] != '=')
            return false;
        n_value = strcspn(value, ",]");
        if (value[n_value] == '\0' ||
            !add_pin(at, (word){ text, n_axis }, (word){ value, n_value },
                     links, first))
            return false;
        text = value + n_value + 1;
        if (value[n_value] == ']')
            return *text == '\0';
    }
}

static void resolve_text(const place *at, const char *text, ost_links *links)
{
    size_t first = links->len, n = strcspn(text, ".[");
    word port = { NULL, 0 };
    const char *rest = text + n;
    uint32_t what;

    if (text[0] == '$') {
        resolve_input_name(at, (word){ text + 1, strlen(text + 1) }, links);
        return;
    }
    if (*rest == '.') {
        port = (word){ rest + 1, strcspn(rest + 1, "[") };
        rest = port.at + port.n;
    }
    what = ost_name_find_in(at->wf, at->scope, text, n);
    if (what == OST_NONE || memchr(text, '/', n))
        unknown_node(at, (word){ text, n });
    else if (what & OST_NAME_SCOPE)
        resolve_used(at, at->wf->scopes.data[what & ~OST_NAME_SCOPE].p, port,
                     links);
    else
        resolve_node(at, what, port, links);
    if (*rest && !add_pins(at, rest, links, first)) {
        ost_wf_fault(at->wf, at->scope->doc, at->entry, false,
                     "'%s': a pinned reference is written node[axis=value]",
                     text);
        links->len = first;
    }
}

static void resolve(const place *at, ost_links *links)
{
    const ost_document *doc = at->scope->doc;
    char kind = ost_json_kind(doc->json, at->entry);

    if (at->wf->depth == MAX_DEPTH) {
        ost_wf_fault(at->wf, doc, at->entry, false,
                     "this leads through too many files");
        return;
    }
    at->wf->depth++;
    if (kind == '"') {
        char *text = ost_entry_copy(doc, at->entry, false);

        resolve_text(at, text, links);
        ost_free(text);
    } else if (kind == '{' &&
               ost_entry_member(doc, at->entry, "case") != OST_NONE) {
        ost_case_resolve(at->wf, at->scope, at->entry, links);
    } else {
        ost_wf_fault(at->wf, doc, at->entry, false,
                     "expected a reference: \"node\", \"node.output\", "
                     "\"$input\", or { \"case\": ... }");
    }
    at->wf->depth--;
}

void ost_reference_resolve(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                           ost_links *links)
{
    place at = { wf, scope, entry };

    resolve(&at, links);
}

const char *ost_type_words(ost_artifact_type type)
{
    switch (type) {
    case OST_ANY:
        return "anything";
    case OST_DATASET:
        return "a dataset";
    case OST_MODEL:
        return "a model";
    case OST_REPORT:
        return "a report";
    case OST_FILES:
    case OST_PREDICTIONS:
    case OST_METRICS:
        break;
    }
    return ost_artifact_type_name(type);
}

ost_artifact_type ost_link_type(const ost_workflow *wf, const ost_link *link)
{
    if (link->target & OST_LINK_SOURCE)
        return OST_FILES;
    return wf->nodes.data[link->target].stage->outputs[link->out].type;
}

/* A default that is not taken has to lead somewhere too, and stands aside. */
static void check_default(ost_workflow *wf, ost_scope *scope,
                          ost_scope_input *in)
{
    ost_links unused = { 0 };

    if ((in->is_source || in->outer_spec != OST_NONE) &&
        in->preset != OST_NONE &&
        ost_entry_member(scope->doc, in->preset, "node") != OST_NONE)
        resolve_default(wf, scope, in, &unused);
    ost_vec_release(&unused);
}

void ost_scope_resolve(ost_workflow *wf, ost_scope *scope)
{
    for (size_t i = 0; i < scope->inputs.len; i++) {
        ost_scope_input *in = &scope->inputs.data[i];

        if (in->state == OST_NEW &&
            (in->outer_spec != OST_NONE || in->preset != OST_NONE))
            resolve_input(wf, scope, in);
        check_default(wf, scope, in);
        if (in->is_source && !fits(in->type, OST_FILES))
            ost_wf_fault(wf, scope->doc, in->entry, true,
                         "input '%s': what comes from outside is files, not %s",
                         in->name, ost_type_words(in->type));
    }
    for (size_t i = 0; i < scope->outputs.len; i++)
        if (scope->outputs.data[i].state == OST_NEW)
            resolve_output(wf, scope, &scope->outputs.data[i]);
}
