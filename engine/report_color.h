/* engine/report_color.h - the colors of pages and figures
 *
 * Lines that stand side by side take the colors s0 to s7.  They began as Okabe
 * and Ito's, and were moved until each holds against the page and all stay
 * apart for readers who lack one of the three kinds of cones
 * (tests/golden/test_report_figures.py says by how much).
 *
 * How to add a color: one row; styles use it as var(--name).
 */
#ifndef OST_ENGINE_REPORT_COLOR_H
#define OST_ENGINE_REPORT_COLOR_H

#include "base/buf.h"

#include <stdbool.h>

/* name, on light pages and on paper, on dark pages */
#define OST_REPORT_COLOR_MAP(XX)     \
    XX(paper, "#ffffff", "#101418")  \
    XX(ink, "#15191e", "#e5e8eb")    \
    XX(soft, "#56606b", "#9ba5b0")   \
    XX(line, "#dde2e7", "#2b323a")   \
    XX(tint, "#f5f7f8", "#181d22")   \
    XX(accent, "#0b6a74", "#58c1c6") \
    XX(alarm, "#a33a12", "#f0996b")  \
    XX(s0, "#2951aa", "#7dbff8")     \
    XX(s1, "#c33e00", "#f28a4a")     \
    XX(s2, "#13a56a", "#52f291")     \
    XX(s3, "#9c3f82", "#c280af")     \
    XX(s4, "#c58501", "#f0d050")     \
    XX(s5, "#4e7cce", "#c8e6fa")     \
    XX(s6, "#5c5c5c", "#978e84")     \
    XX(s7, "#2c0cb6", "#a790fe")

/* "name: value; ..." of the light (or dark) colors, for a rule of a page. */
void ost_report_colors(ost_buf *out, bool dark);
/* Lines of style that figures need, with colors as var(--name); ended by NULL.
 */
extern const char *const ost_figure_style[];
/* The same with the light colors in their places, for a file of its own. */
void ost_figure_style_light(ost_buf *out);

#endif
