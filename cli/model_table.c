/* cli/model_table.c - the layers of a network as a table for a terminal */
#include "base/text.h"
#include "cli/columns.h"
#include "cli/model_tree.h"

#include <string.h>

#include "base/banned.h"

static const char *kind_text(ost_columns *c, const ost_model_tree *t,
                             size_t node)
{
    ost_buf b = { 0 };
    const char *made;

    ost_model_add_kind(t, node, &b);
    made = ost_arena_strdup(&c->arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return made;
}

static void add_node(ost_columns *c, const ost_model_tree *t, size_t node,
                     bool box)
{
    const ost_model_node *v = &t->nodes[node];
    const json_t *last =
        json_array_get(t->layers, (size_t)ost_model_last(t, node));
    ost_columns_row r = ost_columns_empty();

    r.cells[0] =
        ost_arena_printf(&c->arena, "%*s%s", 2 * v->depth, "", v->name);
    if (box) {
        r.cells[1] = kind_text(c, t, node);
        r.cells[2] = ost_cell_shape(c, json_object_get(last, "output"));
        r.cells[3] = ost_cell_grouped(c, ost_model_sum(t, node, "parameters"));
        r.cells[4] = ost_cell_scaled(c, ost_model_sum(t, node, "flops"));
        r.cells[5] = ost_cell_bytes(c, ost_model_sum(t, node, "bytes"));
    }
    ost_vec_push(&c->rows, r);
}

/* --- head and totals --------------------------------------------------- */

void ost_model_head(const ost_model_tree *t, ost_buf *out)
{
    const json_t *m = t->model;

    ost_buf_addf(out, "%s: ", json_string_value(json_object_get(m, "name")));
    ost_model_add_shape(out, json_object_get(m, "input"));
    ost_buf_adds(out, " to ");
    ost_model_add_shape(out, json_object_get(m, "output"));
    ost_buf_addf(out, " (scores: %s), batch %lld, %s\n\n",
                 json_string_value(json_object_get(m, "scores")),
                 (long long)json_integer_value(json_object_get(m, "batch")),
                 json_is_true(json_object_get(m, "train")) ? "for training"
                                                           : "for inference");
}

static double memory_of(const json_t *model, const char *member)
{
    return json_number_value(
        json_object_get(json_object_get(model, "memory"), member));
}

static void add_total(ost_buf *out, const char *title, const char *value)
{
    ost_buf_addf(out, "%-48s%12s\n", title, value);
}

static void add_bytes(ost_buf *out, const char *title, double bytes)
{
    char text[32];

    add_total(out, title, ost_human_bytes(text, (uint64_t)bytes));
}

static void add_totals(ost_columns *c, const ost_model_tree *t, ost_buf *out)
{
    const json_t *m = t->model;
    bool train = json_is_true(json_object_get(m, "train"));

    ost_buf_addc(out, '\n');
    add_total(out, "parameters",
              ost_cell_grouped(
                  c, json_number_value(json_object_get(m, "parameters"))));
    if (json_number_value(json_object_get(m, "frozen")) > 0.0)
        add_total(out, "of these frozen",
                  ost_cell_grouped(
                      c, json_number_value(json_object_get(m, "frozen"))));
    add_total(
        out, "floating point operations, forward",
        ost_cell_scaled(c, json_number_value(json_object_get(m, "flops"))));
    add_bytes(out, "memory: weights", memory_of(m, "weights"));
    add_bytes(out,
              train ? "memory: activations, their gradients, workspace"
                    : "memory: activations, workspace",
              memory_of(m, "activations"));
    if (!train)
        return;
    add_bytes(out, "memory: gradients of weights", memory_of(m, "gradients"));
    add_bytes(out, "memory: optimizer sgd with momentum", memory_of(m, "sgd"));
    add_bytes(out, "memory: optimizer adam", memory_of(m, "adam"));
}

void ost_model_table(const ost_model_tree *t, int depth, ost_buf *out)
{
    ost_columns c = { .n = 6, .words = 3 };

    ost_vec_push(&c.rows,
                 (ost_columns_row){ { "layer", "kind", "output", "parameters",
                                      "flops", "memory" } });
    for (size_t i = 0; i < t->n;) {
        bool box = ost_model_is_box(t, i, depth);

        add_node(&c, t, i, box);
        i = box ? t->nodes[i].end : i + 1;
    }
    ost_model_head(t, out);
    ost_columns_print(&c, out);
    add_totals(&c, t, out);
    ost_columns_release(&c);
}
