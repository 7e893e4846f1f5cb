/* engine/order.c - every node behind those that it reads; cycles */
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

enum { WHITE, OPEN, DONE };

typedef struct {
    uint32_t node;
    uint32_t link; /* the next one to follow */
} frame;

typedef struct {
    ost_workflow *wf;
    unsigned char *color;
    OST_VEC(frame) stack;
    uint32_t n_done;
} walk;

/* "a -> b -> a": the nodes of the stack from `node` on, in the direction of
 * the data. */
static void report_cycle(walk *w, uint32_t node)
{
    const ost_node *nodes = w->wf->nodes.data;
    const ost_node_part *part = &w->wf->parts.data[node];
    uint32_t in = ost_entry_member(part->scope->doc, part->entry, "in");
    ost_buf chain = { 0 };
    size_t i = w->stack.len;

    ost_buf_adds(&chain, nodes[node].name);
    do {
        i--;
        ost_buf_addf(&chain, " -> %s", nodes[w->stack.data[i].node].name);
    } while (w->stack.data[i].node != node);
    ost_wf_fault(w->wf, part->scope->doc, in == OST_NONE ? part->entry : in,
                 false, "cycle: %s", ost_buf_str(&chain));
    ost_buf_release(&chain);
}

static void push(walk *w, uint32_t node)
{
    frame f = { node, w->wf->parts.data[node].first_link };

    w->color[node] = OPEN;
    ost_vec_push(&w->stack, f);
}

static void visit(walk *w, uint32_t start)
{
    const ost_node_part *parts = w->wf->parts.data;

    push(w, start);
    while (w->stack.len) {
        frame *f = &w->stack.data[w->stack.len - 1];
        ost_link *link;

        if (f->link == parts[f->node + 1].first_link) {
            w->color[f->node] = DONE;
            w->wf->order[w->n_done++] = f->node;
            w->stack.len--;
            continue;
        }
        link = &w->wf->links.data[f->link++];
        if (link->target & OST_LINK_SOURCE || w->color[link->target] == DONE)
            continue;
        if (w->color[link->target] == WHITE) {
            push(w, link->target);
            continue;
        }
        report_cycle(w, link->target);
        link->target = OST_NONE;
    }
}

void ost_order_nodes(ost_workflow *wf)
{
    walk w = { .wf = wf };
    size_t n = wf->nodes.len;

    wf->order = OST_ARENA_ARRAY(&wf->arena, uint32_t, n + 1);
    w.color = ost_xalloc(n + 1);
    for (size_t i = 0; i < n; i++)
        if (w.color[i] == WHITE)
            visit(&w, (uint32_t)i);
    ost_free(w.color);
    ost_vec_release(&w.stack);
}
