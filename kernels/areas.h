/* kernels/areas.h - parts of images: margins, and the area that is marked
 *
 * The rules of kernels/image.h hold: any strides, exact, on the calling thread.
 */
#ifndef OST_KERNELS_AREAS_H
#define OST_KERNELS_AREAS_H

#include "base/err.h"
#include "kernels/tensor.h"

#include <stdint.h>

/* A rectangle of pixels. */
typedef struct ost_rect {
    int64_t top;
    int64_t left;
    int64_t height;
    int64_t width;
} ost_rect;

typedef enum ost_pad_mode {
    OST_PAD_CONSTANT, /* `fill` around the image */
    OST_PAD_EDGE,     /* the nearest pixel of the image */
    OST_PAD_REFLECT,  /* mirrored at the outermost pixels, which are not
                         repeated; as often as it takes */
} ost_pad_mode;

typedef struct ost_pad_spec {
    int64_t top;  /* where the first row and column of `padded` lie in the */
    int64_t left; /* image: negative when there is a margin before it */
    ost_pad_mode mode;
    double fill; /* rounded half to even and saturated */
} ost_pad_spec;

/* Fills `padded` (any size, same type and channels), which may reach beyond
 * the image on any side, or lie wholly outside. */
ost_rc ost_cpu_pad(const ost_tensor *image, const ost_pad_spec *spec,
                   ost_tensor *padded, ost_err *err);

/* Sets `mask` (H, W) of u8 to 1 where a channel of the image (of any type) is
 * not 0 (NaN is not 0); elsewhere it stays as it is. */
ost_rc ost_cpu_mark(const ost_tensor *image, ost_tensor *mask, ost_err *err);

/* Copies the image where `mask` (H, W) of u8 is not 0 and writes `fill`
 * elsewhere; same type and shape. */
ost_rc ost_cpu_blank(const ost_tensor *image, const ost_tensor *mask,
                     double fill, ost_tensor *out, ost_err *err);

/* The smallest rectangle that holds every pixel with a channel that is not 0
 * (NaN is not 0); of no height and width when there is none. */
ost_rc ost_cpu_marked(const ost_tensor *image, ost_rect *rect, ost_err *err);

/* How many pixels have a channel that is not 0 (NaN is not 0). */
ost_rc ost_cpu_marked_count(const ost_tensor *image, int64_t *count,
                            ost_err *err);

/* Fades an image into the middle of another of its size, type and channels:
 *     blended = alpha * image + (1 - alpha) * blended
 *     alpha = cos(|i|^n pi / 2) * cos(|j|^n pi / 2)
 * with i and j from -1 to 1 over rows and columns, in double precision,
 * rounded half to even.  Where alpha is 0, along the border, nothing is
 * written; a side of one pixel is border.  n is 1 to 64. */
ost_rc ost_cpu_blend(const ost_tensor *image, int n, ost_tensor *blended,
                     ost_err *err);

/* What a mask marks: how many pixels, and the sum of an image's values there,
 * row by row in double precision. */
typedef struct ost_sum {
    int64_t count;
    double sum;
} ost_sum;

/* Both (H, W) of one size, u8, u16 or f32; a mask marks where it is not 0. */
ost_rc ost_cpu_marked_sum(const ost_tensor *mask, const ost_tensor *image,
                          ost_sum *sum, ost_err *err);

#endif
