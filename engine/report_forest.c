/* engine/report_forest.c - numbers with their intervals, one below the other */
#include "engine/report_forest.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { ROW = 22, TOP = 8, WIDTH = 660, MOST_NAME = 190, VALUE = 190 };

/* The range that holds all ends, with room at both sides. */
static bool find_range(const ost_forest_row *rows, size_t n, double mark,
                       ost_plot *plot)
{
    double low = (double)INFINITY, high = -(double)INFINITY, step;

    for (size_t i = 0; i < n; i++) {
        const double v[3] = { rows[i].value, rows[i].lower, rows[i].upper };

        for (size_t k = 0; k < 3; k++)
            if (isfinite(v[k])) {
                low = fmin(low, v[k]);
                high = fmax(high, v[k]);
            }
    }
    if (low > high)
        return false;
    if (isfinite(mark)) {
        low = fmin(low, mark);
        high = fmax(high, mark);
    }
    if (!(high - low > 1e-9)) {
        low -= 0.5;
        high += 0.5;
    }
    step = ost_plot_step(high - low, 5);
    plot->x0 = floor(low / step + 1e-9) * step;
    plot->x1 = ceil(high / step - 1e-9) * step;
    return true;
}

static double name_width(const ost_forest_row *rows, size_t n)
{
    double widest = 40;

    for (size_t i = 0; i < n; i++)
        widest = fmax(widest, ost_text_width(rows[i].name, 12) + 10 +
                                  ost_text_width(rows[i].note, 11));
    return fmin(widest, MOST_NAME + 70);
}

static void add_value(ost_report_page *p, ost_report_figure *f,
                      const ost_forest_row *r, double x, double y)
{
    ost_buf text = { 0 };

    ost_number_text(&text, r->value, 3, false);
    if (isfinite(r->lower) && isfinite(r->upper)) {
        ost_buf_adds(&text, " (");
        ost_number_text(&text, r->lower, 3, false);
        ost_buf_adds(&text, r->lower < 0 ? " to " : "\xe2\x80\x93");
        ost_number_text(&text, r->upper, 3, false);
        ost_buf_addc(&text, ')');
    }
    ost_svg_text(&f->body, "tick", x, y, ost_buf_str(&text));
    ost_buf_release(&text);
    (void)p;
}

static void add_row(ost_report_page *p, ost_report_figure *f,
                    const ost_plot *plot, const ost_forest_row *r, double y)
{
    double note = ost_text_width(r->note, 11);
    double name = plot->left - 16 - note - 8;

    ost_svg_text(&f->body, r->pooled ? "bold" : "row", 0, y + 4,
                 ost_text_fit(&p->arena, r->name, 12, name));
    if (*r->note)
        ost_svg_text(&f->body, "tick end", plot->left - 14, y + 4, r->note);
    if (!isfinite(r->value)) {
        ost_svg_text(&f->body, "tick", plot->right + 12, y + 4, "\xe2\x80\x93");
        return;
    }
    if (isfinite(r->lower) && isfinite(r->upper))
        ost_svg_line(&f->body, r->pooled ? "reach pooled" : "reach",
                     ost_plot_x(plot, r->lower), y, ost_plot_x(plot, r->upper),
                     y);
    ost_svg_circle(&f->body, r->pooled ? "mark pooled" : "mark",
                   ost_plot_x(plot, r->value), y, r->pooled ? 5.5 : 4.5);
    add_value(p, f, r, plot->right + 12, y + 4);
}

/* Rows, and a line for each new group. */
static size_t count_lines(const ost_forest_row *rows, size_t n)
{
    size_t lines = n;

    for (size_t i = 0; i < n; i++)
        if (*rows[i].group &&
            (i == 0 || strcmp(rows[i - 1].group, rows[i].group) != 0))
            lines++;
    return lines;
}

ost_report_figure *ost_forest_make(ost_report_page *p, const char *id,
                                   const char *axis, double mark,
                                   const ost_forest_row *rows, size_t n)
{
    double height = TOP + ROW * (double)count_lines(rows, n);
    ost_plot plot = { .left = name_width(rows, n) + 16,
                      .right = WIDTH - VALUE,
                      .top = TOP,
                      .bottom = height };
    double y = TOP + ROW / 2.0;
    ost_report_figure *f;

    if (n == 0 || !find_range(rows, n, mark, &plot))
        return NULL;
    f = ost_figure_new(&p->arena, id, "",
                       "Each number as a point on its interval; the same "
                       "numbers stand in the table.",
                       "forest", WIDTH, height + 44);
    f->below = true;
    f->frame = "scroll";
    ost_plot_x_axis(&f->body, &plot, ost_plot_step(plot.x1 - plot.x0, 5), axis);
    if (isfinite(mark))
        ost_svg_line(&f->body, "chance", ost_plot_x(&plot, mark), plot.top,
                     ost_plot_x(&plot, mark), plot.bottom);
    for (size_t i = 0; i < n; i++) {
        if (*rows[i].group &&
            (i == 0 || strcmp(rows[i - 1].group, rows[i].group) != 0)) {
            ost_svg_text(
                &f->body, "name", 0, y + 4,
                ost_text_fit(&p->arena, rows[i].group, 12, plot.right));
            y += ROW;
        }
        add_row(p, f, &plot, &rows[i], y);
        y += ROW;
    }
    return f;
}
