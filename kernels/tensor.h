/* kernels/tensor.h - numbers in memory: element type, shape, strides
 *
 * A tensor is a small value that describes memory; copying it copies the
 * description.  Who owns the memory is said by whoever made the tensor.
 */
#ifndef OST_KERNELS_TENSOR_H
#define OST_KERNELS_TENSOR_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strides count elements, not bytes.  A field of an item is (H, W) or
 * (H, W, C), frames are (T, H, W), row by row. */
typedef struct ost_tensor {
    void *data;
    ost_dtype dtype;
    int ndim;
    int64_t shape[OST_MAX_DIMS];
    int64_t stride[OST_MAX_DIMS];
} ost_tensor;

/* A contiguous tensor over `data`, which stays the caller's. */
ost_tensor ost_tensor_of(void *data, ost_dtype dtype, int ndim,
                         const int64_t *shape);
/* Number of elements; -1 when the product overflows int64_t. */
int64_t ost_tensor_count(const ost_tensor *t);
bool ost_tensor_is_contiguous(const ost_tensor *t);
bool ost_tensor_same_shape(const ost_tensor *a, const ost_tensor *b);

#endif
