/* cli/model_svg.c - the layers of a network as a picture */
#include "base/err.h"
#include "cli/model_layout.h"
#include "cli/svg.h"

#include "base/banned.h"

static const double PORT_STUB = 0.5; /* a line ends on the edge of a group */

static void draw_group(const ost_model_layout *l, size_t node, ost_buf *out);

static double port_x(const ost_model_port *ports, size_t n, size_t source)
{
    for (size_t i = 0; i < n; i++)
        if (ports[i].source == source)
            return ports[i].x;
    OST_BUG();
}

/* The point below a child, or on the upper edge, from which a line goes. */
static void leave(const ost_model_layout *l, const ost_model_group *g,
                  const ost_model_link *link, double *x, double *y)
{
    const ost_model_place *p = &l->places[link->from.index];

    if (link->from.kind == OST_MODEL_IN) {
        *x = g->in.data[link->from.index].x;
        *y = g->tops[0];
        return;
    }
    *x = p->x + p->width / 2;
    *y = p->y + p->height;
    if (p->group)
        *x = port_x(p->group->out.data, p->group->out.len, link->source);
}

static void arrive(const ost_model_layout *l, const ost_model_group *g,
                   const ost_model_link *link, double *x, double *y)
{
    const ost_model_place *p = &l->places[link->to.index];

    if (link->to.kind == OST_MODEL_OUT) {
        *x = g->out.data[link->to.index].x;
        *y = g->bottoms[g->layout.layers - 1];
        return;
    }
    *x = p->x + p->width / 2;
    *y = p->y;
    if (p->group)
        *x = port_x(p->group->in.data, p->group->in.len, link->source);
}

/* The row in which a link begins. */
static size_t row_of(const ost_model_group *g, const ost_model_link *link)
{
    if (link->from.kind == OST_MODEL_IN)
        return 0;
    for (size_t i = 0; i < g->children.len; i++)
        if (g->children.data[i] == link->from.index)
            return g->layout.v[i].layer;
    OST_BUG();
}

static void draw_link(const ost_model_layout *l, const ost_model_place *around,
                      size_t index, ost_buf *out)
{
    const ost_model_group *g = around->group;
    const ost_model_link *link = &g->links.data[index];
    double x;
    double y;
    double end_x;
    double end_y;

    leave(l, g, link, &x, &y);
    arrive(l, g, link, &end_x, &end_y);
    ost_buf_addf(out, "<path d=\"M%.1f,%.1f", x,
                 link->from.kind == OST_MODEL_IN ? around->y + PORT_STUB : y);
    y = g->bottoms[row_of(g, link)];
    ost_buf_addf(out, " L%.1f,%.1f", x, y);
    for (size_t v = g->layout.n_nodes; v < g->layout.n; v++) {
        const ost_layout_vertex *bend = &g->layout.v[v];
        double bend_x = g->left + bend->place;

        if (bend->edge != index)
            continue;
        ost_svg_curve(out, x, y, bend_x, g->tops[bend->layer]);
        x = bend_x;
        y = g->bottoms[bend->layer];
        ost_buf_addf(out, " L%.1f,%.1f", x, y);
    }
    ost_svg_curve(out, x, y, end_x, end_y);
    if (link->to.kind == OST_MODEL_OUT)
        ost_buf_addf(out, " L%.1f,%.1f", end_x,
                     around->y + around->height - PORT_STUB);
    ost_buf_adds(out, "\"/>\n");
}

static void draw_box(const ost_model_layout *l, size_t box, ost_buf *out)
{
    const ost_model_place *p = &l->places[box];
    double middle = p->x + p->width / 2;

    ost_buf_addf(out,
                 "<g class=\"%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                 "height=\"%.1f\" rx=\"6\"/>\n<text x=\"%.1f\" y=\"%.1f\">",
                 box == l->input    ? "source"
                 : box == l->output ? "output"
                                    : "node",
                 p->x, p->y, p->width, p->height, middle, p->y + 17);
    ost_buf_add_html(out, box == l->input ? "input" : l->tree->nodes[box].name);
    ost_buf_addf(out, "</text><text class=\"note\" x=\"%.1f\" y=\"%.1f\">",
                 middle, p->y + 32);
    ost_model_add_note(l, box, out);
    ost_buf_adds(out, "</text></g>\n");
}

static void draw_inside(const ost_model_layout *l, const ost_model_place *p,
                        ost_buf *out)
{
    const ost_model_group *g = p->group;

    for (size_t i = 0; i < g->links.len; i++)
        draw_link(l, p, i, out);
    for (size_t i = 0; i < g->children.len; i++) {
        if (l->places[g->children.data[i]].group)
            draw_group(l, g->children.data[i], out);
        else
            draw_box(l, g->children.data[i], out);
    }
}

static void draw_group(const ost_model_layout *l, size_t node, ost_buf *out)
{
    const ost_model_place *p = &l->places[node];

    ost_buf_addf(out,
                 "<rect class=\"group\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                 "height=\"%.1f\" rx=\"8\"/>\n",
                 p->x, p->y, p->width, p->height);
    draw_inside(l, p, out);
    ost_buf_addf(out, "<text class=\"group\" x=\"%.1f\" y=\"%.1f\">", p->x + 8,
                 p->y + 15);
    ost_buf_add_html(out, l->tree->nodes[node].name);
    ost_buf_adds(out, "</text>\n");
}

void ost_model_svg(const ost_model_tree *t, int depth, ost_buf *out)
{
    ost_arena arena = { 0 };
    ost_model_layout l;

    ost_model_layout_make(t, depth, &arena, &l);
    ost_svg_begin(
        out, json_string_value(json_object_get(t->model, "name")),
        l.places[l.root].width, l.places[l.root].height,
        "rect.group { fill: var(--ink); fill-opacity: 0.03; "
        "stroke-dasharray: 4 3 }\n"
        "text.group { font-size: 11px; fill: var(--soft); text-anchor: start; "
        "stroke: var(--back); stroke-width: 3px; paint-order: stroke }\n"
        "svg { --back: #fff }\n"
        "@media (prefers-color-scheme: dark) { svg { --back: #14181f } }\n");
    draw_inside(&l, &l.places[l.root], out);
    ost_buf_adds(out, "</svg>\n");
    ost_model_layout_release(&l);
    ost_arena_release(&arena);
}
