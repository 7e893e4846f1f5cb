/* kernels/cuda/fold_kernels.h - a large value taken together over some sides
 *
 * Number o of the small value is made of `length` numbers of the large one:
 * those at kept(o) + gone(r), 0 <= r < length, where kept() and gone() go
 * through sides by their strides, the last one fastest.
 */
#ifndef OST_KERNELS_CUDA_FOLD_KERNELS_H
#define OST_KERNELS_CUDA_FOLD_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_FOLD_SIDES = 6 };

typedef struct ost_fold_walk {
    int sides; /* at least 1 */
    int64_t side[OST_FOLD_SIDES];
    int64_t stride[OST_FOLD_SIDES];
} ost_fold_walk;

typedef struct ost_fold_args {
    const float *from;
    const float *times; /* as large: sums are of from times this; or NULL */
    float *to;
    int32_t *where; /* of highest: where in its item each stood */
    int64_t item;
    double scale; /* of sums */
    bool add;     /* sums are added to what is in `to` */
    int64_t outputs;
    int64_t length;
    ost_fold_walk kept;
    ost_fold_walk gone;
} ost_fold_args;

/* Each returns the cudaError_t of the launch on `stream` and does not wait.
 *     sum      scale times the sums, in double, in an order that shapes decide
 *     highest  the highest number, the first of equal ones; NaN wins */
int ost_cuda_launch_fold_sum(const ost_fold_args *fold, void *stream);
int ost_cuda_launch_fold_highest(const ost_fold_args *fold, void *stream);

#ifdef __cplusplus
}
#endif

#endif
