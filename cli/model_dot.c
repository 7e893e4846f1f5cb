/* cli/model_dot.c - the layers of a network for Graphviz */
#include "cli/model_tree.h"

#include <string.h>

#include "base/banned.h"

static void add_escaped(ost_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            ost_buf_addc(out, '\\');
        ost_buf_addc(out, *text);
    }
}

static void add_indent(ost_buf *out, int depth)
{
    ost_buf_addf(out, "%*s", 4 * (depth + 1), "");
}

static void add_box(const ost_model_tree *t, size_t node, ost_buf *out)
{
    const json_t *last =
        json_array_get(t->layers, (size_t)ost_model_last(t, node));

    add_indent(out, t->nodes[node].depth);
    ost_buf_addf(out, "n%zu [label=\"", node);
    add_escaped(out, t->nodes[node].name);
    ost_buf_adds(out, "\\n");
    ost_model_add_kind(t, node, out);
    ost_buf_adds(out, "\\n");
    ost_model_add_shape(out, json_object_get(last, "output"));
    ost_buf_adds(out, "\"];\n");
}

/* Boxes, in clusters for the groups around them. */
static void add_boxes(const ost_model_tree *t, int depth, ost_buf *out)
{
    int open = 0;

    for (size_t i = 0; i < t->n;) {
        const ost_model_node *v = &t->nodes[i];

        for (; open > v->depth; open--) {
            add_indent(out, open - 1);
            ost_buf_adds(out, "}\n");
        }
        if (ost_model_is_box(t, i, depth)) {
            add_box(t, i, out);
            i = v->end;
            continue;
        }
        add_indent(out, v->depth);
        ost_buf_addf(out, "subgraph cluster%zu {\n", i);
        add_indent(out, v->depth + 1);
        ost_buf_adds(out, "label=\"");
        add_escaped(out, v->name);
        ost_buf_adds(out, "\";\n");
        open = v->depth + 1;
        i++;
    }
    for (; open > 0; open--) {
        add_indent(out, open - 1);
        ost_buf_adds(out, "}\n");
    }
}

void ost_model_dot(const ost_model_tree *t, int depth, ost_buf *out)
{
    ost_arena arena = { 0 };
    const size_t *boxes = ost_model_boxes(t, depth, &arena);
    const ost_model_edge *edges;
    size_t n = ost_model_edges(t, boxes, &arena, &edges);

    ost_buf_adds(out, "digraph \"");
    add_escaped(out, json_string_value(json_object_get(t->model, "name")));
    ost_buf_adds(out, "\" {\n    rankdir=TB;\n"
                      "    graph [fontname=\"sans-serif\", labeljust=l];\n"
                      "    node [shape=box, fontname=\"sans-serif\"];\n"
                      "    input [shape=folder, label=\"input\\n");
    ost_model_add_shape(out, json_object_get(t->model, "input"));
    ost_buf_adds(out, "\"];\n");
    add_boxes(t, depth, out);
    for (size_t i = 0; i < n; i++)
        if (edges[i].from == SIZE_MAX)
            ost_buf_addf(out, "    input -> n%zu;\n", edges[i].to);
        else
            ost_buf_addf(out, "    n%zu -> n%zu;\n", edges[i].from,
                         edges[i].to);
    ost_buf_adds(out, "}\n");
    ost_arena_release(&arena);
}
