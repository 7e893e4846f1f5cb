/* stages/planes.h - the fields of an item that are pictures, plane by plane
 *
 * What a field is follows from its name and shape: `frames` is (T, H, W),
 * `mask` and `mask.NAME` hold class numbers that must not be mixed, (H, W) or
 * of frames (T, H, W), `boxes` is (N, 4) as x0, y0, x1, y1 in pixels (edges, so
 * that the whole image is 0, 0, W, H), `boxes.NAME` has a row for each, and any
 * other (H, W) or (H, W, C) of u8, u16 or f32 is an image.
 */
#ifndef OST_STAGES_PLANES_H
#define OST_STAGES_PLANES_H

#include "stages/stage.h"

typedef enum ost_plane_kind {
    OST_PLANE_NONE, /* no picture: carried along unchanged */
    OST_PLANE_IMAGE,
    OST_PLANE_MASK,
    OST_PLANE_FRAMES,
    OST_PLANE_MASKS, /* of frames */
    OST_PLANE_BOXES,
} ost_plane_kind;

ost_plane_kind ost_plane_kind_of(const ost_field *f);

/* (T, H, W), whose planes go through one by one. */
bool ost_plane_is_stack(ost_plane_kind kind);
/* One mask, or those of frames. */
bool ost_plane_is_mask(ost_plane_kind kind);

/* Height and width of a picture of that kind. */
int64_t ost_plane_height(ost_plane_kind kind, const int64_t *shape);
int64_t ost_plane_width(ost_plane_kind kind, const int64_t *shape);

/* The first image, frames or mask of an item, by whose size boxes are
 * understood ("image" if there is one); NULL when it has no picture. */
const ost_field *ost_plane_lead(const ost_item *item);

/* A rectangle of a picture as a view: the blob of the parent, so that no pixel
 * is copied; of frames, the same rectangle of each.  It lies inside. */
ost_field ost_plane_view(const ost_field *f, int64_t top, int64_t left,
                         int64_t height, int64_t width);

/* Frame `i` of a picture (T, H, W), borrowed of it. */
ost_tensor ost_plane_frame(const ost_tensor *t, int64_t i);

/* OST_EINPUT when a new field made of a picture of that kind would be taken for
 * something else by its name: a stack is called `frames` or as a mask, and a
 * single picture neither `frames` nor `boxes`. */
ost_rc ost_plane_check_name(ost_plane_kind kind, const ost_field *made,
                            ost_err *err);

/* How a plane becomes another: (H, W[, C]) to (h, w[, c]). */
typedef ost_rc (*ost_plane_body)(void *user, ost_plane_kind kind,
                                 const ost_tensor *in, ost_tensor *out,
                                 ost_err *err);

/* What the planes of a field become; what is left out stays as it is. */
typedef struct ost_plane_map {
    const char *to;  /* name of the new field; NULL: the same */
    ost_dtype dtype; /* 0: the same */
    int64_t height;  /* 0: the same height and width */
    int64_t width;
    bool drop_channels; /* (H, W, C) becomes (h, w) */
    ost_plane_body body;
    void *user;
} ost_plane_map;

/* Gives `out` a new field, made from field `from` of `in` by the body, which
 * is called once, or once a frame.  A missing field, or one that is no
 * picture, is OST_EINPUT by name (the framework says which item). */
ost_rc ost_map_planes(ost_stage_ctx *ctx, const ost_item *in, const char *from,
                      const ost_plane_map *map, ost_item *out, ost_err *err);

/* For a stage after which the high values of field `to` are bright, made from
 * `from` that may have been inverse (see store/artifact.h): edges, or an image
 * turned around.  The stage reads "attr:photometric". */
void ost_plane_upright(ost_stage_ctx *ctx, ost_item *out, const char *from,
                       const char *to);

/* Opens a field that has to be a picture; says of what kind. */
ost_rc ost_open_plane(ost_stage_ctx *ctx, const ost_item *item,
                      const char *name, ost_plane_kind *kind, ost_tensor *t,
                      ost_err *err);

/* Opens a mask, (H, W).  Of masks of frames it makes one, in the arena: what
 * any of them marks is 1. */
ost_rc ost_open_mask(ost_stage_ctx *ctx, const ost_item *item, const char *name,
                     ost_tensor *t, ost_err *err);

#endif
