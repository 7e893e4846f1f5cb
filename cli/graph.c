/* cli/graph.c - the nodes of a workflow, what they read, as text or dot */
#include "cli/graph.h"

#include "base/text.h"
#include "base/vec.h"

#include <string.h>

#include "base/banned.h"

typedef OST_VEC(ost_graph_edge) edge_list;

/* Edges are collected while the feeds of one reader are visited. */
typedef struct {
    const ost_workflow *wf;
    const size_t *box_of; /* of each node */
    edge_list edges;
    size_t reader;
    const ost_stage *stage; /* NULL: an output */
} collector;

static void add_edge(void *user, const ost_feed *feed)
{
    collector *c = user;
    ost_graph_edge e = { .to = c->reader };

    e.from = feed->source >= 0 ? (size_t)feed->source : c->box_of[feed->node];
    e.port = c->stage ? c->stage->inputs[feed->port].name : "";
    for (size_t i = c->edges.len; i-- > 0;) {
        const ost_graph_edge *other = &c->edges.data[i];

        if (other->to != e.to)
            break;
        if (other->from == e.from && strcmp(other->port, e.port) == 0)
            return;
    }
    ost_vec_push(&c->edges, e);
}

static const char *note_of(const ost_workflow *wf, const ost_node *node,
                           ost_arena *arena)
{
    ost_buf text = { 0 };
    const char *note;

    ost_buf_adds(&text, node->stage->name);
    for (uint32_t i = 0; i < node->n_axes; i++) {
        const ost_axis *axis = ost_workflow_axis(wf, node->axes[i]);

        ost_buf_addf(&text, ", %s x%zu", axis->name, axis->n);
    }
    note = ost_arena_strdup(arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return note;
}

static void add_outputs(collector *c, ost_graph_box *boxes, size_t n)
{
    c->stage = NULL;
    for (size_t i = 0; i < ost_workflow_output_count(c->wf); i++, n++) {
        const ost_wf_output *out = ost_workflow_output(c->wf, i);

        boxes[n] = (ost_graph_box){ OST_GRAPH_OUTPUT, out->name,
                                    out->n_gates ? "output, gate" : "output" };
        c->reader = n;
        for (size_t k = 0; k < out->n_feeds; k++)
            add_edge(c, &out->feeds[k]);
    }
}

void ost_graph_make(const ost_workflow *wf, ost_arena *arena, ost_graph *g)
{
    size_t n_nodes = ost_workflow_node_count(wf);
    size_t n_sources = ost_workflow_source_count(wf), n = 0;
    size_t most = n_nodes + n_sources + ost_workflow_output_count(wf);
    ost_graph_box *boxes = OST_ARENA_ARRAY(arena, ost_graph_box, most + 1);
    size_t *box_of = OST_ARENA_ARRAY(arena, size_t, n_nodes + 1);
    collector c = { .wf = wf, .box_of = box_of };

    for (; n < n_sources; n++)
        boxes[n] = (ost_graph_box){ OST_GRAPH_SOURCE,
                                    ost_workflow_source(wf, n)->name, "input" };
    for (size_t i = 0; i < n_nodes; i++) {
        uint32_t index = ost_workflow_order(wf)[i];
        const ost_node *node = ost_workflow_node(wf, index);

        if (!ost_workflow_node_is_live(wf, index))
            continue;
        boxes[n] = (ost_graph_box){ OST_GRAPH_NODE, node->name,
                                    note_of(wf, node, arena) };
        box_of[index] = c.reader = n++;
        c.stage = node->stage;
        ost_node_feeds(wf, index, add_edge, &c);
    }
    add_outputs(&c, boxes, n);
    *g = (ost_graph){ .name = ost_workflow_name(wf),
                      .boxes = boxes,
                      .n_boxes = n + ost_workflow_output_count(wf),
                      .n_edges = c.edges.len };
    if (c.edges.len)
        g->edges = ost_arena_copy(arena, c.edges.data,
                                  c.edges.len * sizeof(*c.edges.data));
    ost_vec_release(&c.edges);
}

/* --- text
 * --------------------------------------------------------------------- */

static void add_padded(ost_buf *out, const char *text, size_t width)
{
    size_t columns = ost_utf8_columns(text);

    ost_buf_addf(out, "%s%*s", text,
                 (int)(columns < width ? width - columns : 0), "");
}

static void widths(const ost_graph *g, size_t *name, size_t *note)
{
    *name = *note = 0;
    for (size_t i = 0; i < g->n_boxes; i++) {
        size_t a = ost_utf8_columns(g->boxes[i].name);
        size_t b = ost_utf8_columns(g->boxes[i].note);

        *name = a > *name ? a : *name;
        *note = b > *note ? b : *note;
    }
}

void ost_graph_text(const ost_graph *g, ost_buf *out)
{
    size_t name, note, e = 0;

    widths(g, &name, &note);
    for (size_t i = 0; i < g->n_boxes; i++) {
        size_t n = 0;

        add_padded(out, g->boxes[i].name, name);
        ost_buf_adds(out, "  ");
        if (e < g->n_edges && g->edges[e].to == i)
            add_padded(out, g->boxes[i].note, note);
        else
            ost_buf_adds(out, g->boxes[i].note);
        for (; e < g->n_edges && g->edges[e].to == i; e++, n++)
            ost_buf_addf(out, "%s%s", n ? ", " : "  <- ",
                         g->boxes[g->edges[e].from].name);
        ost_buf_addc(out, '\n');
    }
}

/* --- dot
 * ------------------------------------------------------------------------ */

static void add_quoted(ost_buf *out, const char *text)
{
    ost_buf_addc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            ost_buf_addc(out, '\\');
        ost_buf_addc(out, *text);
    }
    ost_buf_addc(out, '"');
}

void ost_graph_dot(const ost_graph *g, ost_buf *out)
{
    static const char *const shapes[] = {
        [OST_GRAPH_NODE] = "box",
        [OST_GRAPH_SOURCE] = "folder",
        [OST_GRAPH_OUTPUT] = "note",
    };

    ost_buf_adds(out, "digraph ");
    add_quoted(out, g->name);
    ost_buf_adds(out, " {\n    rankdir=TB;\n    node [fontname=\"sans-serif\"]"
                      ";\n");
    for (size_t i = 0; i < g->n_boxes; i++) {
        ost_buf_addf(out, "    n%zu [shape=%s, label=", i,
                     shapes[g->boxes[i].kind]);
        ost_buf_addf(out, "\"%s\\n%s\"];\n", g->boxes[i].name,
                     g->boxes[i].note);
    }
    for (size_t i = 0; i < g->n_edges; i++) {
        ost_buf_addf(out, "    n%zu -> n%zu", g->edges[i].from, g->edges[i].to);
        if (*g->edges[i].port && strcmp(g->edges[i].port, "in") != 0)
            ost_buf_addf(out, " [label=\"%s\", fontsize=10]", g->edges[i].port);
        ost_buf_adds(out, ";\n");
    }
    ost_buf_adds(out, "}\n");
}
