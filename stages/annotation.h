/* stages/annotation.h - what people marked in a picture, to masks and boxes
 *
 * Readers of annotation files (labelme.h, coco.h) give shapes; shapes that
 * belong to one object share its number.  Drawn into an item they become a mask
 * for each label (`mask.LABEL`, 1 inside) and a box for each object: `boxes`,
 * with `boxes.label` (its place in the attribute boxes.labels, "a|b"),
 * `boxes.group` (the file's number for the group, -1 when it has none) and, of
 * COCO, `boxes.crowd`.
 */
#ifndef OST_STAGES_ANNOTATION_H
#define OST_STAGES_ANNOTATION_H

#include "kernels/shapes.h"
#include "stages/stage.h"

typedef enum ost_shape_kind {
    OST_SHAPE_POLYGON,
    OST_SHAPE_RECTANGLE, /* two corners */
    OST_SHAPE_CIRCLE,    /* center, a point of it */
    OST_SHAPE_LINE,      /* through all points */
    OST_SHAPE_POINT,     /* one or more */
    OST_SHAPE_BITMAP,    /* a PNG at the first point */
    OST_SHAPE_RUNS,      /* pixels that are out, in, out, ..., by columns */
    OST_SHAPE_OUTLINE,   /* a polygon as COCO fills it */
    OST_SHAPE_BOX,       /* marks no pixel */
} ost_shape_kind;

typedef struct ost_shape {
    ost_shape_kind kind;
    const char *label;
    size_t object;
    int64_t group; /* -1: none */
    bool crowd;
    const ost_point *points;
    size_t n_points;
    const uint32_t *runs;
    size_t n_runs;
    int64_t height; /* of the picture that the runs are of */
    int64_t width;
    const void *png;
    size_t png_size;
    bool has_box; /* else that of the pixels */
    double box[4];
} ost_shape;

typedef struct ost_annotation {
    ost_shape *shapes; /* those of an object next to each other or not */
    size_t n;
    size_t n_objects;
    int64_t height; /* of the picture, 0 when the file does not say */
    int64_t width;
    bool crowds; /* says of each object whether it is a crowd */
} ost_annotation;

typedef struct ost_drawing {
    ost_str_list labels; /* those that are taken, each with a mask; or all */
    int64_t line_width;
    int64_t point_size;
    int64_t max_pixels;
} ost_drawing;

/* Gives `item`, whose picture is height x width, the masks and boxes.  What
 * lies outside of the picture is left out, with its object; `*outside` says how
 * many objects that were.  OST_EINPUT when the annotation is of a picture of
 * another size, or a shape cannot be drawn. */
ost_rc ost_annotate(ost_stage_ctx *ctx, ost_item *item, const ost_annotation *a,
                    const ost_drawing *how, int64_t height, int64_t width,
                    size_t *outside, ost_err *err);

/* Draws one shape; a box alone draws nothing. */
ost_rc ost_shape_draw(const ost_shape *s, const ost_drawing *how, ost_canvas *c,
                      ost_err *err);

/* The name of the mask of a label: characters that have a meaning in file
 * names or patterns become '_'. */
const char *ost_mask_name(ost_arena *arena, const char *label);

#endif
