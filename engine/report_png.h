/* engine/report_png.h - a figure as pixels */
#ifndef OST_ENGINE_REPORT_PNG_H
#define OST_ENGINE_REPORT_PNG_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the PNG of a figure's SVG, `scale` times as large.
 * OST_EUNSUPPORTED names the package of the library that is not there. */
ost_rc ost_report_png(const ost_buf *svg, double scale, ost_buf *png,
                      ost_err *err);

#endif
