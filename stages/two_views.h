/* stages/two_views.h - the pictures of both views of an exam become one
 *
 * Everything is in the place of the view in front; of an exam with the view
 * from behind alone, in that of its mirror image.
 */
#ifndef OST_STAGES_TWO_VIEWS_H
#define OST_STAGES_TWO_VIEWS_H

#include "stages/geometry.h"
#include "stages/view_alignment.h"

/* An exam with what is known of its views; one of them may be missing. */
typedef struct ost_two_views {
    const ost_item *front;
    const ost_item *back;
    ost_tensor front_image;
    ost_tensor back_image;
    const ost_backend *images; /* what computes */
    ost_affine map; /* shows the view from behind in the place of the other */
    bool aligned;
} ost_two_views;

typedef enum ost_view_combine {
    OST_VIEW_ADD,
    OST_VIEW_MEAN,
    OST_VIEW_MAX,
} ost_view_combine;

/* Opens the images of the views that are there and finds the map.  What is
 * uptake, and how it is aligned, as stages/view_alignment.h has it. */
ost_rc ost_two_views_open(ost_stage_ctx *ctx, ost_two_views *v, double theta,
                          int64_t pixels, ost_view_align align, ost_err *err);

/* Gives `out` its image, f32 or u16 (OST_EINPUT when a value does not fit). */
ost_rc ost_two_views_image(ost_stage_ctx *ctx, const ost_two_views *v,
                           ost_view_combine combine, ost_dtype dtype,
                           ost_item *out, ost_err *err);
/* The masks of both, united name by name, and the boxes behind each other. */
ost_rc ost_two_views_masks(ost_stage_ctx *ctx, const ost_two_views *v,
                           ost_item *out, ost_err *err);
ost_rc ost_two_views_boxes(ost_stage_ctx *ctx, const ost_two_views *v,
                           ost_item *out, ost_err *err);

#endif
