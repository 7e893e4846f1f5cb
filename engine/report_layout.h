/* engine/report_layout.h - where the nodes of a small graph are drawn
 *
 * Layers from sources to sinks (longest path), an order within each that
 * crosses few edges (barycenters), and places that keep edges straight.  An
 * edge that spans several layers gets a bend in each of them, which takes room
 * like a node does.
 */
#ifndef OST_ENGINE_REPORT_LAYOUT_H
#define OST_ENGINE_REPORT_LAYOUT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct ost_layout_edge {
    size_t from;
    size_t to;
} ost_layout_edge;

/* What is known of a node: the room that it takes across the layers, and
 * whether it stands in the first layer (then nothing leads to it) or the last
 * (then nothing leads away from it). */
typedef struct ost_layout_node {
    double room;
    bool first;
    bool last;
} ost_layout_node;

/* A node or a bend.  `place` is its middle across the layers; neighbors within
 * a layer are at least half the room of both apart. */
typedef struct ost_layout_vertex {
    size_t layer;
    size_t edge; /* of a bend */
    bool bend;
    double room;
    double place; /* at least 0 */
    double order;
} ost_layout_vertex;

/* The nodes come first, then the bends of each edge from its source on. */
typedef struct ost_layout {
    ost_layout_vertex *v;
    size_t n;
    size_t n_nodes;
    size_t layers;
    double width; /* largest place */
} ost_layout;

/* False when the edges form a cycle.  Everything lives in the arena.  Nodes
 * take room 1, bends less. */
bool ost_layout_make(const ost_layout_edge *edges, size_t n_edges,
                     size_t n_nodes, ost_arena *arena, ost_layout *layout);

/* The same for nodes (`n_nodes` of them) and bends that say what room they
 * take. */
bool ost_layout_make_sized(const ost_layout_edge *edges, size_t n_edges,
                           const ost_layout_node *nodes, size_t n_nodes,
                           double bend_room, ost_arena *arena,
                           ost_layout *layout);

#endif
