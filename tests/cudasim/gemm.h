/* tests/cudasim/gemm.h - products of matrices, and numbers of fewer bits */
#ifndef OST_TESTS_CUDASIM_GEMM_H
#define OST_TESTS_CUDASIM_GEMM_H

#include <stdint.h>

namespace cudasim
{

/* c (m x n, rows of ldc) += a (m x k) b (k x n); element (i, j) of `a` lies at
 * i a_row + j a_column, likewise for `b`.  The order of sums depends on the
 * sizes alone. */
void gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row,
          int64_t a_column, const float *b, int64_t b_row, int64_t b_column,
          float *c, int64_t ldc);

enum class Number { F32, TF32, F16, BF16, F64, S32, S8, U8 };

float round_tf32(float value);
float from_half(uint16_t bits);
uint16_t to_half(float value);
float from_bfloat(uint16_t bits);
uint16_t to_bfloat(float value);

int64_t number_bytes(Number type);
/* `n` elements, `stride` apart in `data`. */
void numbers_get(const void *data, int64_t stride, int64_t n, Number type,
                 float *to);
void numbers_put(void *data, int64_t stride, int64_t n, Number type,
                 const float *from);
/* As if they had been stored in that type. */
void numbers_round(float *values, int64_t n, Number type);
/* Single elements; TF32 is stored as F32 and rounded when read. */
double number_get(const void *data, int64_t index, Number type);
void number_put(void *data, int64_t index, Number type, double value);

} /* namespace cudasim */

#endif
