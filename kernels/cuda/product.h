/* kernels/cuda/product.h - products of matrices by cuBLASLt
 *
 * Matrices are plain row-major: an (r, c) matrix has r rows of c numbers.  A
 * product is
 *     d (rows, columns) = end(scale x y + d)      (the last if told to add)
 * where x is (rows, inner), or (inner, rows) read across; y is (inner,
 * columns), or (columns, inner) read across.  Sums are f32, and so is d.
 *
 * The algorithm is the first that the library's heuristic names for the shape
 * within the workspace, of those that add up in a fixed order: the same for a
 * version of the library on a kind of device.  `cuda-f32-tuned` takes the
 * fastest of several, measured once (kernels/tuning.h).  Private to
 * kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_PRODUCT_H
#define OST_KERNELS_CUDA_PRODUCT_H

#include "kernels/cuda/cuda.h"

/* What is done to the numbers of the product on their way. */
typedef enum ost_product_end {
    OST_PRODUCT_PLAIN,
    OST_PRODUCT_BIAS, /* d += bias[column] */
    OST_PRODUCT_RELU,
    OST_PRODUCT_BIAS_RELU,
    OST_PRODUCT_SUMS, /* bias[row] = the sum of row `row` of x */
} ost_product_end;

typedef struct ost_product_spec {
    int64_t rows;
    int64_t columns;
    int64_t inner;
    bool x_across;
    bool y_across;
    ost_product_end end;
    bool scaled; /* by a number in the memory of the device */
} ost_product_spec;

typedef struct ost_product {
    ost_product_spec spec;
    cublasLtMatmulDesc_t how;
    cublasLtMatrixLayout_t x;
    cublasLtMatrixLayout_t y;
    cublasLtMatrixLayout_t d;
    cublasLtMatmulAlgo_t algorithm;
} ost_product;

/* A zeroed `product`; OST_EUNSUPPORTED when the library cannot (an `end` that
 * it does not know for these types).  Released with ost_product_release() also
 * when this fails. */
ost_rc ost_product_init(ost_product *product, const ost_product_spec *spec,
                        ost_err *err);
void ost_product_release(ost_product *product);

/* The type that x and y have in this numeric class. */
cudaDataType_t ost_product_type(void);

/* `bias` is that of the end; NULL where it has none.  `scale`, of a scaled
 * product, points to { scale, 0, 1 } on the device. */
ost_rc ost_product_run(const ost_product *product, const void *x, const void *y,
                       float *d, bool add, const float *bias,
                       const float *scale, ost_err *err);

#endif
