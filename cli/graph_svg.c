/* cli/graph_svg.c - the nodes of a workflow as a picture
 *
 * One file that any browser shows, light or dark, without scripts.  Layers go
 * from top to bottom.
 */
#include "base/text.h"
#include "cli/graph.h"
#include "cli/svg.h"
#include "engine/report_layout.h"

#include "base/banned.h"

enum { BOX_HEIGHT = 40, LAYER = 84, MARGIN = 20, CHARACTER = 8, PAD = 24 };

typedef struct {
    const ost_graph *g;
    ost_layout layout;
    double pitch; /* from the middle of one box to the next */
    double box;   /* width of a box */
} picture;

static double center_x(const picture *p, size_t v)
{
    return MARGIN + p->box / 2 + p->layout.v[v].place * p->pitch;
}

static double top_y(const picture *p, size_t v)
{
    return MARGIN + (double)p->layout.v[v].layer * LAYER;
}

static void measure(picture *p)
{
    size_t longest = 8;

    for (size_t i = 0; i < p->g->n_boxes; i++) {
        size_t name = ost_utf8_columns(p->g->boxes[i].name);
        size_t note = ost_utf8_columns(p->g->boxes[i].note);

        longest = name > longest ? name : longest;
        longest = note > longest ? note : longest;
    }
    p->box = (double)longest * CHARACTER + PAD;
    p->pitch = p->box + PAD;
}

/* From below one box, through its bends, to above another. */
static void add_edge(ost_buf *out, const picture *p, size_t edge)
{
    const ost_graph_edge *e = &p->g->edges[edge];
    double x = center_x(p, e->from), y = top_y(p, e->from) + BOX_HEIGHT;

    ost_buf_addf(out, "<path d=\"M%.1f,%.1f", x, y);
    for (size_t v = p->layout.n_nodes; v < p->layout.n; v++) {
        double bend_x, bend_y;

        if (p->layout.v[v].edge != edge)
            continue;
        bend_x = center_x(p, v);
        bend_y = top_y(p, v);
        ost_svg_curve(out, x, y, bend_x, bend_y);
        ost_buf_addf(out, " L%.1f,%.1f", bend_x, bend_y + BOX_HEIGHT);
        x = bend_x;
        y = bend_y + BOX_HEIGHT;
    }
    ost_svg_curve(out, x, y, center_x(p, e->to), top_y(p, e->to));
    ost_buf_adds(out, "\"/>\n");
}

static void add_box(ost_buf *out, const picture *p, size_t i)
{
    static const char *const classes[] = {
        [OST_GRAPH_NODE] = "node",
        [OST_GRAPH_SOURCE] = "source",
        [OST_GRAPH_OUTPUT] = "output",
    };
    const ost_graph_box *box = &p->g->boxes[i];
    double x = center_x(p, i), y = top_y(p, i);

    ost_buf_addf(out,
                 "<g class=\"%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                 "height=\"%d\" rx=\"6\"/>\n<text x=\"%.1f\" y=\"%.1f\">",
                 classes[box->kind], x - p->box / 2, y, p->box, BOX_HEIGHT, x,
                 y + 17);
    ost_buf_add_html(out, box->name);
    ost_buf_addf(out, "</text><text class=\"note\" x=\"%.1f\" y=\"%.1f\">", x,
                 y + 32);
    ost_buf_add_html(out, box->note);
    ost_buf_adds(out, "</text></g>\n");
}

static void add_head(ost_buf *out, const picture *p)
{
    double width = 2 * MARGIN + p->box + p->layout.width * p->pitch;
    double height =
        2 * MARGIN + (double)(p->layout.layers - 1) * LAYER + BOX_HEIGHT;

    ost_svg_begin(out, p->g->name, width, height, "");
}

void ost_graph_svg(const ost_graph *g, ost_buf *out)
{
    picture p = { .g = g };
    ost_arena arena = { 0 };
    ost_layout_edge *edges =
        OST_ARENA_ARRAY(&arena, ost_layout_edge, g->n_edges + 1);

    for (size_t i = 0; i < g->n_edges; i++)
        edges[i] = (ost_layout_edge){ g->edges[i].from, g->edges[i].to };
    if (!ost_layout_make(edges, g->n_edges, g->n_boxes, &arena, &p.layout))
        OST_BUG(); /* a workflow has no cycles */
    measure(&p);
    add_head(out, &p);
    for (size_t i = 0; i < g->n_edges; i++)
        add_edge(out, &p, i);
    for (size_t i = 0; i < g->n_boxes; i++)
        add_box(out, &p, i);
    ost_buf_adds(out, "</svg>\n");
    ost_arena_release(&arena);
}
