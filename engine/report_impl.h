/* engine/report_impl.h - what the parts of a report page share */
#ifndef OST_ENGINE_REPORT_IMPL_H
#define OST_ENGINE_REPORT_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/artifact.h"
#include "store/record.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_report_page {
    ost_buf *out;
    ost_arena arena;
    const json_t *doc;
    const ost_run_record *run; /* or NULL */
    json_t *run_meta;          /* object, or NULL */
    const ost_digest *digest;  /* of the report's artifact */
    const ost_artifact *artifact;
    ost_batch *batch;
    unsigned ids; /* handed out so far */
} ost_report_page;

/* --- parts, in the order of the page (one file each) -------------------- */

extern const char *const ost_report_style[]; /* lines, ended by NULL */

void ost_report_study(ost_report_page *p);
void ost_report_graph(ost_report_page *p);
void ost_report_published(ost_report_page *p);
void ost_report_numbers(ost_report_page *p, const json_t *metrics);
void ost_report_roc(ost_report_page *p, const json_t *metrics);
void ost_report_confusion(ost_report_page *p, const json_t *metrics);
void ost_report_training(ost_report_page *p);
ost_rc ost_report_examples(ost_report_page *p, ost_err *err);
void ost_report_origin(ost_report_page *p);

/* --- words and numbers -------------------------------------------------- */

/* A count, in groups of three digits. */
void ost_report_count(ost_buf *out, uint64_t n);
/* "1 image", "3 images". */
void ost_report_counted(ost_buf *out, uint64_t n, const char *one,
                        const char *many);
/* A rate with three digits; a dash that says why when it is undefined. */
void ost_report_rate(ost_buf *out, const json_t *v);
/* "0.889-0.955" (with an en dash), nothing when it is undefined. */
void ost_report_interval(ost_buf *out, const json_t *interval);
/* True when the metric is there and a number. */
bool ost_report_has(const json_t *set, const char *name);
/* Any scalar as text; arrays and objects as JSON.  Escaped. */
void ost_report_value(ost_buf *out, const json_t *v);
/* A name as a heading: "learning_rate" becomes "Learning rate". */
void ost_report_heading(ost_buf *out, const char *name);
/* The member as text, "" when there is none. */
const char *ost_report_text(const json_t *object, const char *name);
uint64_t ost_report_number(const json_t *object, const char *name);
/* "3 fold=0" of an entry's name and axes; `index` when it has neither. */
void ost_report_entry_name(ost_buf *out, const json_t *entry, size_t index);
/* True for a document as the stage `evaluate` writes it. */
bool ost_report_is_evaluation(const json_t *document);
/* Name of the axis that divides the items, "fold" as a rule. */
const char *ost_report_by(const json_t *document);

/* <section> with its heading, and its end. */
void ost_report_open(ost_report_page *p, const char *id, const char *title);
void ost_report_close(ost_report_page *p);

/* --- drawings ----------------------------------------------------------- */

/* <svg> of a size, with title and description for those who do not see it. */
void ost_svg_open(ost_report_page *p, const char *class, double width,
                  double height, const char *title, const char *description);
void ost_svg_close(ost_report_page *p);
/* A coordinate, with at most two digits behind the point. */
void ost_svg_number(ost_buf *out, double v);
/* Attributes in words: ost_svg_attr(out, "x", 3) is ` x="3"`. */
void ost_svg_attr(ost_buf *out, const char *name, double v);
void ost_svg_line(ost_buf *out, const char *class, double x0, double y0,
                  double x1, double y1);
/* <text>; `class` may hold several. */
void ost_svg_text(ost_buf *out, const char *class, double x, double y,
                  const char *text);

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
/* <path> through the points, without those that would not be seen. */
void ost_plot_path(ost_buf *out, const ost_plot *plot, const char *class,
                   const double *x, const double *y, size_t n);

/* Numbers of a JSON array, in the page's arena. */
double *ost_report_array(ost_report_page *p, const json_t *array, size_t *n);

/* How many colors there are for lines side by side: classes s0, s1, ... */
enum { OST_REPORT_COLORS = 8 };

#endif
