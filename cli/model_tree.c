/* cli/model_tree.c - layers whose names are paths, as a tree */
#include "cli/model_tree.h"

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

typedef struct growing {
    OST_VEC(ost_model_node) nodes;
    OST_VEC(size_t) open; /* groups around the next layer, outermost first */
} growing;

static void close_groups(growing *g, size_t keep)
{
    while (g->open.len > keep)
        g->nodes.data[g->open.data[--g->open.len]].end = g->nodes.len;
}

static void add_node(growing *g, const char *name, int layer)
{
    size_t depth = g->open.len;
    ost_model_node node = { .name = name,
                            .layer = layer,
                            .depth = (int)depth,
                            .parent = SIZE_MAX,
                            .end = g->nodes.len + 1 };

    if (depth)
        node.parent = g->open.data[depth - 1];
    ost_vec_push(&g->nodes, node);
}

static void add_layer(growing *g, char *path, int layer)
{
    size_t level = 0;
    char *name;

    while ((name = strsep(&path, ".")) && path) {
        if (level < g->open.len &&
            strcmp(g->nodes.data[g->open.data[level]].name, name) == 0) {
            level++;
            continue;
        }
        close_groups(g, level);
        add_node(g, name, -1);
        ost_vec_push(&g->open, g->nodes.len - 1);
        level++;
    }
    close_groups(g, level);
    add_node(g, name, layer);
}

void ost_model_tree_make(const json_t *model, ost_arena *arena,
                         ost_model_tree *tree)
{
    const json_t *layers = json_object_get(model, "layers");
    const json_t *layer;
    growing g = { 0 };
    size_t i;

    json_array_foreach(layers, i, layer)
    {
        add_layer(&g,
                  ost_arena_strdup(
                      arena, json_string_value(json_object_get(layer, "name"))),
                  (int)i);
    }
    close_groups(&g, 0);
    *tree = (ost_model_tree){
        .model = model,
        .layers = layers,
        .nodes = ost_arena_copy(arena, g.nodes.data,
                                g.nodes.len * sizeof(ost_model_node)),
        .n = g.nodes.len,
    };
    ost_vec_release(&g.nodes);
    ost_vec_release(&g.open);
}

bool ost_model_is_box(const ost_model_tree *t, size_t node, int depth)
{
    const ost_model_node *v = &t->nodes[node];

    return v->layer >= 0 || (depth && v->depth + 1 >= depth);
}

const size_t *ost_model_boxes(const ost_model_tree *t, int depth,
                              ost_arena *arena)
{
    size_t *boxes =
        OST_ARENA_ARRAY(arena, size_t, json_array_size(t->layers) + 1);

    for (size_t i = 0; i < t->n;) {
        if (!ost_model_is_box(t, i, depth)) {
            i++;
            continue;
        }
        for (size_t k = i; k < t->nodes[i].end; k++)
            if (t->nodes[k].layer >= 0)
                boxes[t->nodes[k].layer] = i;
        i = t->nodes[i].end;
    }
    return boxes;
}

size_t ost_model_edges(const ost_model_tree *t, const size_t *boxes,
                       ost_arena *arena, const ost_model_edge **edges)
{
    OST_VEC(ost_model_edge) made = { 0 };
    size_t *first =
        OST_ARENA_ARRAY(arena, size_t, t->n + 1); /* edge of a box, + 1 */
    size_t *next; /* further edges to the same box, + 1 */
    const json_t *layer;
    const json_t *ref;
    size_t i;
    size_t k;
    size_t n = 1;

    json_array_foreach(t->layers, i, layer) n +=
        json_array_size(json_object_get(layer, "inputs"));
    next = OST_ARENA_ARRAY(arena, size_t, n);
    json_array_foreach(t->layers, i, layer)
    {
        json_array_foreach(json_object_get(layer, "inputs"), k, ref)
        {
            json_int_t index = json_integer_value(ref);
            ost_model_edge e = { index < 0 ? SIZE_MAX : boxes[index],
                                 boxes[i] };
            size_t other = first[e.to];

            while (other && made.data[other - 1].from != e.from)
                other = next[other - 1];
            if (other || e.from == e.to)
                continue;
            next[made.len] = first[e.to];
            ost_vec_push(&made, e);
            first[e.to] = made.len;
        }
    }
    n = made.len;
    *edges = ost_arena_copy(arena, made.data, n * sizeof(*made.data));
    ost_vec_release(&made);
    return n;
}

double ost_model_sum(const ost_model_tree *t, size_t node, const char *member)
{
    double sum = 0.0;

    for (size_t i = node; i < t->nodes[node].end; i++)
        if (t->nodes[i].layer >= 0)
            sum += json_number_value(json_object_get(
                json_array_get(t->layers, (size_t)t->nodes[i].layer), member));
    return sum;
}

int ost_model_last(const ost_model_tree *t, size_t node)
{
    int last = -1;

    for (size_t i = node; i < t->nodes[node].end; i++)
        if (t->nodes[i].layer > last)
            last = t->nodes[i].layer;
    return last;
}

void ost_model_add_shape(ost_buf *out, const json_t *shape)
{
    const json_t *side;
    size_t i;

    json_array_foreach(shape, i, side)
    {
        ost_buf_addf(out, "%s%lld", i ? "x" : "",
                     (long long)json_integer_value(side));
    }
}

void ost_model_add_kind(const ost_model_tree *t, size_t node, ost_buf *out)
{
    const ost_model_node *v = &t->nodes[node];
    const json_t *l = json_array_get(t->layers, (size_t)v->layer);
    size_t count = 0;

    if (v->layer < 0) {
        for (size_t i = node; i < v->end; i++)
            count += t->nodes[i].layer >= 0;
        ost_buf_addf(out, "%zu layer%s", count, count == 1 ? "" : "s");
        return;
    }
    ost_buf_adds(out, json_string_value(json_object_get(l, "kind")));
    if (json_is_true(json_object_get(l, "frozen")))
        ost_buf_adds(out, ", frozen");
}
