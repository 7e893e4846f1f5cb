/* engine/report_color.h - the colors of pages and figures
 *
 * Lines that stand side by side take the colors s0 to s7: Okabe and Ito's set,
 * darkened until each holds against white, and lightened against black.  They
 * stay apart for readers who see red and green alike.
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
    XX(s0, "#0069a8", "#6bb8f0")     \
    XX(s1, "#c24a00", "#f28a4a")     \
    XX(s2, "#00805c", "#3fc99f")     \
    XX(s3, "#9c3f82", "#dd93c6")     \
    XX(s4, "#8f6900", "#e2b43a")     \
    XX(s5, "#3c89b8", "#a8d8f5")     \
    XX(s6, "#6c6c6c", "#bdbdbd")     \
    XX(s7, "#5a3da8", "#a997f2")

/* "name: value; ..." of the light (or dark) colors, for a rule of a page. */
void ost_report_colors(ost_buf *out, bool dark);
/* Lines of style that figures need, with colors as var(--name); ended by NULL.
 */
extern const char *const ost_figure_style[];
/* The same with the light colors in their places, for a file of its own. */
void ost_figure_style_light(ost_buf *out);

#endif
