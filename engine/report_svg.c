/* engine/report_svg.c - lines, texts and axes of the drawings in a report */
#include "engine/report_svg.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

void ost_svg_number(ost_buf *out, double v)
{
    char text[64];
    size_t n;

    snprintf(text, sizeof(text), "%.2f", isfinite(v) ? v : 0);
    n = strlen(text);
    while (text[n - 1] == '0')
        n--;
    if (text[n - 1] == '.')
        n--;
    text[n] = 0;
    ost_buf_adds(out, strcmp(text, "-0") == 0 ? "0" : text);
}

void ost_svg_attr(ost_buf *out, const char *name, double v)
{
    ost_buf_addf(out, " %s=\"", name);
    ost_svg_number(out, v);
    ost_buf_addc(out, '"');
}

void ost_svg_line(ost_buf *out, const char *class, double x0, double y0,
                  double x1, double y1)
{
    ost_buf_addf(out, "<line class=\"%s\"", class);
    ost_svg_attr(out, "x1", x0);
    ost_svg_attr(out, "y1", y0);
    ost_svg_attr(out, "x2", x1);
    ost_svg_attr(out, "y2", y1);
    ost_buf_adds(out, "/>\n");
}

void ost_svg_text(ost_buf *out, const char *class, double x, double y,
                  const char *text)
{
    ost_buf_addf(out, "<text class=\"%s\"", class);
    ost_svg_attr(out, "x", x);
    ost_svg_attr(out, "y", y);
    ost_buf_addc(out, '>');
    ost_buf_add_html(out, text);
    ost_buf_adds(out, "</text>\n");
}

void ost_svg_rect(ost_buf *out, const char *class, double x, double y,
                  double width, double height, double round)
{
    ost_buf_addf(out, "<rect class=\"%s\"", class);
    ost_svg_attr(out, "x", x);
    ost_svg_attr(out, "y", y);
    ost_svg_attr(out, "width", width);
    ost_svg_attr(out, "height", height);
    if (round > 0)
        ost_svg_attr(out, "rx", round);
    ost_buf_adds(out, "/>\n");
}

void ost_svg_circle(ost_buf *out, const char *class, double x, double y,
                    double radius)
{
    ost_buf_addf(out, "<circle class=\"%s\"", class);
    ost_svg_attr(out, "cx", x);
    ost_svg_attr(out, "cy", y);
    ost_svg_attr(out, "r", radius);
    ost_buf_adds(out, "/>\n");
}

/* --- plots -------------------------------------------------------------- */

double ost_plot_x(const ost_plot *plot, double x)
{
    return plot->left +
           (x - plot->x0) / (plot->x1 - plot->x0) * (plot->right - plot->left);
}

double ost_plot_y(const ost_plot *plot, double y)
{
    return plot->bottom -
           (y - plot->y0) / (plot->y1 - plot->y0) * (plot->bottom - plot->top);
}

double ost_plot_step(double range, int most)
{
    static const double nice[] = { 1, 2, 5, 10 };
    double power = 1e-9;

    while (power * 10 * most < range)
        power *= 10;
    for (size_t i = 0; i < sizeof(nice) / sizeof(nice[0]); i++) {
        if (range / (nice[i] * power) <= most + 1e-9)
            return nice[i] * power;
    }
    return 10 * power;
}

/* The number of a grid line, with the digits that its step needs. */
static void tick_text(char *text, size_t size, double v, double step)
{
    int digits = 0;

    while (digits < 6 && fabs(step - round(step)) > 1e-9) {
        step *= 10;
        digits++;
    }
    snprintf(text, size, "%s%.*f", v < 0 ? "\xe2\x88\x92" : "", digits,
             fabs(v));
}

void ost_plot_x_axis(ost_buf *out, const ost_plot *plot, double step,
                     const char *name)
{
    char text[64];

    for (double i = ceil(plot->x0 / step - 1e-9);
         i * step <= plot->x1 + 1e-9 * step; i++) {
        double x = ost_plot_x(plot, i * step);

        ost_svg_line(out, "grid", x, plot->top, x, plot->bottom);
        tick_text(text, sizeof(text), i * step, step);
        ost_svg_text(out, "tick mid", x, plot->bottom + 16, text);
    }
    ost_svg_line(out, "axis", plot->left, plot->bottom, plot->right,
                 plot->bottom);
    ost_svg_text(out, "name mid", (plot->left + plot->right) / 2,
                 plot->bottom + 36, name);
}

void ost_plot_axes(ost_buf *out, const ost_plot *plot, double x_step,
                   double y_step, const char *x_name, const char *y_name)
{
    double middle = (plot->top + plot->bottom) / 2;
    char text[64];

    for (double i = ceil(plot->y0 / y_step - 1e-9);
         i * y_step <= plot->y1 + 1e-9 * y_step; i++) {
        double y = ost_plot_y(plot, i * y_step);

        ost_svg_line(out, "grid", plot->left, y, plot->right, y);
        tick_text(text, sizeof(text), i * y_step, y_step);
        ost_svg_text(out, "tick end", plot->left - 7, y + 4, text);
    }
    ost_plot_x_axis(out, plot, x_step, x_name);
    ost_svg_line(out, "axis", plot->left, plot->top, plot->left, plot->bottom);
    if (!*y_name)
        return;
    ost_buf_adds(out, "<text class=\"name mid\" transform=\"translate(");
    ost_svg_number(out, 13);
    ost_buf_addc(out, ' ');
    ost_svg_number(out, middle);
    ost_buf_adds(out, ") rotate(-90)\">");
    ost_buf_add_html(out, y_name);
    ost_buf_adds(out, "</text>\n");
}

void ost_plot_path(ost_buf *out, const ost_plot *plot, const char *class,
                   const double *x, const double *y, size_t n)
{
    const double seen = 0.3; /* pixels */
    double last_x = 0, last_y = 0;
    bool pen = false;

    ost_buf_addf(out, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < n; i++) {
        double px, py;

        if (!isfinite(x[i]) || !isfinite(y[i])) {
            pen = false;
            continue;
        }
        px = ost_plot_x(plot, x[i]);
        py = ost_plot_y(plot, y[i]);
        if (pen && i + 1 < n && fabs(px - last_x) < seen &&
            fabs(py - last_y) < seen)
            continue;
        ost_buf_addc(out, pen ? 'L' : 'M');
        ost_svg_number(out, px);
        ost_buf_addc(out, ' ');
        ost_svg_number(out, py);
        pen = true;
        last_x = px;
        last_y = py;
    }
    ost_buf_adds(out, "\"/>\n");
}
