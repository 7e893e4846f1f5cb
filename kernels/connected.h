/* kernels/connected.h - the connected components of a mask
 *
 * A component is a set of pixels that hang together: over their four sides, or
 * over their corners too.  Components are numbered from 1 in raster order of
 * their first pixels (the top row first, and in it from the left), which is the
 * order of cv2.connectedComponents except for its default algorithm with 8
 * neighbors, which goes by blocks of 2 x 2 pixels.
 *
 * What is found stays apart from the mask, as runs of pixels in rows: labels,
 * masks of some of the components, and holes are made of it without looking at
 * the mask again.  Exact, on the calling thread.
 */
#ifndef OST_KERNELS_CONNECTED_H
#define OST_KERNELS_CONNECTED_H

#include "base/err.h"
#include "kernels/tensor.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ost_component {
    int64_t area; /* pixels */
    int32_t left; /* the box in pixel edges: left <= x < right */
    int32_t top;
    int32_t right;
    int32_t bottom;
    double center_x; /* mean of columns and of rows, as OpenCV's centroid */
    double center_y;
} ost_component;

/* Pixels begin <= x < end of a row, all of one component. */
typedef struct ost_run {
    int32_t begin;
    int32_t end;
    int32_t component; /* its number, from 1 on */
} ost_run;

typedef struct ost_components {
    int64_t height;
    int64_t width;
    int32_t count;
    ost_component *all; /* component number i is all[i - 1] */
    ost_run *runs;      /* row by row, from left to right */
    int64_t *row;       /* runs row[y] .. row[y + 1] - 1 lie in row y */
} ost_components;

enum ost_components_flags {
    OST_COMPONENTS_SIDES = 1u << 0, /* 4 neighbors instead of 8 */
    OST_COMPONENTS_ZEROS = 1u << 1, /* of the background: what is zero */
};

/* Finds the components of what is not zero in `mask`: (H, W) of u8, u16 or f32
 * with any strides.  Caller releases. */
ost_rc ost_cpu_components(const ost_tensor *mask, unsigned flags,
                          ost_components *c, ost_err *err);
/* Of a zeroed struct it is fine. */
void ost_components_release(ost_components *c);

/* Number of the largest component, the first of several; 0 when there is none.
 */
int32_t ost_components_largest(const ost_components *c);

/* True when a component reaches the first or last row or column. */
bool ost_components_at_border(const ost_components *c, int32_t number);

/* Writes the number of its component into each pixel, 0 elsewhere; `labels` is
 * (H, W) of i32. */
ost_rc ost_components_label(const ost_components *c, ost_tensor *labels,
                            ost_err *err);

/* Writes 0 into the pixels of the components i with chosen[i - 1]; `mask` is
 * (H, W) of u8, u16 or f32. */
ost_rc ost_components_erase(const ost_components *c, const bool *chosen,
                            ost_tensor *mask, ost_err *err);

/* Gives holes the value around them: the pixels of chosen components take the
 * value of the pixel above the component's first one.  A chosen component that
 * begins in row 0 is left as it is. */
ost_rc ost_components_fill(const ost_components *c, const bool *chosen,
                           ost_tensor *mask, ost_err *err);

#endif
