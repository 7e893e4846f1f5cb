/* kernels/cuda/spread_kernels.h - small values beside a large one
 *
 * The large value has up to OST_SPREAD_SIDES sides, of which each small one has
 * all, or 1 place where the large one has several; with a stride of 0 there,
 * every number of the large value meets one of it.
 */
#ifndef OST_KERNELS_CUDA_SPREAD_KERNELS_H
#define OST_KERNELS_CUDA_SPREAD_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_SPREAD_SIDES = 6, OST_SPREAD_INPUTS = 33 };

/* out = scale * (the sum, or the product, of what its numbers meet in `in`, in
 * their order).  With `where` only those numbers of the large value count that
 * are the where-th of their item, of `item` numbers; others are 0. */
typedef struct ost_spread_args {
    float *out;
    int64_t count;
    int sides;
    int64_t side[OST_SPREAD_SIDES];
    bool multiply;
    bool add; /* to what is in `out` */
    float scale;
    const int32_t *where; /* lies as in[0] does; or NULL */
    int64_t item;
    int inputs;
    const float *in[OST_SPREAD_INPUTS];
    int64_t stride[OST_SPREAD_INPUTS][OST_SPREAD_SIDES];
} ost_spread_args;

/* Returns the cudaError_t of the launch on `stream` and does not wait. */
int ost_cuda_launch_spread(const ost_spread_args *spread, void *stream);

#ifdef __cplusplus
}
#endif

#endif
