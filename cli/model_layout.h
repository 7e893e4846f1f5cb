/* cli/model_layout.h - where the layers and groups of a network are drawn
 *
 * Each group is laid out by itself, from top to bottom, and is then one box of
 * the group around it.  Lines enter and leave a group through ports in its
 * upper and lower edge, one for each box outside or inside that is read across
 * it, so that no line runs over a box.
 */
#ifndef OST_CLI_MODEL_LAYOUT_H
#define OST_CLI_MODEL_LAYOUT_H

#include "base/vec.h"
#include "cli/model_tree.h"
#include "engine/report_layout.h"

/* Where a line begins or ends in a group. */
typedef enum ost_model_end_kind {
    OST_MODEL_CHILD, /* a node of the tree, or the network's input */
    OST_MODEL_IN,    /* a port in the upper edge */
    OST_MODEL_OUT,   /* a port in the lower edge */
} ost_model_end_kind;

typedef struct ost_model_end {
    ost_model_end_kind kind;
    size_t index; /* of the node, or of the port */
} ost_model_end;

typedef struct ost_model_link {
    ost_model_end from;
    ost_model_end to;
    size_t source; /* the box that is read */
} ost_model_link;

typedef struct ost_model_port {
    size_t source;
    double x;
} ost_model_port;

typedef struct ost_model_group {
    OST_VEC(size_t) children;
    OST_VEC(ost_model_port) in;
    OST_VEC(ost_model_port) out;
    OST_VEC(ost_model_link) links;
    ost_layout layout; /* vertices: children, in, out, then bends of links */
    double left;       /* x of place 0 */
    double *tops;      /* y of each row, and its end */
    double *bottoms;
} ost_model_group;

typedef struct ost_model_place {
    double x;
    double y;
    double width;
    double height;
    ost_model_group *group; /* NULL for a box */
} ost_model_place;

typedef struct ost_model_layout {
    const ost_model_tree *tree;
    ost_model_place *places; /* of each node, then the network's input and the
                                whole network; not of nodes inside of boxes */
    size_t input;            /* index of the input */
    size_t root;             /* of the whole */
    size_t output;           /* the box whose value comes out */
} ost_model_layout;

/* Lives in the arena, but for what ost_model_layout_release() frees. */
void ost_model_layout_make(const ost_model_tree *t, int depth, ost_arena *arena,
                           ost_model_layout *l);
void ost_model_layout_release(ost_model_layout *l);

/* Appends the second line of a box: "conv2d 64x56x56". */
void ost_model_add_note(const ost_model_layout *l, size_t box, ost_buf *out);

#endif
