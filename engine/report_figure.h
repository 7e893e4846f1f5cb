/* engine/report_figure.h - a drawing of a report, before it has a format
 *
 * The same elements become a drawing within a page, which takes the page's
 * colors and has its keys beside it as a list, and a file of its own, with
 * light colors and the keys below.  Elements are styled by class (the classes
 * of report_color.c).
 */
#ifndef OST_ENGINE_REPORT_FIGURE_H
#define OST_ENGINE_REPORT_FIGURE_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* A line of the list that says what is what.  `swatch` is SVG in a box of 22 by
 * 8; `value` and `small` may be "". */
typedef struct ost_figure_entry {
    const char *swatch;
    const char *name;
    const char *value;
    const char *small;
} ost_figure_entry;

typedef struct ost_report_figure {
    ost_arena *arena;
    const char *id;          /* "roc": the name of its file */
    const char *title;       /* shown above it */
    const char *description; /* for those who do not see it */
    const char *class;       /* of the drawing within a page */
    double width;
    double height;
    const char *frame; /* class of what is around it there, or "" */
    bool below;        /* the keys stand below it, side by side */
    ost_buf body;
    ost_figure_entry *keys;
    size_t n_keys;
    size_t room;
} ost_report_figure;

ost_report_figure *ost_figure_new(ost_arena *arena, const char *id,
                                  const char *title, const char *description,
                                  const char *class, double width,
                                  double height);
/* Texts are copied. */
void ost_figure_key(ost_report_figure *f, const char *swatch, const char *name,
                    const char *value, const char *small);
/* "fold 0: 0.934 (0.882-0.986)" of a key; in the arena. */
const char *ost_figure_key_text(const ost_report_figure *f, size_t i);
/* As a file: one <svg> that needs nothing else. */
void ost_figure_svg(ost_buf *out, const ost_report_figure *f);
/* Empties `body`; the rest goes with the arena. */
void ost_figure_release(ost_report_figure *f);

/* Width that a text takes at a size in pixels, never too small with the fonts
 * that are asked for. */
double ost_text_width(const char *text, double size);
/* The text, or what fits of it with an ellipsis; in the arena. */
const char *ost_text_fit(ost_arena *arena, const char *text, double size,
                         double width);

#endif
