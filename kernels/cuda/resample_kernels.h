/* kernels/cuda/resample_kernels.h - kernels of outputs that are one input or a
 * mix of neighbors
 *
 * Each launcher returns the cudaError_t of its launches on `stream` and does
 * not wait.
 */
#ifndef OST_KERNELS_CUDA_RESAMPLE_KERNELS_H
#define OST_KERNELS_CUDA_RESAMPLE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_RESAMPLE_SIDES = 3 };

/* What output i of a side hangs on. */
typedef enum ost_resample {
    OST_RESAMPLE_REPEAT,  /* input i in / out, rounded down */
    OST_RESAMPLE_MIX,     /* the two inputs beside (i + 1/2) in / out - 1/2;
                             not for side 2 */
    OST_RESAMPLE_REFLECT, /* input |i - before|, mirrored at the last one */
} ost_resample;

/* Sides are counted from the last; those that are missing are 1. */
typedef struct ost_resample_side {
    int32_t in;
    int32_t out;
    int32_t before;
} ost_resample_side;

typedef struct ost_resample_work {
    ost_resample how;
    ost_resample_side side[OST_RESAMPLE_SIDES];
    int64_t planes; /* each has less than 2^31 numbers in and out */
} ost_resample_work;

int ost_cuda_launch_resample(const ost_resample_work *work, const float *x,
                             float *y, void *stream);
/* With `add`, added to what is there. */
int ost_cuda_launch_resample_back(const ost_resample_work *work,
                                  const float *dy, bool add, float *dx,
                                  void *stream);

#ifdef __cplusplus
}
#endif

#endif
