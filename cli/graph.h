/* cli/graph.h - the nodes of a workflow as a drawing */
#ifndef OST_CLI_GRAPH_H
#define OST_CLI_GRAPH_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/workflow.h"

#include <stddef.h>

/* Something that is drawn: a node, a source, or an output.  */
typedef enum ost_graph_kind {
    OST_GRAPH_NODE,
    OST_GRAPH_SOURCE,
    OST_GRAPH_OUTPUT,
} ost_graph_kind;

typedef struct ost_graph_box {
    ost_graph_kind kind;
    const char *name;
    const char *note; /* stage and axes: "train, fold x3" */
} ost_graph_box;

typedef struct ost_graph_edge {
    size_t from; /* boxes */
    size_t to;
    const char *port; /* of the reader; "" for an output */
} ost_graph_edge;

/* Sources first, then nodes in their order, then outputs. */
typedef struct ost_graph {
    const char *name;
    const ost_graph_box *boxes;
    size_t n_boxes;
    const ost_graph_edge *edges;
    size_t n_edges;
} ost_graph;

/* What takes part of a workflow; lives in the arena and borrows from the
 * workflow. */
void ost_graph_make(const ost_workflow *wf, ost_arena *arena, ost_graph *g);

void ost_graph_text(const ost_graph *g, ost_buf *out);
void ost_graph_dot(const ost_graph *g, ost_buf *out);
void ost_graph_svg(const ost_graph *g, ost_buf *out);

#endif
