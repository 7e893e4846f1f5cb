/* cli/model_tree.h - what `osteon model` shows, with its groups
 *
 * The worker's answer (see stages/network_describe.h) as a tree: names of
 * layers are paths, "layer1.0.conv1", whose folders are the groups.
 */
#ifndef OST_CLI_MODEL_TREE_H
#define OST_CLI_MODEL_TREE_H

#include "base/arena.h"
#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A layer, or a group: the nodes behind it up to `end`. */
typedef struct ost_model_node {
    const char *name; /* last part of the path */
    int layer;        /* index, or -1 for a group */
    int depth;        /* groups around it */
    size_t parent;    /* SIZE_MAX at the top */
    size_t end;
} ost_model_node;

typedef struct ost_model_tree {
    const json_t *model;
    const json_t *layers;
    ost_model_node *nodes; /* a group before what it holds */
    size_t n;
} ost_model_tree;

/* Borrows the model; the nodes live in the arena. */
void ost_model_tree_make(const json_t *model, ost_arena *arena,
                         ost_model_tree *tree);

/* Whether a node is shown as one: a layer, or a group when only `depth` levels
 * are shown (0: all). */
bool ost_model_is_box(const ost_model_tree *t, size_t node, int depth);
/* For each layer the node that shows it. */
const size_t *ost_model_boxes(const ost_model_tree *t, int depth,
                              ost_arena *arena);

/* From what a layer reads to the layer; `from` SIZE_MAX is the network's
 * input.  Each pair of boxes once, in the order of the readers. */
typedef struct ost_model_edge {
    size_t from;
    size_t to;
} ost_model_edge;

size_t ost_model_edges(const ost_model_tree *t, const size_t *boxes,
                       ost_arena *arena, const ost_model_edge **edges);

/* Sums over a node's layers of a member that is a number. */
double ost_model_sum(const ost_model_tree *t, size_t node, const char *member);
/* Index of the last layer of a node. */
int ost_model_last(const ost_model_tree *t, size_t node);
/* Appends "64x56x56", what a layer makes of one item. */
void ost_model_add_shape(ost_buf *out, const json_t *shape);

/* The second line of a box: a layer's kind, or how many layers a group has. */
void ost_model_add_kind(const ost_model_tree *t, size_t node, ost_buf *out);

/* The line above a table: name, shapes, batch, what for. */
void ost_model_head(const ost_model_tree *t, ost_buf *out);
/* The table of layers for a terminal, with totals. */
void ost_model_table(const ost_model_tree *t, int depth, ost_buf *out);
/* The same of what they cost on a GPU; and the table of GPUs. */
void ost_model_costs(const ost_model_tree *t, int depth, ost_buf *out);
void ost_model_devices(const json_t *devices, ost_buf *out);
/* All kinds of layers, a line each; or one with its attributes (returns false
 * when there is none of that name). */
void ost_model_kinds(const json_t *kinds, ost_buf *out);
bool ost_model_kind(const json_t *kinds, const char *name, ost_buf *out);

void ost_model_dot(const ost_model_tree *t, int depth, ost_buf *out);
void ost_model_svg(const ost_model_tree *t, int depth, ost_buf *out);

#endif
