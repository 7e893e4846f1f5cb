/* kernels/stats/image_sets.h - how far apart two sets of images are
 *
 * A set is `n` rows of `d` numbers (features, or pixels), row by row.  C and
 * C++ both can read this header.  What is undefined, and what memory does not
 * suffice for, gives NaN.  The same bits on every machine; nothing here starts
 * threads, and everything may be called by several.
 */
#ifndef OST_KERNELS_STATS_IMAGE_SETS_H
#define OST_KERNELS_STATS_IMAGE_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fréchet distance of two normal distributions that have mean and covariance
 * (ddof 1) of the sets; n1, n2 >= 2.  Right also where there are fewer images
 * than features, though far too large then. */
double ost_frechet_distance(const double *a, size_t n1, const double *b,
                            size_t n2, size_t d);

/* Squared maximum mean discrepancy, unbiased, under the kernel
 * (x.y / d + 1)^3; n1, n2 >= 2.  May be negative. */
double ost_kernel_distance(const double *a, size_t n1, const double *b,
                           size_t n2, size_t d);

/* The kernel of every row of one set with every row of another: n1 rows of n2
 * values.  False when memory does not suffice. */
bool ost_kernel_table(const double *a, size_t n1, const double *b, size_t n2,
                      size_t d, double *table);

/* What distances of many subsets are read from. */
typedef struct ost_kernel_tables {
    size_t n1;
    size_t n2;
    const double *first;   /* n1 x n1 */
    const double *second;  /* n2 x n2 */
    const double *between; /* n1 x n2 */
} ost_kernel_tables;

/* ost_kernel_distance() of the `m` rows of the first set and the `m` rows of
 * the second that are listed, none of them twice; m >= 2. */
double ost_kernel_distance_in(const ost_kernel_tables *t, const uint32_t *a,
                              const uint32_t *b, size_t m);

/* The row of `rows` that is nearest to `query` (Euclidean), `skip` excepted
 * (SIZE_MAX: none), the first of several; n > 0 without `skip`.  Returns the
 * distance. */
double ost_nearest_row(const float *query, const float *rows, size_t n,
                       size_t d, size_t skip, size_t *index);

#ifdef __cplusplus
}
#endif

#endif
