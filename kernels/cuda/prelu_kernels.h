/* kernels/cuda/prelu_kernels.h - kernels of what is negative, times a slope
 *
 * Each launcher returns the cudaError_t of its launches on `stream` and does
 * not wait.
 */
#ifndef OST_KERNELS_CUDA_PRELU_KERNELS_H
#define OST_KERNELS_CUDA_PRELU_KERNELS_H

#include "kernels/cuda/cuts.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers (rows, slopes, area): column c has slope c. */
typedef struct ost_prelu_work {
    int64_t rows;
    int64_t slopes;
    int64_t area;
    ost_cut cut; /* of a column's numbers */
    const float *slope;
    const float *x;
    const float *dy;
    float *dx;      /* NULL: not wanted */
    bool add_in;    /* to what is there */
    float *grad;    /* of the slopes; NULL: not wanted */
    bool add;       /* to what is there */
    float *partial; /* of each part of each slope, if there are several */
} ost_prelu_work;

int ost_cuda_launch_prelu_back(const ost_prelu_work *work, void *stream);

#ifdef __cplusplus
}
#endif

#endif
