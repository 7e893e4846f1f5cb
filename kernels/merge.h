/* kernels/merge.h - pictures that overlap become one
 *
 * The rules of kernels/image.h hold: any strides, exact, on the calling thread.
 */
#ifndef OST_KERNELS_MERGE_H
#define OST_KERNELS_MERGE_H

#include "base/err.h"
#include "kernels/tensor.h"

#include <stddef.h>
#include <stdint.h>

/* A picture (h, w[, c]) and where its first pixel lies in the whole. */
typedef struct ost_merge_part {
    ost_tensor image;
    int64_t top;
    int64_t left;
} ost_merge_part;

typedef enum ost_merge_method {
    OST_MERGE_MEAN,
    OST_MERGE_MAX,      /* NaN only where there is nothing else */
    OST_MERGE_WEIGHTED, /* a part's pixel weighs its distance to the nearest
                           side of the part: 1 in the outermost row */
    OST_MERGE_VOTE,     /* the value that most parts have, of two such values
                           the smaller one */
} ost_merge_method;

typedef struct ost_merge {
    const ost_merge_part *parts; /* all of one type and number of channels */
    size_t n;
    ost_merge_method method;
    double fill; /* of pixels that no part has */
} ost_merge;

/* Pixels that no part has, and the first of them. */
typedef struct ost_merge_gap {
    int64_t count;
    int64_t y;
    int64_t x;
} ost_merge_gap;

/* Fills `whole` (the type of the parts, or f32), rounded half to even.  Parts
 * may reach beyond it.  Where all parts agree, that is the result, bit for
 * bit. */
ost_rc ost_cpu_merge(const ost_merge *merge, ost_tensor *whole,
                     ost_merge_gap *gap, ost_err *err);

#endif
