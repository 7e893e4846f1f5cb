/* cli/svg.h - pictures that any browser shows, light or dark, without scripts
 */
#ifndef OST_CLI_SVG_H
#define OST_CLI_SVG_H

#include "base/buf.h"

/* Appends the beginning of a picture: its size, its title and its colors, as
 * the variables --ink, --soft, --line, --node and --end; `styles` (may be "")
 * are further rules. */
void ost_svg_begin(ost_buf *out, const char *title, double width, double height,
                   const char *styles);
/* Goes on in a path from one point to another below it: leaves and arrives
 * upright. */
void ost_svg_curve(ost_buf *out, double x0, double y0, double x1, double y1);

#endif
