/* kernels/remap.h - images through maps that are no straight ones
 *
 * Images are those of kernels/image.h; so are exactness and errors.
 */
#ifndef OST_KERNELS_REMAP_H
#define OST_KERNELS_REMAP_H

#include "kernels/image.h"

/* Where each pixel comes from. */
typedef struct ost_remap_spec {
    const ost_tensor *map; /* f32 (h, w, 2): x and y of a pixel center */
    bool nearest;          /* takes the nearest pixel (masks); else bilinear */
    ost_border border;
    float fill;
} ost_remap_spec;

/* Fills `remapped` (h, w[, C]; type and channels of the image).  A place that
 * is no number counts as outside. */
ost_rc ost_cpu_remap(const ost_tensor *image, const ost_remap_spec *spec,
                     ost_tensor *remapped, ost_err *err);

#endif
