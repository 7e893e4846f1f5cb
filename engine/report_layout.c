/* engine/report_layout.c - layers, order and places of a drawn graph */
#include "engine/report_layout.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { SWEEPS = 8 };

static const double BEND_ROOM = 0.36; /* of a node's */

/* A stretch of an edge between neighboring layers. */
typedef struct {
    size_t from;
    size_t to;
    double weight; /* how much it wants to be straight */
} stretch;

typedef struct {
    ost_layout *l;
    ost_arena *arena;
    stretch *stretches;
    size_t n_stretches;
    size_t *row; /* vertices of a layer, in order */
    double bend_room;
} making;

static bool find_layers(const ost_layout_edge *edges, size_t n_edges,
                        ost_layout *l)
{
    bool moved = true;

    for (size_t round = 0; moved; round++) {
        if (round > l->n_nodes)
            return false;
        moved = false;
        for (size_t e = 0; e < n_edges; e++) {
            ost_layout_vertex *to = &l->v[edges[e].to];
            size_t need = l->v[edges[e].from].layer + 1;

            if (to->layer >= need)
                continue;
            to->layer = need;
            moved = true;
        }
    }
    for (size_t i = 0; i < l->n_nodes; i++)
        if (l->v[i].layer + 1 > l->layers)
            l->layers = l->v[i].layer + 1;
    return true;
}

/* What is to stand in the last layer stands behind all others. */
static void push_last(const ost_layout_node *nodes, ost_layout *l)
{
    size_t last = 0;

    for (size_t i = 0; i < l->n_nodes; i++)
        if (!nodes[i].last && l->v[i].layer + 1 > last)
            last = l->v[i].layer + 1;
    for (size_t i = 0; i < l->n_nodes; i++)
        if (nodes[i].last) {
            l->v[i].layer = last;
            l->layers = last + 1;
        }
}

/* A source stands right before what it feeds first. */
static void pull_sources(const ost_layout_edge *edges, size_t n_edges,
                         const ost_layout_node *nodes, ost_layout *l)
{
    for (size_t i = 0; i < l->n_nodes; i++) {
        size_t nearest = l->layers;
        bool source = !nodes[i].first;

        for (size_t e = 0; e < n_edges; e++) {
            source &= edges[e].to != i;
            if (edges[e].from == i && l->v[edges[e].to].layer < nearest)
                nearest = l->v[edges[e].to].layer;
        }
        if (source && nearest < l->layers && nearest > 0)
            l->v[i].layer = nearest - 1;
    }
}

static void add_stretch(making *m, size_t from, size_t to)
{
    bool a = m->l->v[from].bend, b = m->l->v[to].bend;

    m->stretches[m->n_stretches++] = (stretch){ from, to,
                                                a && b   ? 6
                                                : a || b ? 0.5
                                                         : 3 };
}

static void add_bends(making *m, const ost_layout_edge *edges, size_t n_edges)
{
    ost_layout *l = m->l;

    for (size_t e = 0; e < n_edges; e++) {
        size_t last = edges[e].from;
        size_t end = l->v[edges[e].to].layer;

        for (size_t k = l->v[last].layer + 1; k < end; k++) {
            l->v[l->n] = (ost_layout_vertex){
                .layer = k,
                .edge = e,
                .bend = true,
                .room = m->bend_room,
                .order = (double)l->n,
            };
            add_stretch(m, last, l->n);
            last = l->n++;
        }
        add_stretch(m, last, edges[e].to);
    }
}

/* Fills m->row with the vertices of a layer by their order. */
static size_t take_row(making *m, size_t layer)
{
    const ost_layout *l = m->l;
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        size_t k;

        if (l->v[i].layer != layer)
            continue;
        for (k = n++; k > 0 && l->v[m->row[k - 1]].order > l->v[i].order; k--)
            m->row[k] = m->row[k - 1];
        m->row[k] = i;
    }
    return n;
}

/* Mean of a value of the neighbors in the layer before (or behind); the
 * vertex's own where it has none. */
static double pull_of(const making *m, size_t i, bool before, bool places)
{
    const ost_layout_vertex *v = m->l->v;
    double sum = 0, weight = 0;

    for (size_t s = 0; s < m->n_stretches; s++) {
        const stretch *t = &m->stretches[s];
        size_t other = before ? t->from : t->to;

        if ((before ? t->to : t->from) != i)
            continue;
        sum += t->weight * (places ? v[other].place : v[other].order);
        weight += t->weight;
    }
    if (weight > 0)
        return sum / weight;
    return places ? v[i].place : v[i].order;
}

static void order_layer(making *m, size_t layer, bool before)
{
    size_t n = take_row(m, layer);
    double *wish = OST_ARENA_ARRAY(m->arena, double, m->l->n);

    for (size_t i = 0; i < n; i++)
        wish[m->row[i]] = pull_of(m, m->row[i], before, false);
    for (size_t i = 0; i < n; i++)
        m->l->v[m->row[i]].order = wish[m->row[i]];
    n = take_row(m, layer);
    for (size_t i = 0; i < n; i++)
        m->l->v[m->row[i]].order = (double)i - (double)(n - 1) / 2;
}

static double room(const ost_layout_vertex *a, const ost_layout_vertex *b)
{
    return (a->room + b->room) / 2;
}

/* Places as near as possible to what is wished, in order and not too close:
 * isotonic regression of the wishes less the room before them.  Nodes yield
 * less than bends do. */
static void place_layer(making *m, size_t layer, bool before)
{
    ost_layout_vertex *v = m->l->v;
    size_t n = take_row(m, layer), blocks = 0;
    double *offset = OST_ARENA_ARRAY(m->arena, double, n + 1);
    double *mean = OST_ARENA_ARRAY(m->arena, double, n + 1);
    double *weight = OST_ARENA_ARRAY(m->arena, double, n + 1);
    size_t *count = OST_ARENA_ARRAY(m->arena, size_t, n + 1);

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            offset[i] = offset[i - 1] + room(&v[m->row[i - 1]], &v[m->row[i]]);
        mean[blocks] = pull_of(m, m->row[i], before, true) - offset[i];
        weight[blocks] = v[m->row[i]].bend ? 1 : 20;
        count[blocks++] = 1;
        while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
            double a = weight[blocks - 2], b = weight[blocks - 1];

            mean[blocks - 2] =
                (mean[blocks - 2] * a + mean[blocks - 1] * b) / (a + b);
            weight[blocks - 2] = a + b;
            count[blocks - 2] += count[blocks - 1];
            blocks--;
        }
    }
    for (size_t b = 0, i = 0; b < blocks; b++) {
        for (size_t k = 0; k < count[b]; k++, i++)
            v[m->row[i]].place = mean[b] + offset[i];
    }
}

static void sweep(making *m, void (*layer)(making *, size_t, bool))
{
    for (int round = 0; round < SWEEPS; round++) {
        for (size_t k = 1; k < m->l->layers; k++)
            layer(m, k, true);
        for (size_t k = m->l->layers; k-- > 1;)
            layer(m, k - 1, false);
    }
}

static void settle(ost_layout *l)
{
    double least = (double)INFINITY, most = -(double)INFINITY;

    for (size_t i = 0; i < l->n; i++) {
        least = fmin(least, l->v[i].place);
        most = fmax(most, l->v[i].place);
    }
    for (size_t i = 0; i < l->n; i++)
        l->v[i].place -= least;
    l->width = l->n ? most - least : 0;
}

bool ost_layout_make_sized(const ost_layout_edge *edges, size_t n_edges,
                           const ost_layout_node *nodes, size_t n_nodes,
                           double bend_room, ost_arena *arena,
                           ost_layout *layout)
{
    making m = { .l = layout, .arena = arena, .bend_room = bend_room };
    ost_layout_vertex *alone;
    size_t bends = 0;

    *layout = (ost_layout){ .n = n_nodes, .n_nodes = n_nodes };
    layout->v = OST_ARENA_ARRAY(arena, ost_layout_vertex, n_nodes + 1);
    for (size_t i = 0; i < n_nodes; i++) {
        layout->v[i].order = (double)i;
        layout->v[i].room = nodes[i].room;
    }
    if (!find_layers(edges, n_edges, layout))
        return false;
    push_last(nodes, layout);
    pull_sources(edges, n_edges, nodes, layout);
    for (size_t e = 0; e < n_edges; e++)
        bends += layout->v[edges[e].to].layer - layout->v[edges[e].from].layer;
    alone = layout->v;
    layout->v = OST_ARENA_ARRAY(arena, ost_layout_vertex, n_nodes + bends + 1);
    memcpy(layout->v, alone, n_nodes * sizeof(*alone));
    m.stretches = OST_ARENA_ARRAY(arena, stretch, bends + 1);
    m.row = OST_ARENA_ARRAY(arena, size_t, n_nodes + bends + 1);
    add_bends(&m, edges, n_edges);
    sweep(&m, order_layer);
    for (size_t k = 0; k < layout->layers; k++)
        order_layer(&m, k, k > 0);
    for (size_t i = 0; i < layout->n; i++)
        layout->v[i].place = layout->v[i].order;
    sweep(&m, place_layer);
    for (size_t k = 0; k < layout->layers; k++)
        place_layer(&m, k, true);
    settle(layout);
    return true;
}

bool ost_layout_make(const ost_layout_edge *edges, size_t n_edges,
                     size_t n_nodes, ost_arena *arena, ost_layout *layout)
{
    ost_layout_node *nodes =
        OST_ARENA_ARRAY(arena, ost_layout_node, n_nodes + 1);

    for (size_t i = 0; i < n_nodes; i++)
        nodes[i].room = 1;
    return ost_layout_make_sized(edges, n_edges, nodes, n_nodes, BEND_ROOM,
                                 arena, layout);
}
