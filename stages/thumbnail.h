/* stages/thumbnail.h - small pictures of fields, for people */
#ifndef OST_STAGES_THUMBNAIL_H
#define OST_STAGES_THUMBNAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "kernels/tensor.h"

#include <stdint.h>

/* Appends a PNG of a picture (H, W) or (H, W, C) of u8, u16 or f32, any
 * strides, no side longer than `side`; smaller ones keep their size.  Each
 * pixel is the mean of what it covers.  u8 keeps its values; others are
 * stretched from their smallest to their largest finite one.  Three channels
 * are colors; of any other number the first is shown, with
 * OST_THUMBNAIL_INVERSE high as dark. */
enum ost_thumbnail_flags { OST_THUMBNAIL_INVERSE = 1u << 0 };
ost_rc ost_thumbnail(const ost_tensor *t, int64_t side, unsigned flags,
                     ost_buf *png, int64_t *width, int64_t *height,
                     ost_err *err);

/* The same size for marks, to be laid over a picture: `color` where anything
 * of what the pixel covers is above 0, nothing elsewhere. */
ost_rc ost_thumbnail_marks(const ost_tensor *t, int64_t side,
                           const uint8_t color[3], ost_buf *png, ost_err *err);

#endif
