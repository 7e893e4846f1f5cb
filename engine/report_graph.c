/* engine/report_graph.c - the workflow as a drawing, from the run's record */
#include "base/text.h"
#include "base/vec.h"
#include "engine/report_impl.h"
#include "engine/report_layout.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_NODES = 80 };

typedef struct {
    const char *name;
    const char *stage;
    uint64_t instances;
    uint64_t verdicts[4]; /* steps by ost_run_verdict */
    double seconds;
} node;

typedef struct {
    node *nodes;
    size_t n;
    ost_layout_edge *edges;
    size_t n_edges;
    ost_layout layout;
} graph;

/* Sizes of a drawing: layers go to the right, or down. */
typedef struct {
    bool down;
    double box_w, box_h;
    double along;  /* from layer to layer */
    double across; /* from place to place */
    double margin;
} sizes;

static const sizes rightward = { .down = false,
                                 .box_w = 88,
                                 .box_h = 40,
                                 .along = 106,
                                 .across = 56,
                                 .margin = 2 };
static const sizes downward = { .down = true,
                                .box_w = 112,
                                .box_h = 40,
                                .along = 66,
                                .across = 126,
                                .margin = 2 };

/* --- reading ------------------------------------------------------------ */

static size_t find_node(const graph *g, const char *name)
{
    size_t n = strcspn(name, ".[");

    for (size_t i = 0; i < g->n; i++) {
        if (strlen(g->nodes[i].name) == n &&
            memcmp(g->nodes[i].name, name, n) == 0)
            return i;
    }
    return g->n;
}

static void read_edges(const json_t *nodes, ost_arena *arena, graph *g)
{
    size_t room = 0;

    for (size_t i = 0; i < g->n; i++)
        room +=
            json_array_size(json_object_get(json_array_get(nodes, i), "in"));
    g->edges = OST_ARENA_ARRAY(arena, ost_layout_edge, room + 1);
    for (size_t i = 0; i < g->n; i++) {
        const json_t *in = json_object_get(json_array_get(nodes, i), "in");

        for (size_t k = 0; k < json_array_size(in); k++) {
            const char *name = json_string_value(json_array_get(in, k));
            size_t from = name ? find_node(g, name) : g->n;
            bool known = from == g->n;

            for (size_t e = 0; e < g->n_edges; e++)
                known |= g->edges[e].from == from && g->edges[e].to == i;
            if (!known)
                g->edges[g->n_edges++] = (ost_layout_edge){ from, i };
        }
    }
}

static void read_steps(const ost_run_record *run, graph *g)
{
    for (size_t i = 0; i < run->n_steps; i++) {
        const ost_run_step *s = &run->steps[i];
        size_t k = find_node(g, s->name);

        if (k == g->n)
            continue;
        if (s->verdict < 4)
            g->nodes[k].verdicts[s->verdict]++;
        if (s->verdict == OST_RUN_RAN)
            g->nodes[k].seconds += s->seconds;
    }
}

static bool read_graph(ost_report_page *p, const json_t *nodes, graph *g)
{
    g->n = json_array_size(nodes);
    g->nodes = OST_ARENA_ARRAY(&p->arena, node, g->n);
    for (size_t i = 0; i < g->n; i++) {
        const json_t *one = json_array_get(nodes, i);

        g->nodes[i].name = ost_report_text(one, "name");
        g->nodes[i].stage = ost_report_text(one, "stage");
        g->nodes[i].instances = ost_report_number(one, "instances");
    }
    read_edges(nodes, &p->arena, g);
    read_steps(p->run, g);
    return ost_layout_make(g->edges, g->n_edges, g->n, &p->arena, &g->layout);
}

/* --- drawing ------------------------------------------------------------ */

/* Upper left corner of a vertex's box. */
static void corner(const sizes *s, const ost_layout_vertex *v, double *x,
                   double *y)
{
    double along = s->margin + s->along * (double)v->layer;
    double across = s->margin + s->across * v->place;

    *x = s->down ? across : along;
    *y = s->down ? along : across;
}

static void add_point(ost_buf *out, char command, double x, double y)
{
    if (command)
        ost_buf_addc(out, command);
    ost_svg_number(out, x);
    ost_buf_addc(out, ' ');
    ost_svg_number(out, y);
}

/* Middle of the side at which edges leave (`end`) or enter a vertex. */
static void side(const sizes *s, const ost_layout_vertex *v, bool end,
                 double *x, double *y)
{
    corner(s, v, x, y);
    *x += s->down ? s->box_w / 2 : end ? s->box_w : 0;
    *y += s->down ? (end ? s->box_h : 0) : s->box_h / 2;
}

static void add_hop(ost_buf *out, const sizes *s, const ost_layout_vertex *a,
                    const ost_layout_vertex *b)
{
    double x0, y0, x1, y1;

    side(s, a, true, &x0, &y0);
    side(s, b, false, &x1, &y1);
    add_point(out, 'C', s->down ? x0 : (x0 + x1) / 2,
              s->down ? (y0 + y1) / 2 : y0);
    add_point(out, ' ', s->down ? x1 : (x0 + x1) / 2,
              s->down ? (y0 + y1) / 2 : y1);
    add_point(out, ' ', x1, y1);
}

static void add_edge(ost_buf *out, const graph *g, const sizes *s, size_t e)
{
    const ost_layout_vertex *v = g->layout.v, *last = &v[g->edges[e].from];
    const ost_layout_vertex *to = &v[g->edges[e].to];
    double x, y;

    ost_buf_adds(out, "<path class=\"edge\" d=\"");
    side(s, last, true, &x, &y);
    add_point(out, 'M', x, y);
    for (size_t i = g->n; i < g->layout.n; i++) {
        if (v[i].edge != e)
            continue;
        add_hop(out, s, last, &v[i]);
        side(s, &v[i], true, &x, &y);
        add_point(out, 'L', x, y);
        last = &v[i];
    }
    add_hop(out, s, last, to);
    side(s, to, false, &x, &y);
    ost_buf_adds(out, "\"/><path class=\"head\" d=\"");
    add_point(out, 'M', x, y);
    add_point(out, 'L', x - (s->down ? 3 : 6), y - (s->down ? 6 : 3));
    add_point(out, 'L', x + (s->down ? 3 : -6), y - (s->down ? 6 : -3));
    ost_buf_adds(out, "Z\"/>\n");
}

static const char *state_of(const node *n)
{
    if (n->verdicts[OST_RUN_FAILED] > 0)
        return "failed";
    if (n->verdicts[OST_RUN_SKIPPED] > 0)
        return "skipped";
    if (n->verdicts[OST_RUN_RAN] > 0)
        return "ran";
    return n->verdicts[OST_RUN_CACHED] > 0 ? "cached" : "given";
}

static void add_tooltip(ost_buf *out, const node *n)
{
    char time[32];

    ost_buf_adds(out, "<title>");
    ost_buf_add_html(out, n->name);
    ost_buf_adds(out, ": stage ");
    ost_buf_add_html(out, n->stage);
    if (strcmp(state_of(n), "given") != 0)
        ost_buf_addf(out, ", %llu ran, %llu cached",
                     (unsigned long long)n->verdicts[OST_RUN_RAN],
                     (unsigned long long)n->verdicts[OST_RUN_CACHED]);
    if (n->verdicts[OST_RUN_RAN] > 0)
        ost_buf_addf(out, ", %s", ost_human_seconds(time, n->seconds));
    ost_buf_adds(out, "</title>");
}

/* "train x 3", of which the stage gives way. */
static const char *stage_text(ost_arena *arena, const node *n, double width)
{
    const char *times =
        n->instances > 1 ? ost_arena_printf(arena, " \xc3\x97\xe2\x80\x89%llu",
                                            (unsigned long long)n->instances)
                         : "";

    return ost_arena_printf(
        arena, "%s%s",
        ost_text_fit(arena, n->stage, 11, width - ost_text_width(times, 11)),
        times);
}

static void add_box(ost_buf *out, ost_arena *arena, const graph *g,
                    const sizes *s, size_t i)
{
    const node *n = &g->nodes[i];
    double x, y;

    corner(s, &g->layout.v[i], &x, &y);
    ost_buf_addf(out, "<g class=\"node %s\">", state_of(n));
    add_tooltip(out, n);
    ost_buf_adds(out, "<rect rx=\"5\"");
    ost_svg_attr(out, "x", x);
    ost_svg_attr(out, "y", y);
    ost_svg_attr(out, "width", s->box_w);
    ost_svg_attr(out, "height", s->box_h);
    ost_buf_adds(out, "/>");
    ost_svg_text(out, "mid", x + s->box_w / 2, y + 17,
                 ost_text_fit(arena, n->name, 13, s->box_w - 6));
    ost_svg_text(out, "mid sub", x + s->box_w / 2, y + 31,
                 stage_text(arena, n, s->box_w - 6));
    ost_buf_adds(out, "</g>\n");
}

static void add_legend(ost_report_figure *f, const graph *g)
{
    static const struct {
        const char *state;
        const char *words;
    } rows[] = {
        { "given", "given" },
        { "ran", "computed in this run" },
        { "cached", "taken from the store" },
        { "failed", "failed" },
        { "skipped", "not reached" },
    };

    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        bool any = false;

        for (size_t i = 0; i < g->n; i++)
            any |= strcmp(state_of(&g->nodes[i]), rows[r].state) == 0;
        if (any)
            ost_figure_key(
                f,
                ost_arena_printf(f->arena,
                                 "<g class=\"node %s\"><rect x=\"1\" y=\"-1\" "
                                 "width=\"20\" height=\"10\" rx=\"2\"/></g>",
                                 rows[r].state),
                rows[r].words, "", "");
    }
}

static void add_drawing(ost_report_page *p, const graph *g, const sizes *s,
                        const char *id, const char *frame)
{
    ost_report_figure *f;
    double along = s->along * (double)(g->layout.layers - 1) +
                   (s->down ? s->box_h : s->box_w) + 2 * s->margin;
    double across = s->across * g->layout.width +
                    (s->down ? s->box_w : s->box_h) + 2 * s->margin;

    f = ost_figure_new(&p->arena, id, "",
                       "Nodes and the edges along which data moved. Every step "
                       "is listed under provenance.",
                       "drawing", s->down ? across : along,
                       s->down ? along : across);
    f->below = true;
    f->frame = frame;
    for (size_t e = 0; e < g->n_edges; e++)
        add_edge(&f->body, g, s, e);
    for (size_t i = 0; i < g->n; i++)
        add_box(&f->body, f->arena, g, s, i);
    add_legend(f, g);
    ost_report_figure_put(p, f);
}

void ost_report_graph(ost_report_page *p)
{
    const json_t *nodes =
        json_object_get(json_object_get(p->run_meta, "graph"), "nodes");
    size_t n = json_array_size(nodes);
    graph g = { 0 };

    if (!p->run || n == 0)
        return;
    if (n > MOST_NODES) {
        ost_report_open(p, "workflow", "The workflow");
        ost_report_paragraph(
            p, "",
            ost_arena_printf(&p->arena,
                             "%zu nodes are too many for a drawing; 'osteon "
                             "graph' shows them.",
                             n));
        ost_report_close(p);
        return;
    }
    if (!read_graph(p, nodes, &g))
        return;
    ost_report_open(p, "workflow", "The workflow");
    add_drawing(p, &g, &rightward, "workflow", "graph right");
    if (ost_report_is_html(p))
        add_drawing(p, &g, &downward, "workflow-down", "graph down");
    ost_report_close(p);
}
