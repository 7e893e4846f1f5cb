/* engine/port.c - "in": which references stand at which port of a node */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

/* A node whose ports are being filled. */
typedef struct {
    ost_workflow *wf;
    ost_scope *scope;
    const ost_node *node;
    uint32_t entry; /* the node's value */
    uint32_t bound; /* bit per port that has something, or was meant to */
    bool judged;    /* its stage is known */
} filler;

/* Sees each reference of a "spec": where it stands, and its links. */
static void resolve_one(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                        const char *row, ost_links *links,
                        const ost_spec_check *check)
{
    size_t first = links->len;

    ost_reference_resolve(wf, scope, entry, links);
    for (size_t i = first; row && i < links->len; i++)
        links->data[i].row = row;
    if (check)
        check->see(check->user, entry, links, first);
}

/* A reference, an array of them, or an object of named ones. */
void ost_spec_resolve(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                      ost_links *links, const ost_spec_check *check)
{
    const ost_document *doc = scope->doc;
    char kind = ost_json_kind(doc->json, entry);
    bool rows = kind == '{' && ost_entry_member(doc, entry, "case") == OST_NONE;

    if (kind != '[' && !rows) {
        resolve_one(wf, scope, entry, NULL, links, check);
        return;
    }
    for (uint32_t c = entry + 1; c < ost_json_end(doc->json, entry);
         c = ost_json_end(doc->json, c)) {
        if (rows && ost_entry_is_comment(doc, c))
            continue;
        resolve_one(wf, scope, c, rows ? ost_entry_key(wf, doc, c) : NULL,
                    links, check);
    }
}

/* --- one port
 * ------------------------------------------------------------------ */

typedef struct {
    const filler *f;
    const ost_port *port;
} port_check;

static void check_type(void *user, uint32_t entry, ost_links *links,
                       size_t first)
{
    const port_check *c = user;

    for (size_t i = first; i < links->len; i++) {
        ost_artifact_type given = ost_link_type(c->f->wf, &links->data[i]);
        ost_artifact_type wanted = c->port->type;

        if (wanted == OST_ANY || given == OST_ANY || wanted == given)
            continue;
        ost_wf_fault(c->f->wf, c->f->scope->doc, entry, false,
                     "port '%s' of stage '%s' takes %s, but this is %s",
                     c->port->name, c->f->node->stage->name,
                     ost_type_words(wanted), ost_type_words(given));
        return;
    }
}

/* Two links that may both apply. */
static bool has_several(const ost_links *links, size_t first)
{
    for (size_t i = first + 1; i < links->len; i++)
        if (links->data[i].cond == 0 || links->data[i - 1].cond == 0 ||
            links->data[i].cond == links->data[i - 1].cond)
            return true;
    return false;
}

static void fill_port(filler *f, uint32_t index, uint32_t entry)
{
    const ost_document *doc = f->scope->doc;
    const ost_port *port = &f->node->stage->inputs[index];
    port_check user = { f, port };
    ost_spec_check check = { check_type, &user };
    ost_links *links = &f->wf->links;
    size_t first = links->len;
    char kind = ost_json_kind(doc->json, entry);
    bool rows = kind == '{' && ost_entry_member(doc, entry, "case") == OST_NONE;
    bool list = kind == '[' || rows;

    f->bound |= 1u << index;
    if (list && ost_entry_count(doc, entry) == 0 && !port->optional)
        ost_wf_fault(f->wf, doc, entry, false, "port '%s' is given nothing",
                     port->name);
    ost_spec_resolve(f->wf, f->scope, entry, links, &check);
    for (size_t i = first; i < links->len; i++)
        links->data[i].port = (uint16_t)index;
    if (port->many)
        return;
    if (rows)
        ost_wf_fault(
            f->wf, doc, entry, false,
            "port '%s' of stage '%s' takes one artifact, not named rows",
            port->name, f->node->stage->name);
    else if ((list && ost_entry_count(doc, entry) > 1) ||
             has_several(links, first))
        ost_wf_fault(f->wf, doc, entry, false,
                     "port '%s' of stage '%s' takes one artifact, but is given "
                     "several",
                     port->name, f->node->stage->name);
}

/* --- all ports of a node
 * --------------------------------------------------------- */

static void unknown_port(const filler *f, uint32_t entry, const char *name)
{
    OST_VEC(const char *) names = { 0 };

    for (const ost_port *p = f->node->stage->inputs; p->name; p++)
        ost_vec_push(&names, p->name);
    ost_wf_fault(f->wf, f->scope->doc, entry, true,
                 "stage '%s' has no input port '%s'%s", f->node->stage->name,
                 name, ost_suggest(f->wf, name, names.data, names.len));
    ost_vec_release(&names);
}

static void fill_named(filler *f, uint32_t in)
{
    const ost_document *doc = f->scope->doc;

    for (uint32_t c = in + 1; c < ost_json_end(doc->json, in);
         c = ost_json_end(doc->json, c)) {
        char *name;
        int port;

        if (ost_entry_is_comment(doc, c))
            continue;
        name = ost_entry_copy(doc, c, true);
        port = ost_port_find(f->node->stage->inputs, name);
        if (port < 0)
            unknown_port(f, c, name);
        else
            fill_port(f, (uint32_t)port, c);
        ost_free(name);
    }
}

/* Links stand in the order of their ports; what is in order stays so. */
static void sort_links(ost_links *links, size_t first)
{
    for (size_t i = first + 1; i < links->len; i++) {
        ost_link link = links->data[i];
        size_t k = i;

        for (; k > first && links->data[k - 1].port > link.port; k--)
            links->data[k] = links->data[k - 1];
        links->data[k] = link;
    }
}

static void check_bound(const filler *f, uint32_t in)
{
    const ost_port *ports = f->node->stage->inputs;

    for (uint32_t i = 0; ports[i].name; i++) {
        if (ports[i].optional || f->bound & 1u << i)
            continue;
        ost_wf_fault(f->wf, f->scope->doc, in == OST_NONE ? f->entry : in,
                     in == OST_NONE,
                     "port '%s' of stage '%s' is not bound (%s)", ports[i].name,
                     f->node->stage->name, ports[i].help);
    }
}

static void fill_node(ost_workflow *wf, uint32_t node)
{
    ost_node_part *part = &wf->parts.data[node];
    filler f = { .wf = wf,
                 .scope = part->scope,
                 .node = &wf->nodes.data[node],
                 .entry = part->entry };
    const ost_document *doc = f.scope->doc;
    uint32_t in = ost_entry_member(doc, part->entry, "in");
    size_t first = wf->links.len, faults = wf->n_faults + wf->n_unknown;
    char kind;

    part->first_link = (uint32_t)first;
    wf->reader = node;
    if (!f.node->stage)
        return; /* said already */
    if (in != OST_NONE) {
        kind = ost_json_kind(doc->json, in);
        if (!f.node->stage->inputs[0].name) {
            ost_wf_fault(wf, doc, in, true, "stage '%s' has no inputs",
                         f.node->stage->name);
            return;
        }
        if (kind == '{' && ost_entry_member(doc, in, "case") == OST_NONE)
            fill_named(&f, in);
        else
            fill_port(&f, 0, in);
        sort_links(&wf->links, first);
    }
    check_bound(&f, in);
    if (wf->n_faults + wf->n_unknown > faults)
        wf->marks.data[node] |= OST_MARK_BAD_IN;
}

void ost_links_resolve(ost_workflow *wf)
{
    ost_node_part end = { 0 };

    for (size_t i = 0; i < wf->nodes.len; i++)
        fill_node(wf, (uint32_t)i);
    wf->reader = OST_NONE;
    end.first_link = (uint32_t)wf->links.len;
    ost_vec_push(&wf->parts, end);
    for (size_t i = 0; i < wf->scopes.len; i++)
        if (wf->scopes.data[i].p->doc)
            ost_scope_resolve(wf, wf->scopes.data[i].p);
}
