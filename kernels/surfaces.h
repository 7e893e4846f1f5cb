/* kernels/surfaces.h - how far the outlines of two masks are apart
 *
 * A mask is H x W bytes, row by row, marked where not 0.  Its outline is the
 * marked pixels with an unmarked one above, below, left or right of them;
 * outside of the picture nothing is marked (MONAI's and MedPy's rule in 2-D).
 * Distances are Euclidean between the centers of pixels, which lie `spacing_y`
 * and `spacing_x` apart.  Exact but for the rounding of doubles.
 */
#ifndef OST_KERNELS_SURFACES_H
#define OST_KERNELS_SURFACES_H

#include <stddef.h>
#include <stdint.h>

typedef struct ost_grid {
    int64_t height;
    int64_t width;
    double spacing_y;
    double spacing_x;
} ost_grid;

/* Writes 1 into `outline` where the mask has its outline, 0 elsewhere; returns
 * how many pixels that is. */
size_t ost_mask_outline(const ost_grid *g, const uint8_t *mask,
                        uint8_t *outline);

/* The squared distance of each pixel to the nearest marked one, infinite when
 * none is marked (Felzenszwalb and Huttenlocher 2012, Meijster et al. 2000). */
void ost_distance_squared(const ost_grid *g, const uint8_t *marked,
                          double *squared);

/* The distance of each pixel of outline `from` to the nearest one of outline
 * `to`, in raster order: distance[i] for as many as `from` has.  `room` holds
 * H x W numbers. */
void ost_outline_distances(const ost_grid *g, const uint8_t *from,
                           const uint8_t *to, double *room, double *distance);

#endif
