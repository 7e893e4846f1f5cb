/* cli/model_table.c - the layers of a network as a table for a terminal */
#include "base/text.h"
#include "base/vec.h"
#include "cli/model_tree.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { COLUMNS = 6, WIDTH = 80, GAP = 2, NARROWEST = 12 };

typedef struct row {
    const char *cells[COLUMNS];
} row;

typedef struct table {
    ost_arena arena;
    OST_VEC(row) rows;
} table;

/* "21,797,672"; nothing for 0. */
static const char *grouped(ost_arena *arena, double v)
{
    char digits[32];
    ost_buf b = { 0 };
    const char *made;
    size_t n = (size_t)snprintf(digits, sizeof(digits), "%.0f", v);

    for (size_t i = 0; i < n && v != 0.0; i++) {
        if (i && (n - i) % 3 == 0)
            ost_buf_addc(&b, ',');
        ost_buf_addc(&b, digits[i]);
    }
    made = ost_arena_strdup(arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return made;
}

/* "3.7 G"; nothing for 0. */
static const char *scaled(ost_arena *arena, double v)
{
    static const char units[] = " kMGTPE";
    size_t unit = 0;

    if (v == 0.0)
        return "";
    while (v >= 999.5 && unit + 2 < sizeof(units)) {
        v /= 1000.0;
        unit++;
    }
    if (!unit)
        return ost_arena_printf(arena, "%.0f", v);
    return ost_arena_printf(arena, v < 9.95 ? "%.1f %c" : "%.0f %c", v,
                            units[unit]);
}

static const char *bytes_text(ost_arena *arena, double v)
{
    char text[32];

    return v == 0.0
               ? ""
               : ost_arena_strdup(arena, ost_human_bytes(text, (uint64_t)v));
}

static const char *shape_text(ost_arena *arena, const json_t *shape)
{
    ost_buf b = { 0 };
    const char *made;

    ost_model_add_shape(&b, shape);
    made = ost_arena_strdup(arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return made;
}

static const char *kind_text(ost_arena *arena, const ost_model_tree *t,
                             size_t node)
{
    ost_buf b = { 0 };
    const char *made;

    ost_model_add_kind(t, node, &b);
    made = ost_arena_strdup(arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return made;
}

static void add_node(table *b, const ost_model_tree *t, size_t node, bool box)
{
    const ost_model_node *v = &t->nodes[node];
    const json_t *last =
        json_array_get(t->layers, (size_t)ost_model_last(t, node));
    row r = { { ost_arena_printf(&b->arena, "%*s%s", 2 * v->depth, "", v->name),
                "", "", "", "", "" } };

    if (box) {
        r.cells[1] = kind_text(&b->arena, t, node);
        r.cells[2] = shape_text(&b->arena, json_object_get(last, "output"));
        r.cells[3] = grouped(&b->arena, ost_model_sum(t, node, "parameters"));
        r.cells[4] = scaled(&b->arena, ost_model_sum(t, node, "flops"));
        r.cells[5] = bytes_text(&b->arena, ost_model_sum(t, node, "bytes"));
    }
    ost_vec_push(&b->rows, r);
}

/* Adds `text` cut to `width` columns, and fills up with spaces. */
static void add_cell(ost_buf *out, const char *text, size_t width, bool right)
{
    size_t columns = ost_utf8_columns(text);

    if (right && columns < width)
        ost_buf_addf(out, "%*s", (int)(width - columns), "");
    if (columns <= width) {
        ost_buf_adds(out, text);
    } else {
        for (size_t i = 0; i + 1 < width; i++) {
            size_t n = ost_utf8_len(text, strlen(text));

            ost_buf_add(out, text, n);
            text += n;
        }
        ost_buf_adds(out, "…");
    }
    if (!right && columns < width)
        ost_buf_addf(out, "%*s", (int)(width - columns), "");
}

static void print_rows(const table *b, ost_buf *out)
{
    size_t width[COLUMNS] = { 0 };
    size_t all = (COLUMNS - 1) * GAP;

    for (size_t i = 0; i < b->rows.len; i++)
        for (int c = 0; c < COLUMNS; c++) {
            size_t n = ost_utf8_columns(b->rows.data[i].cells[c]);

            width[c] = n > width[c] ? n : width[c];
        }
    for (int c = 0; c < COLUMNS; c++)
        all += width[c];
    if (all > WIDTH) {
        size_t over = all - WIDTH;

        width[0] = width[0] > over + NARROWEST ? width[0] - over : NARROWEST;
    }
    for (size_t i = 0; i < b->rows.len; i++) {
        ost_buf line = { 0 };

        for (int c = 0; c < COLUMNS; c++) {
            if (c)
                ost_buf_addf(&line, "%*s", GAP, "");
            add_cell(&line, b->rows.data[i].cells[c], width[c], c >= 3);
        }
        while (line.len && line.data[line.len - 1] == ' ')
            line.len--;
        ost_buf_add(out, line.data, line.len);
        ost_buf_addc(out, '\n');
        ost_buf_release(&line);
    }
}

/* --- head and totals --------------------------------------------------- */

static void add_head(const ost_model_tree *t, ost_buf *out)
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

static void add_totals(table *b, const ost_model_tree *t, ost_buf *out)
{
    const json_t *m = t->model;
    bool train = json_is_true(json_object_get(m, "train"));

    ost_buf_addc(out, '\n');
    add_total(out, "parameters",
              grouped(&b->arena,
                      json_number_value(json_object_get(m, "parameters"))));
    if (json_number_value(json_object_get(m, "frozen")) > 0.0)
        add_total(out, "of these frozen",
                  grouped(&b->arena,
                          json_number_value(json_object_get(m, "frozen"))));
    add_total(
        out, "floating point operations, forward",
        scaled(&b->arena, json_number_value(json_object_get(m, "flops"))));
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
    table b = { 0 };

    ost_vec_push(&b.rows, (row){ { "layer", "kind", "output", "parameters",
                                   "flops", "memory" } });
    for (size_t i = 0; i < t->n;) {
        bool box = ost_model_is_box(t, i, depth);

        add_node(&b, t, i, box);
        i = box ? t->nodes[i].end : i + 1;
    }
    add_head(t, out);
    print_rows(&b, out);
    add_totals(&b, t, out);
    ost_vec_release(&b.rows);
    ost_arena_release(&b.arena);
}
