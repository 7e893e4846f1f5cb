/* kernels/morphology.h - what a shape sees when it is moved over an image
 *
 * Each pixel becomes the largest (dilate) or the smallest (erode) value under
 * a shape whose center lies on it; the rest is made of these two.  What lies
 * outside of the image has no say, so that borders do not erode.  Bit for bit
 * cv2.morphologyEx with its default border, and cv2.getStructuringElement.
 *
 * J. Serra, "Image Analysis and Mathematical Morphology", Academic Press, 1982.
 *
 * Images are those of kernels/image.h; so are exactness and errors.  Channels
 * are taken one by one.  NaN has no say either: where a shape sees nothing
 * else, the result is infinite.
 */
#ifndef OST_KERNELS_MORPHOLOGY_H
#define OST_KERNELS_MORPHOLOGY_H

#include "base/err.h"
#include "kernels/tensor.h"

typedef enum ost_morph_change {
    OST_MORPH_ERODE,
    OST_MORPH_DILATE,
    OST_MORPH_OPEN,     /* erode, then dilate */
    OST_MORPH_CLOSE,    /* dilate, then erode */
    OST_MORPH_GRADIENT, /* dilated minus eroded */
    OST_MORPH_TOPHAT,   /* image minus opened */
    OST_MORPH_BLACKHAT, /* closed minus image */
} ost_morph_change;

typedef enum ost_morph_shape {
    OST_MORPH_RECT,
    OST_MORPH_ELLIPSE, /* that fills the square */
    OST_MORPH_CROSS,   /* one row and one column */
} ost_morph_shape;

typedef struct ost_morph_spec {
    ost_morph_change change;
    ost_morph_shape shape;
    int size;       /* of the shape's square: odd, 1 .. 255 */
    int iterations; /* of each erosion and dilation: 1 .. 255 */
} ost_morph_spec;

/* Same shape and type; `out` may be the image itself. */
ost_rc ost_cpu_morphology(const ost_tensor *image, const ost_morph_spec *spec,
                          ost_tensor *out, ost_err *err);

#endif
