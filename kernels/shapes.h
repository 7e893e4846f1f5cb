/* kernels/shapes.h - outlines to masks, pixel for pixel as Pillow draws them
 *
 * Annotation tools draw their outlines with Pillow's ImageDraw; these give the
 * same pixels as its version 9.4 does for the same numbers.  Coordinates are
 * truncated towards 0 first, as it does, and pixels are named by their upper
 * left corners.  What lies outside of the mask is cut off.
 *
 * OST_EINPUT when a coordinate is not within +-OST_SHAPE_REACH, an outline has
 * too few or too many points, or is so tangled that drawing it would take too
 * long.
 */
#ifndef OST_KERNELS_SHAPES_H
#define OST_KERNELS_SHAPES_H

#include "base/err.h"
#include "kernels/areas.h"
#include "kernels/tensor.h"

#include <stddef.h>

#define OST_SHAPE_REACH 1e6

enum {
    OST_SHAPE_POINTS = 1 << 20, /* most points of an outline */
    OST_SHAPE_ACROSS = 50000,   /* longest axis of an ellipse, in pixels */
    OST_SHAPE_WIDTH = 10000,    /* widest line */
};

typedef struct ost_point {
    double x;
    double y;
} ost_point;

/* Where shapes are drawn: `mask` is (H, W) of u8 whose rows are contiguous,
 * `value` what their pixels become.  `drawn` grows to hold what was drawn; the
 * caller empties it (all 0) before an object. */
typedef struct ost_canvas {
    ost_tensor mask;
    uint8_t value;
    ost_rect drawn;
} ost_canvas;

/* polygon(xy, outline=1, fill=1): the area with its outline. */
ost_rc ost_draw_polygon(ost_canvas *c, const ost_point *p, size_t n,
                        ost_err *err);
/* rectangle(xy, outline=1, fill=1), of any two corners. */
ost_rc ost_draw_rectangle(ost_canvas *c, ost_point a, ost_point b,
                          ost_err *err);
/* ellipse(xy, outline=1, fill=1) of the box around a circle; nothing at all
 * when the box has no extent. */
ost_rc ost_draw_circle(ost_canvas *c, ost_point center, double radius,
                       ost_err *err);
/* line(xy, fill=1, width=w) through all points; `width` is at least 2. */
ost_rc ost_draw_line(ost_canvas *c, const ost_point *p, size_t n, int width,
                     ost_err *err);

/* Sets the pixels of `bits` (h, w) of u8 that are not 0, its upper left corner
 * at a point, as a slice of NumPy would. */
ost_rc ost_draw_bitmap(ost_canvas *c, ost_point at, const ost_tensor *bits,
                       ost_err *err);

/* What all of them refuse, and how `drawn` grows: for other shapes. */
ost_rc ost_shape_check(const ost_canvas *c, const ost_point *p, size_t n,
                       size_t fewest, ost_err *err);
void ost_canvas_note(ost_canvas *c, const ost_rect *part);

#endif
