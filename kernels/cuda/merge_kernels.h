/* kernels/cuda/merge_kernels.h - pictures that overlap become one
 *
 * The whole is cut into squares of OST_CUDA_SQUARE pixels; the host has listed
 * for each one the parts that reach into it, in their order.
 *
 * Launches on `stream` and returns the cudaError_t of that; does not wait.  C
 * and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_MERGE_KERNELS_H
#define OST_KERNELS_CUDA_MERGE_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_CUDA_SQUARE = 64 };

typedef struct ost_cuda_part {
    ost_cuda_picture picture;
    int64_t top;
    int64_t left;
} ost_cuda_part;

typedef enum ost_cuda_merge_method {
    OST_CUDA_MERGE_MEAN,
    OST_CUDA_MERGE_MAX,
    OST_CUDA_MERGE_WEIGHTED,
    OST_CUDA_MERGE_VOTE,
} ost_cuda_merge_method;

typedef struct ost_cuda_merge_args {
    const ost_cuda_part *parts;
    const int64_t *begin; /* of each square and one more: into `list` */
    const int32_t *list;  /* numbers of parts */
    ost_cuda_merge_method method;
    float fill;
} ost_cuda_merge_args;

/* Pixels that no part has: begins as no pixel, the last number there is. */
typedef struct ost_cuda_gap {
    unsigned long long count;
    unsigned long long first; /* in raster order */
} ost_cuda_gap;

int ost_cuda_merge_parts(const ost_cuda_merge_args *args,
                         const ost_cuda_picture *whole, ost_cuda_gap *gap,
                         void *stream);

#ifdef __cplusplus
}
#endif

#endif
