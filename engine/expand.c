/* engine/expand.c - which axes each node has, and how many instances
 *
 * At the top a node has the axes of its "per".  In a used file it also has
 * those that the file is given and that it reads, by itself or through what it
 * is bound to; so nothing fans out without need.
 */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

/* A node whose axes are being found. */
typedef struct {
    ost_workflow *wf;
    uint32_t node;
    const ost_scope *scope;
    uint32_t entry;
    uint32_t per; /* or OST_NONE */
    ost_axis_set own;
    ost_axis_set values; /* read by "with", "seed", "case" of the node itself */
    ost_axis_set reads;  /* these, and the axes of its links */
    ost_axis_set axes;
    size_t faults; /* before it was looked at */
} expansion;

/* What follows from a fault that was said is not said as well. */
static bool is_sound(const expansion *x)
{
    return x->wf->n_faults == x->faults && !x->scope->unsound &&
           !(x->wf->marks.data[x->node] & OST_MARK_BAD_IN);
}

static const char *axis_name(const ost_workflow *wf, uint32_t axis)
{
    return wf->axes.data[axis].name;
}

static void add_all(ost_axis_set *to, const ost_axis_set *from)
{
    for (uint32_t i = 0; i < from->n; i++)
        ost_axis_set_add(to, from->axis[i]);
    to->full = to->full || from->full;
}

/* --- what the node reads
 * ------------------------------------------------------ */

static void read_with(expansion *x)
{
    uint32_t with = ost_entry_member(x->scope->doc, x->entry, "with");
    ost_axis_set reads = { 0 };
    bool has_refs;

    if (with == OST_NONE)
        return;
    ost_value_check(x->wf, x->scope, with, &reads, &has_refs);
    if (has_refs)
        x->wf->marks.data[x->node] |= OST_MARK_TEMPLATE;
    x->wf->nodes.data[x->node].params_fixed = reads.n == 0;
    add_all(&x->values, &reads);
}

/* The seed of a stage that does not draw decides nothing. */
static void read_seed(expansion *x)
{
    ost_node *node = &x->wf->nodes.data[x->node];
    uint32_t seed = ost_entry_member(x->scope->doc, x->entry, "seed");
    const ost_scope_param *given = &x->scope->params.data[0];
    ost_axis_set reads = { 0 };
    bool has_refs;

    if (seed != OST_NONE)
        ost_value_check(x->wf, x->scope, seed, &reads, &has_refs);
    else if (given->outer)
        ost_value_reads(given->outer, given->value, &reads);
    if (!node->stage || !(node->stage->flags & OST_STAGE_DRAWS))
        return;
    node->seed_fixed = reads.n == 0;
    if (seed != OST_NONE)
        add_all(&x->values, &reads);
    else
        add_all(&x->reads, &reads);
}

static void read_cond(expansion *x, uint32_t cond)
{
    for (; cond; cond = x->wf->conds.data[cond - 1].outer) {
        const ost_cond *c = &x->wf->conds.data[cond - 1];

        if (c->reader == x->node)
            ost_value_reads(c->scope, c->choice, &x->values);
    }
}

static void read_links(expansion *x)
{
    const ost_node_part *part = &x->wf->parts.data[x->node];

    for (uint32_t i = part[0].first_link; i < part[1].first_link; i++) {
        ost_link *link = &x->wf->links.data[i];

        ost_pins_settle(x->wf, link);
        read_cond(x, link->cond);
        ost_link_axes(x->wf, link, &x->reads);
    }
    add_all(&x->reads, &x->values);
}

/* --- what it has
 * ---------------------------------------------------------------- */

/* Tells each used file that an axis that it was given is read. */
static void mark_given(const ost_scope *scope, uint32_t axis)
{
    for (; scope; scope = scope->outer)
        for (uint32_t i = 0; i < scope->n_given; i++)
            if (scope->axes.data[i].axis == axis)
                ((ost_scope *)scope)->given_read |= 1u << i;
}

static void collect_axes(expansion *x)
{
    for (uint32_t i = 0; i < x->scope->n_given; i++) {
        uint32_t axis = x->scope->axes.data[i].axis;

        if (!ost_axis_set_has(&x->reads, axis))
            continue;
        ost_axis_set_add(&x->axes, axis);
        mark_given(x->scope, axis);
    }
    if (x->per != OST_NONE)
        ost_per_parse(x->wf, x->scope, x->per, &x->own);
    add_all(&x->axes, &x->own);
    if (x->axes.full && !x->own.full)
        ost_wf_fault(x->wf, x->scope->doc, x->entry, true,
                     "a node has at most %d axes", OST_NODE_AXES);
}

static void check_missing(const expansion *x)
{
    const ost_node *node = &x->wf->nodes.data[x->node];

    for (uint32_t i = 0; i < x->values.n; i++) {
        const char *name = axis_name(x->wf, x->values.axis[i]);

        if (!ost_axis_set_has(&x->axes, x->values.axis[i]))
            ost_wf_fault(
                x->wf, x->scope->doc, x->entry, true,
                "node '%s' uses ${%s} but has no such axis (add '%s' to "
                "its \"per\")",
                node->name, name, name);
    }
}

/* Instances that would be the same. */
static void check_unread(const expansion *x)
{
    const ost_node *node = &x->wf->nodes.data[x->node];

    for (uint32_t i = 0; i < x->own.n; i++) {
        const char *name = axis_name(x->wf, x->own.axis[i]);

        if (ost_axis_set_has(&x->reads, x->own.axis[i]) || !node->stage)
            continue;
        ost_wf_fault(
            x->wf, x->scope->doc, x->per, false,
            "nothing in node '%s' reads axis '%s', so that its "
            "instances would be identical: use ${%s} in \"with\"%s, read "
            "a node that has the axis, or leave it out of \"per\"",
            node->name, name, name,
            node->stage->flags & OST_STAGE_DRAWS ? " or \"seed\"" : "");
    }
}

static void check_gather(const expansion *x)
{
    const ost_workflow *wf = x->wf;
    const ost_node_part *part = &wf->parts.data[x->node];
    const ost_stage *stage = wf->nodes.data[x->node].stage;

    for (uint32_t i = part[0].first_link; i < part[1].first_link; i++) {
        const ost_link *link = &wf->links.data[i];
        const ost_port *port = &stage->inputs[link->port];
        ost_axis_set axes = { 0 };
        uint32_t k = 0, in, at;

        ost_link_axes(wf, link, &axes);
        while (k < axes.n && ost_axis_set_has(&x->axes, axes.axis[k]))
            k++;
        if (port->many || k == axes.n)
            continue;
        in = ost_entry_member(x->scope->doc, x->entry, "in");
        at = ost_entry_member(x->scope->doc, in, port->name);
        ost_wf_fault(x->wf, x->scope->doc, at == OST_NONE ? in : at, false,
                     "port '%s' of stage '%s' takes one artifact, but '%s' has "
                     "one per '%s': add '%s' to \"per\", or pin it as "
                     "%s[%s=%s]",
                     port->name, stage->name, wf->nodes.data[link->target].name,
                     axis_name(wf, axes.axis[k]), axis_name(wf, axes.axis[k]),
                     wf->nodes.data[link->target].name,
                     axis_name(wf, axes.axis[k]),
                     wf->axes.data[axes.axis[k]].values[0]);
    }
}

/* A node with too many instances is left with one. */
static void count_instances(const expansion *x)
{
    ost_workflow *wf = x->wf;
    ost_node *node = &wf->nodes.data[x->node];
    uint64_t n = 1;

    for (uint32_t i = 0; i < x->axes.n && wf->n_steps + n <= OST_STEPS; i++)
        n *= wf->axes.data[x->axes.axis[i]].n;
    if (wf->n_steps + n > OST_STEPS) {
        ost_wf_fault(wf, x->scope->doc, x->entry, true,
                     "with the instances of node '%s' there are more than %d "
                     "steps",
                     node->name, OST_STEPS);
        n = 1;
    }
    wf->n_steps += n;
    node->instances = (uint32_t)n;
    node->n_axes = x->axes.n;
    if (x->axes.n)
        node->axes = ost_arena_copy(&wf->arena, x->axes.axis,
                                    x->axes.n * sizeof(uint32_t));
}

static void expand_node(ost_workflow *wf, uint32_t node)
{
    const ost_node_part *part = &wf->parts.data[node];
    expansion x = {
        .wf = wf, .node = node, .scope = part->scope, .entry = part->entry
    };

    x.per = ost_entry_member(x.scope->doc, x.entry, "per");
    x.faults = wf->n_faults;
    read_with(&x);
    read_seed(&x);
    read_links(&x);
    collect_axes(&x);
    if (is_sound(&x))
        check_missing(&x);
    if (is_sound(&x))
        check_unread(&x);
    check_gather(&x);
    count_instances(&x);
    if (!is_sound(&x))
        wf->marks.data[node] |= OST_MARK_BAD_WITH;
}

/* An axis that a file is given and that nothing in it reads. */
static void check_given(ost_workflow *wf, const ost_scope *scope)
{
    for (uint32_t i = scope->n_outer_given; i < scope->n_given; i++)
        if (!(scope->given_read & 1u << i))
            ost_wf_fault(
                wf, scope->outer->doc, scope->per_entry, false,
                "nothing in '%s' reads axis '%s', so that its instances "
                "would be identical",
                ost_path_base(scope->doc->path), scope->axes.data[i].name);
}

void ost_expand_axes(ost_workflow *wf)
{
    for (size_t i = 0; i < wf->nodes.len; i++)
        expand_node(wf, wf->order[i]);
    for (size_t i = 1; i < wf->scopes.len; i++)
        if (wf->scopes.data[i].p->doc)
            check_given(wf, wf->scopes.data[i].p);
}
