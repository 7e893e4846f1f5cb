/* kernels/runs.h - masks as COCO has them: runs of pixels, and its outlines
 *
 * COCO counts pixels column by column: so many outside, so many inside, so
 * many outside ...  Its polygons are filled as its own tools fill them, which
 * is not how ImageDraw does (kernels/shapes.h).
 */
#ifndef OST_KERNELS_RUNS_H
#define OST_KERNELS_RUNS_H

#include "kernels/shapes.h"

/* Draws runs that are those of the whole canvas; OST_EINPUT when they are not
 * of as many pixels. */
ost_rc ost_draw_runs(ost_canvas *c, const uint32_t *runs, size_t n,
                     ost_err *err);

/* Fills a polygon of at least three points pixel for pixel as pycocotools 2.0
 * does. */
ost_rc ost_draw_outline(ost_canvas *c, const ost_point *p, size_t n,
                        ost_err *err);

/* Reads runs from their compressed text: `n` characters, at most `most` runs.
 * Returns how many, SIZE_MAX when the text is malformed or too long. */
size_t ost_runs_read(const char *text, size_t n, uint32_t *runs, size_t most);

#endif
