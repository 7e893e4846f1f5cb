/* kernels/cuda/pooling_kernels.h - kernels of pooling with one to three spatial
 * sides
 *
 * Each launcher returns the cudaError_t of its launches on `stream` and does
 * not wait.
 */
#ifndef OST_KERNELS_CUDA_POOLING_KERNELS_H
#define OST_KERNELS_CUDA_POOLING_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_POOL_SIDES = 3 };

/* Sides are counted from the last; those that are missing are 1. */
typedef struct ost_pool_side {
    int32_t in;
    int32_t out;
    int32_t kernel;
    int32_t stride;
    int32_t padding;
} ost_pool_side;

typedef struct ost_pool_work {
    ost_pool_side side[OST_POOL_SIDES];
    int64_t planes;   /* items times channels; each has less than 2^31 numbers
                         in and out */
    bool max;         /* maxima, not means */
    bool adaptive;    /* windows follow from `in` and `out` */
    bool padded;      /* padding counts in means */
    bool relu;        /* of what is pooled only the positive part counts */
    int winner_bytes; /* 1 or 2 */
} ost_pool_work;

/* Maxima, with the place in its window of each winner unless `winners` is NULL,
 * or means. */
int ost_cuda_launch_pool(const ost_pool_work *work, const float *x, float *y,
                         void *winners, void *stream);
/* dx from dy, by `winners` for maxima; with `add`, added to what is there. */
int ost_cuda_launch_pool_back(const ost_pool_work *work, const float *dy,
                              const void *winners, bool add, float *dx,
                              void *stream);

#ifdef __cplusplus
}
#endif

#endif
