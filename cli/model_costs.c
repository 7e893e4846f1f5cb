/* cli/model_costs.c - what the layers of a network cost on a GPU, as a table */
#include "base/text.h"
#include "cli/columns.h"
#include "cli/model_tree.h"

#include <string.h>

#include "base/banned.h"

static const json_t *member(const json_t *object, const char *first,
                            const char *second)
{
    return json_object_get(json_object_get(object, first), second);
}

static double number(const json_t *object, const char *first,
                     const char *second)
{
    return json_number_value(member(object, first, second));
}

/* --- layers ------------------------------------------------------------ */

static const char *const parts[] = { "forward", "again", "data", "weights" };

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

/* What the layers of a node cost together. */
typedef struct total {
    double flops[PARTS];
    double bytes;
    double seconds;
    int launches;
    const char *bound; /* of the dearest layer */
} total;

static void add_layer(const json_t *layer, total *sum, double *dearest)
{
    const json_t *cost = json_object_get(layer, "cost");
    double seconds = json_number_value(json_object_get(cost, "seconds"));

    for (int i = 0; i < PARTS; i++) {
        sum->flops[i] += number(cost, parts[i], "flops");
        sum->bytes += number(cost, parts[i], "bytes");
    }
    sum->launches += (int)json_integer_value(json_object_get(cost, "launches"));
    sum->seconds += seconds;
    if (seconds > *dearest) {
        *dearest = seconds;
        sum->bound = json_string_value(json_object_get(cost, "bound"));
    }
}

static total total_of(const ost_model_tree *t, size_t node)
{
    total sum = { .bound = "" };
    double dearest = 0.0;

    for (size_t i = node; i < t->nodes[node].end; i++)
        if (t->nodes[i].layer >= 0)
            add_layer(json_array_get(t->layers, (size_t)t->nodes[i].layer),
                      &sum, &dearest);
    return sum;
}

static const char *intensity(ost_columns *c, double flops, double bytes)
{
    double v = bytes > 0.0 ? flops / bytes : 0.0;

    if (v == 0.0)
        return "";
    return ost_arena_printf(&c->arena, "%.*f", v < 9.95 ? 1 : 0, v);
}

/* Fills the cells from `at` on that all rows have. */
static void fill(ost_columns *c, const total *sum, const char **at)
{
    double flops = 0.0;

    for (int i = 0; i < PARTS; i++)
        flops += sum->flops[i];
    *at++ = ost_cell_bytes(c, sum->bytes);
    *at++ = intensity(c, flops, sum->bytes);
    *at++ = ost_cell_grouped(c, sum->launches);
    *at++ = ost_cell_seconds(c, sum->seconds);
    *at = sum->bound;
}

static void add_node(ost_columns *c, const ost_model_tree *t, size_t node,
                     bool box, bool train)
{
    const ost_model_node *v = &t->nodes[node];
    ost_columns_row r = ost_columns_empty();
    total sum = total_of(t, node);

    r.cells[0] =
        ost_arena_printf(&c->arena, "%*s%s", 2 * v->depth, "", v->name);
    if (box) {
        r.cells[1] = ost_cell_scaled(c, sum.flops[0] + sum.flops[1]);
        if (train) {
            r.cells[2] = ost_cell_scaled(c, sum.flops[2]);
            r.cells[3] = ost_cell_scaled(c, sum.flops[3]);
        }
        fill(c, &sum, r.cells + (train ? 4 : 2));
    }
    ost_vec_push(&c->rows, r);
}

/* --- totals ------------------------------------------------------------ */

static void add_part(ost_columns *c, const json_t *pass, const char *part,
                     const char *title)
{
    ost_columns_row r = ost_columns_empty();

    if (number(pass, part, "seconds") == 0.0)
        return;
    r.cells[0] = title;
    r.cells[1] = ost_cell_scaled(c, number(pass, part, "flops"));
    r.cells[2] = ost_cell_bytes(c, number(pass, part, "bytes"));
    r.cells[3] = ost_cell_grouped(c, number(pass, part, "launches"));
    r.cells[4] = ost_cell_seconds(c, number(pass, part, "seconds"));
    ost_vec_push(&c->rows, r);
}

static void add_sum(ost_columns *c, const json_t *pass, const char *title,
                    const char *seconds, double launches)
{
    ost_columns_row r = ost_columns_empty();

    r.cells[0] = title;
    r.cells[3] = ost_cell_grouped(c, launches);
    r.cells[4] =
        ost_cell_seconds(c, json_number_value(json_object_get(pass, seconds)));
    ost_vec_push(&c->rows, r);
}

static void add_training(ost_columns *c, const json_t *pass)
{
    add_part(c, pass, "forward", "training: forward");
    add_part(c, pass, "again", "  made again for gradients");
    add_part(c, pass, "data", "  gradients of values");
    add_part(c, pass, "weights", "  gradients of weights");
    add_part(c, pass, "loss", "  loss");
    add_part(c, pass, "optimizer", "  optimizer adam");
    add_sum(c, pass, "a step, launch by launch", "seconds",
            json_number_value(json_object_get(pass, "launches")));
    add_sum(c, pass, "a step, as graphs", "seconds_as_graphs", 3.0);
}

static void add_inference(ost_columns *c, const json_t *pass)
{
    add_part(c, pass, "forward", "inference: forward");
    add_sum(c, pass, "a pass, launch by launch", "seconds",
            json_number_value(json_object_get(pass, "launches")));
    add_sum(c, pass, "a pass, as a graph", "seconds_as_graphs", 1.0);
}

static void add_memory(const json_t *estimate, const char *pass,
                       const char *title, ost_buf *out)
{
    double has = number(estimate, "device", "memory");
    double needs = number(estimate, pass, "memory");
    char text[2][32];

    ost_buf_addf(out, "%s %s of %s%s\n", title,
                 ost_human_bytes(text[0], (uint64_t)needs),
                 ost_human_bytes(text[1], (uint64_t)has),
                 needs > has ? ": does not fit" : "");
}

static void add_ceilings(ost_columns *c, const json_t *estimate, ost_buf *out)
{
    const json_t *device = json_object_get(estimate, "device");
    const char *numeric =
        json_string_value(json_object_get(estimate, "numerics"));
    const json_t *input = json_object_get(estimate, "input");

    ost_buf_addf(out, "%s, %s: %sflop/s, %s/s; a launch %s\n",
                 json_string_value(json_object_get(device, "title")), numeric,
                 ost_cell_scaled(c, number(device, "rates", numeric)),
                 ost_cell_bytes(c, json_number_value(
                                       json_object_get(device, "bandwidth"))),
                 ost_cell_seconds(
                     c, json_number_value(json_object_get(device, "launch"))));
    ost_buf_addf(
        out, "the batch on its way to the device: %s, %s, beside the step\n",
        ost_cell_bytes(c, json_number_value(json_object_get(input, "bytes"))),
        ost_cell_seconds(c,
                         json_number_value(json_object_get(input, "seconds"))));
}

static void add_totals(const ost_model_tree *t, ost_buf *out)
{
    const json_t *estimate = json_object_get(t->model, "estimate");
    ost_columns c = { .n = 5, .words = 1 };

    ost_buf_addc(out, '\n');
    ost_vec_push(&c.rows, (ost_columns_row){
                              { "", "flops", "moved", "launches", "time" } });
    add_training(&c, json_object_get(estimate, "training"));
    add_inference(&c, json_object_get(estimate, "inference"));
    ost_columns_print(&c, out);
    ost_buf_addc(out, '\n');
    add_ceilings(&c, estimate, out);
    add_memory(estimate, "training", "memory: a step takes", out);
    add_memory(estimate, "inference", "memory: a pass takes", out);
    ost_buf_adds(out,
                 "an estimate from ceilings of data sheets, not a measurement:"
                 "\nreal kernels reach a part of them\n");
    ost_columns_release(&c);
}

void ost_model_costs(const ost_model_tree *t, int depth, ost_buf *out)
{
    bool train = json_is_true(json_object_get(t->model, "train"));
    ost_columns c = { .n = train ? 9 : 7, .words = 1 };

    if (train)
        ost_vec_push(&c.rows, (ost_columns_row){ { "layer", "forward", "data",
                                                   "weights", "moved", "flop/B",
                                                   "n", "time", "bound" } });
    else
        ost_vec_push(&c.rows,
                     (ost_columns_row){ { "layer", "flops", "moved", "flop/B",
                                          "n", "time", "bound" } });
    for (size_t i = 0; i < t->n;) {
        bool box = ost_model_is_box(t, i, depth);

        add_node(&c, t, i, box, train);
        i = box ? t->nodes[i].end : i + 1;
    }
    ost_model_head(t, out);
    ost_columns_print(&c, out);
    add_totals(t, out);
    ost_columns_release(&c);
}

/* --- devices ----------------------------------------------------------- */

void ost_model_devices(const json_t *devices, ost_buf *out)
{
    static const char *const words[] = { "f32", "tf32", "bf16", "f16" };
    ost_columns c = { .n = 8, .words = 2 };
    const json_t *d;
    size_t i;

    ost_vec_push(&c.rows,
                 (ost_columns_row){ { "name", "device", "f32", "tf32", "bf16",
                                      "f16", "bytes/s", "memory" } });
    json_array_foreach(devices, i, d)
    {
        ost_columns_row r = ost_columns_empty();

        r.cells[0] = json_string_value(json_object_get(d, "name"));
        r.cells[1] = json_string_value(json_object_get(d, "title"));
        for (int k = 0; k < 4; k++)
            r.cells[2 + k] = ost_cell_scaled(&c, number(d, "rates", words[k]));
        r.cells[6] = ost_cell_scaled(
            &c, json_number_value(json_object_get(d, "bandwidth")));
        r.cells[7] =
            ost_cell_bytes(&c, json_number_value(json_object_get(d, "memory")));
        ost_vec_push(&c.rows, r);
    }
    ost_columns_print(&c, out);
    ost_columns_release(&c);
}
