/* stages/geometry.h - the pictures and boxes of an item move together
 *
 * A geometric step says how a plane moves, and how a box.  Every picture of
 * the item goes through it (image, frames, masks, any other field that is
 * one), and so do the boxes, which lie in the item's lead picture
 * (ost_plane_lead): clipped to the new picture, and left out when nothing of
 * them is inside.  Fields `boxes.NAME` with a row per box keep the rows of the
 * boxes that stay.
 *
 * Boxes are x0, y0, x1, y1 in pixel edges: a whole picture is 0, 0, W, H.
 */
#ifndef OST_STAGES_GEOMETRY_H
#define OST_STAGES_GEOMETRY_H

#include "kernels/areas.h"
#include "kernels/image.h"
#include "stages/planes.h"

/* One step.  `user` is handed to both functions. */
typedef struct ost_geometry {
    /* The new size; 0, 0: each picture keeps its own. */
    int64_t height;
    int64_t width;
    /* Fills a plane (h, w[, c]) from one (H, W[, C]) of `field`; of frames,
     * one frame. */
    ost_rc (*plane)(void *user, const ost_field *field, const ost_tensor *in,
                    ost_tensor *out, ost_err *err);
    /* Where a box goes, before it is clipped. */
    void (*box)(void *user, const double from[4], double to[4]);
    void *user;
} ost_geometry;

/* Takes all pictures and boxes of `in` through the step into `out`, which was
 * derived from it.  OST_EINPUT when there is no picture. */
ost_rc ost_geometry_apply(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_geometry *g, ost_item *out, ost_err *err);

/* The step that shows each picture through a map (of output to input pixel
 * centers, as ost_cpu_warp() takes it): masks by the nearest pixel with 0
 * around them, whatever `spec` says. */
ost_rc ost_geometry_warp(ost_stage_ctx *ctx, const ost_item *in,
                         const ost_warp_spec *spec, int64_t height,
                         int64_t width, ost_item *out, ost_err *err);

/* The step that cuts a rectangle out: views, without a copied pixel, when it
 * lies inside of the picture; else what is outside is made as `mode` and
 * `fill` say (in masks it is 0).  All pictures have to be of one size. */
typedef struct ost_cut {
    ost_rect rect; /* in the lead picture; may begin above and left of it */
    ost_pad_mode mode;
    double fill;
} ost_cut;

ost_rc ost_geometry_cut(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_cut *cut, ost_item *out, ost_err *err);

/* The box around what becomes of a box under such a map. */
void ost_box_warp(const ost_affine *map, const double from[4], double to[4]);

/* The rectangle of an item's lead picture; OST_EINPUT when there is none. */
ost_rc ost_geometry_frame(const ost_item *item, ost_rect *frame, ost_err *err);

/* The same for an item all of whose pictures have to be of that size. */
ost_rc ost_geometry_one_size(const ost_item *item, ost_rect *frame,
                             ost_err *err);

/* What of `rect` lies in `frame`: of no height or width when nothing does. */
ost_rect ost_rect_clip(const ost_rect *rect, const ost_rect *frame);
/* The smallest rectangle that holds both; an empty one holds nothing. */
ost_rect ost_rect_unite(const ost_rect *a, const ost_rect *b);
bool ost_rect_is_empty(const ost_rect *rect);
bool ost_rect_inside(const ost_rect *rect, const ost_rect *frame);

#endif
