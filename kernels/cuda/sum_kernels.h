/* kernels/cuda/sum_kernels.h - sums over pictures, in the CPU's order
 *
 * A row is summed by one thread from its first value to its last, and the rows
 * one after another: the additions of the CPU backend in its order, so that
 * the sums have its bits.  Rows are parallel, and a warp reads 32 of them in
 * tiles, so that this costs little.
 *
 * Each function launches on `stream` and returns the cudaError_t of that; it
 * does not wait.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_SUM_KERNELS_H
#define OST_KERNELS_CUDA_SUM_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of a row, or of all rows. */
typedef struct ost_cuda_tally {
    int64_t count;
    double min; /* of finite values */
    double max;
    double sum;
} ost_cuda_tally;

/* Counts finite values, their extremes and their sum; channels are rows of
 * their own, the first channel's rows first.  `rows` has room for h * c. */
int ost_cuda_tally_values(const ost_cuda_picture *in, ost_cuda_tally *rows,
                          ost_cuda_tally *all, void *stream);

/* Then the sum of the squared distances to the mean of `all`. */
int ost_cuda_tally_squares(const ost_cuda_picture *in,
                           const ost_cuda_tally *all, ost_cuda_tally *rows,
                           ost_cuda_tally *squares, void *stream);

/* Counts and sums the values where `mask` is set: one channel each. */
int ost_cuda_tally_marked(const ost_cuda_picture *mask,
                          const ost_cuda_picture *in, ost_cuda_tally *rows,
                          ost_cuda_tally *all, void *stream);

#ifdef __cplusplus
}
#endif

#endif
