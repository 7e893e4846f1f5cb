/* cli/model_layout.c - where the layers and groups of a network are drawn */
#include "cli/model_layout.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/text.h"

#include <math.h>

#include "base/banned.h"

enum {
    BOX_HEIGHT = 40,
    BOX_PAD = 18,
    BESIDE = 18, /* between boxes of a row */
    ROW_GAP = 30,
    PORT_GAP = 16, /* between ports and the first or last row */
    PORT_ROOM = 14,
    GROUP_PAD = 14,
    TITLE = 18,
};

static const double NAME_CHARACTER = 7.6;
static const double NOTE_CHARACTER = 6.4;

void ost_model_add_note(const ost_model_layout *l, size_t box, ost_buf *out)
{
    const ost_model_tree *t = l->tree;

    if (box == l->input) {
        ost_model_add_shape(out, json_object_get(t->model, "input"));
        return;
    }
    ost_model_add_kind(t, box, out);
    ost_buf_addc(out, ' ');
    ost_model_add_shape(
        out, json_object_get(
                 json_array_get(t->layers, (size_t)ost_model_last(t, box)),
                 "output"));
}

/* --- groups, ports, links ---------------------------------------------- */

static size_t parent_of(const ost_model_layout *l, size_t node)
{
    size_t parent = node == l->input ? SIZE_MAX : l->tree->nodes[node].parent;

    return parent == SIZE_MAX ? l->root : parent;
}

static int depth_of(const ost_model_layout *l, size_t node)
{
    return node == l->input ? 0 : l->tree->nodes[node].depth;
}

static void add_children(ost_model_layout *l, int depth)
{
    const ost_model_tree *t = l->tree;

    l->places[l->root].group = ost_xalloc(sizeof(ost_model_group));
    ost_vec_push(&l->places[l->root].group->children, l->input);
    for (size_t i = 0; i < t->n;) {
        bool box = ost_model_is_box(t, i, depth);
        ost_model_group *around = l->places[parent_of(l, i)].group;

        ost_vec_push(&around->children, i);
        if (!box)
            l->places[i].group = ost_xalloc(sizeof(ost_model_group));
        i = box ? t->nodes[i].end : i + 1;
    }
}

static ost_model_end child(size_t node)
{
    return (ost_model_end){ OST_MODEL_CHILD, node };
}

static bool same_end(ost_model_end a, ost_model_end b)
{
    return a.kind == b.kind && a.index == b.index;
}

static void add_link(ost_model_group *g, ost_model_end from, ost_model_end to,
                     size_t source)
{
    for (size_t i = g->links.len; i-- > 0;)
        if (g->links.data[i].source == source &&
            same_end(g->links.data[i].from, from) &&
            same_end(g->links.data[i].to, to))
            return;
    ost_vec_push(&g->links, (ost_model_link){ from, to, source });
}

static ost_model_end in_port(ost_model_group *g, size_t source)
{
    for (size_t i = 0; i < g->in.len; i++)
        if (g->in.data[i].source == source)
            return (ost_model_end){ OST_MODEL_IN, i };
    ost_vec_push(&g->in, (ost_model_port){ .source = source });
    return (ost_model_end){ OST_MODEL_IN, g->in.len - 1 };
}

static ost_model_end out_port(ost_model_group *g, size_t source)
{
    for (size_t i = 0; i < g->out.len; i++)
        if (g->out.data[i].source == source)
            return (ost_model_end){ OST_MODEL_OUT, i };
    ost_vec_push(&g->out, (ost_model_port){ .source = source });
    return (ost_model_end){ OST_MODEL_OUT, g->out.len - 1 };
}

/* A line from box to box, a piece in each group that it crosses. */
static void add_line(ost_model_layout *l, size_t from, size_t to)
{
    size_t a = from;
    size_t b = to;

    while (parent_of(l, a) != parent_of(l, b)) {
        bool leave = depth_of(l, a) >= depth_of(l, b);
        size_t around = parent_of(l, leave ? a : b);
        ost_model_group *g = l->places[around].group;

        if (leave) {
            add_link(g, child(a), out_port(g, from), from);
            a = around;
        } else {
            add_link(g, in_port(g, from), child(b), from);
            b = around;
        }
    }
    add_link(l->places[parent_of(l, a)].group, child(a), child(b), from);
}

/* --- sizes ------------------------------------------------------------- */

static void measure(ost_model_layout *l, size_t node, ost_arena *arena);

static void measure_box(const ost_model_layout *l, size_t box,
                        ost_model_place *p)
{
    const char *name = box == l->input ? "input" : l->tree->nodes[box].name;
    ost_buf note = { 0 };

    ost_model_add_note(l, box, &note);
    p->width = BOX_PAD + fmax(NAME_CHARACTER * (double)ost_utf8_columns(name),
                              NOTE_CHARACTER *
                                  (double)ost_utf8_columns(ost_buf_str(&note)));
    p->height = BOX_HEIGHT;
    ost_buf_release(&note);
}

static size_t vertex_of(const ost_model_group *g, const size_t *place_in,
                        ost_model_end end)
{
    switch (end.kind) {
    case OST_MODEL_CHILD:
        return place_in[end.index];
    case OST_MODEL_IN:
        return g->children.len + end.index;
    case OST_MODEL_OUT:
        break;
    }
    return g->children.len + g->in.len + end.index;
}

/* Children, ports and links as a graph, which is laid out. */
static void arrange(const ost_model_layout *l, ost_model_group *g,
                    ost_arena *arena)
{
    size_t n = g->children.len + g->in.len + g->out.len;
    ost_layout_node *nodes = OST_ARENA_ARRAY(arena, ost_layout_node, n + 1);
    ost_layout_edge *edges =
        OST_ARENA_ARRAY(arena, ost_layout_edge, g->links.len + 1);
    size_t *place_in = OST_ARENA_ARRAY(arena, size_t, l->root + 1);

    for (size_t i = 0; i < n; i++) {
        nodes[i].room = PORT_ROOM;
        nodes[i].first =
            i >= g->children.len && i < g->children.len + g->in.len;
        nodes[i].last = i >= g->children.len + g->in.len;
    }
    for (size_t i = 0; i < g->children.len; i++) {
        place_in[g->children.data[i]] = i;
        nodes[i].room = l->places[g->children.data[i]].width + BESIDE;
    }
    for (size_t i = 0; i < g->links.len; i++)
        edges[i] = (ost_layout_edge){
            vertex_of(g, place_in, g->links.data[i].from),
            vertex_of(g, place_in, g->links.data[i].to),
        };
    if (!ost_layout_make_sized(edges, g->links.len, nodes, n, PORT_ROOM, arena,
                               &g->layout))
        OST_BUG(); /* layers read earlier layers only */
}

/* Heights of the rows, from `y` on; returns where they end. */
static double stack_rows(const ost_model_layout *l, ost_model_group *g,
                         double y, ost_arena *arena)
{
    size_t rows = g->layout.layers;

    g->tops = OST_ARENA_ARRAY(arena, double, rows + 1);
    g->bottoms = OST_ARENA_ARRAY(arena, double, rows + 1);
    for (size_t k = 0; k < rows; k++) {
        double height = 0;

        for (size_t i = 0; i < g->children.len; i++)
            if (g->layout.v[i].layer == k)
                height = fmax(height, l->places[g->children.data[i]].height);
        if (k)
            y += height > 0 && g->bottoms[k - 1] > g->tops[k - 1] ? ROW_GAP
                                                                  : PORT_GAP;
        g->tops[k] = y;
        y += height;
        g->bottoms[k] = y;
    }
    return y;
}

static void measure_group(ost_model_layout *l, size_t node, ost_arena *arena)
{
    ost_model_place *p = &l->places[node];
    ost_model_group *g = p->group;
    bool whole = node == l->root;
    double least = (double)INFINITY;
    double most = 0;
    double title = 0;

    for (size_t i = 0; i < g->children.len; i++)
        measure(l, g->children.data[i], arena);
    arrange(l, g, arena);
    for (size_t i = 0; i < g->layout.n; i++) {
        const ost_layout_vertex *v = &g->layout.v[i];

        least = fmin(least, v->place - v->room / 2);
        most = fmax(most, v->place + v->room / 2);
    }
    if (!whole)
        title = NOTE_CHARACTER *
                    (double)ost_utf8_columns(l->tree->nodes[node].name) +
                GROUP_PAD;
    p->width = fmax(most - least, title) + 2 * GROUP_PAD;
    g->left = p->width / 2 - (least + most) / 2;
    p->height =
        stack_rows(l, g, whole ? GROUP_PAD : TITLE + 6, arena) + GROUP_PAD;
}

static void measure(ost_model_layout *l, size_t node, ost_arena *arena)
{
    if (l->places[node].group)
        measure_group(l, node, arena);
    else
        measure_box(l, node, &l->places[node]);
}

/* From places in the group to places in the picture. */
static void place(ost_model_layout *l, size_t node, double x, double y)
{
    ost_model_place *p = &l->places[node];
    ost_model_group *g = p->group;
    size_t vertex = 0;

    p->x = x;
    p->y = y;
    if (!g)
        return;
    g->left += x;
    for (size_t k = 0; k < g->layout.layers; k++) {
        g->tops[k] += y;
        g->bottoms[k] += y;
    }
    for (size_t i = 0; i < g->children.len; i++, vertex++) {
        const ost_layout_vertex *v = &g->layout.v[vertex];
        size_t inner = g->children.data[i];

        place(l, inner, g->left + v->place - l->places[inner].width / 2,
              g->tops[v->layer]);
    }
    for (size_t i = 0; i < g->in.len; i++, vertex++)
        g->in.data[i].x = g->left + g->layout.v[vertex].place;
    for (size_t i = 0; i < g->out.len; i++, vertex++)
        g->out.data[i].x = g->left + g->layout.v[vertex].place;
}

void ost_model_layout_make(const ost_model_tree *t, int depth, ost_arena *arena,
                           ost_model_layout *l)
{
    const size_t *boxes = ost_model_boxes(t, depth, arena);
    const ost_model_edge *edges;
    size_t n = ost_model_edges(t, boxes, arena, &edges);

    *l = (ost_model_layout){
        .tree = t,
        .places = OST_ARENA_ARRAY(arena, ost_model_place, t->n + 2),
        .input = t->n,
        .root = t->n + 1,
        .output = boxes[json_integer_value(
            json_object_get(t->model, "output_layer"))],
    };
    add_children(l, depth);
    for (size_t i = 0; i < n; i++)
        add_line(l, edges[i].from == SIZE_MAX ? l->input : edges[i].from,
                 edges[i].to);
    measure(l, l->root, arena);
    place(l, l->root, 0, 0);
}

void ost_model_layout_release(ost_model_layout *l)
{
    for (size_t i = 0; i <= l->root; i++) {
        ost_model_group *g = l->places[i].group;

        if (!g)
            continue;
        ost_vec_release(&g->children);
        ost_vec_release(&g->in);
        ost_vec_release(&g->out);
        ost_vec_release(&g->links);
        ost_free(g);
    }
}
