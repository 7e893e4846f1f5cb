/* tests/cudasim/blas.h - products as cuBLAS and cuBLASLt have them */
#ifndef OST_TESTS_CUDASIM_BLAS_H
#define OST_TESTS_CUDASIM_BLAS_H

#include "tests/cudasim/gemm.h"
#include "tests/cudasim/sim.h"

#include <cublas_v2.h>

namespace cudasim
{

typedef std::vector<float, Kept<float>> Values;

/* A batch of matrices in column-major order. */
struct Matrices {
    void *data = nullptr;
    Number type = Number::F32;
    int64_t rows = 0, columns = 0, ld = 0, stride = 0;
    bool transposed = false; /* rows and columns are those in memory */
};

/* What is done to a product on its way out. */
enum class End { NONE, RELU, GELU };

struct Product {
    Matrices a, b, c, d; /* d = end(alpha op(a) op(b) + beta c + bias) */
    int64_t m = 0, n = 0, k = 0, batch = 1;
    float alpha = 1, beta = 0;
    Number rounding = Number::F32; /* of the factors */
    End end = End::NONE;
    Matrices bias;              /* of m, added to each column */
    Matrices bias_gradient;     /* sums of op(a) or op(b) over k */
    bool gradient_of_a = false; /* else of b */
    Matrices mask;              /* bits: where RELU let a number pass */
    bool masks = false;         /* end undone: keep where the mask has 1 */
};

void run_product(const Product &product);
/* Fails the process where a call gives what a GPU would read past. */
void check_product(const Product &product, const char *call);
Number blas_number(cudaDataType type, const char *call);
Number blas_rounding(Number type, cublasComputeType_t compute);

} /* namespace cudasim */

#endif
