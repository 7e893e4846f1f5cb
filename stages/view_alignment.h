/* stages/view_alignment.h - where a body lies in two opposite views
 *
 * The view from behind shows the mirror image.  The first and the last row and
 * column with uptake say where the body is; the map puts the view from behind
 * onto the one in front.
 */
#ifndef OST_STAGES_VIEW_ALIGNMENT_H
#define OST_STAGES_VIEW_ALIGNMENT_H

#include "kernels/areas.h"
#include "kernels/image.h"

/* The rectangle from the first to the last row and column that have `pixels`
 * pixels above `theta` times the 99th percentile of the image (above 0 when
 * that is below); empty when there is none. */
ost_rc ost_uptake_box(const ost_tensor *image, double theta, int64_t pixels,
                      ost_rect *box, ost_err *err);

typedef enum ost_view_align {
    OST_VIEW_ALIGN_NONE,      /* mirrored alone */
    OST_VIEW_ALIGN_TRANSLATE, /* by the difference of the centers, in whole
                                 pixels */
    OST_VIEW_ALIGN_SCALE,     /* one rectangle onto the other */
} ost_view_align;

/* The map from pixels of the view in front to those of the view from behind,
 * which is `back_width` wide, that shows the latter mirrored and aligned.  The
 * rectangles are those of the two views as they are stored; empty ones are not
 * aligned. */
ost_affine ost_view_map(ost_view_align align, const ost_rect *front,
                        const ost_rect *back, int64_t back_width);

#endif
