/* engine/report_svg.h - lines, texts and axes of drawings */
#ifndef OST_ENGINE_REPORT_SVG_H
#define OST_ENGINE_REPORT_SVG_H

#include "base/buf.h"

#include <stddef.h>

/* A coordinate, with at most two digits behind the point. */
void ost_svg_number(ost_buf *out, double v);
/* Attributes in words: ost_svg_attr(out, "x", 3) is ` x="3"`. */
void ost_svg_attr(ost_buf *out, const char *name, double v);
void ost_svg_line(ost_buf *out, const char *class, double x0, double y0,
                  double x1, double y1);
/* <text>; `class` may hold several. */
void ost_svg_text(ost_buf *out, const char *class, double x, double y,
                  const char *text);
void ost_svg_rect(ost_buf *out, const char *class, double x, double y,
                  double width, double height, double round);
void ost_svg_circle(ost_buf *out, const char *class, double x, double y,
                    double radius);

/* Pixels of a plot: data x0..x1 to left..right, y0..y1 to bottom..top. */
typedef struct ost_plot {
    double left, right, top, bottom;
    double x0, x1, y0, y1;
} ost_plot;

double ost_plot_x(const ost_plot *plot, double x);
double ost_plot_y(const ost_plot *plot, double y);
/* A step of 1, 2 or 5 times a power of ten that divides `range` into at most
 * `most` parts. */
double ost_plot_step(double range, int most);
/* Grid lines, numbers and names of both axes. */
void ost_plot_axes(ost_buf *out, const ost_plot *plot, double x_step,
                   double y_step, const char *x_name, const char *y_name);
/* The x axis alone. */
void ost_plot_x_axis(ost_buf *out, const ost_plot *plot, double step,
                     const char *name);
/* <path> through the points, without those that would not be seen. */
void ost_plot_path(ost_buf *out, const ost_plot *plot, const char *class,
                   const double *x, const double *y, size_t n);

#endif
