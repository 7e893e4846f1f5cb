/* kernels/cuda/spectral_kernels.h - the power iteration, and W divided by s
 *
 * kernels/spectral.h has what it is about.  Sums are in double, in orders that
 * hang on the shape alone.  Each function returns the cudaError_t of its
 * launches on `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_SPECTRAL_KERNELS_H
#define OST_KERNELS_CUDA_SPECTRAL_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As ost_spectral_work. */
typedef struct ost_spectral_args {
    float *matrix;
    int64_t outer;
    int64_t rows;
    int64_t inner;
    float *u0;
    float *v0;
    float *u;
    float *v;
    int turns;
    int warm; /* turns of a first time */
    int keep;
    double *sigma;
    double *room; /* 2 rows + columns + parts */
    const float *grad;
    const float *normed;
    int64_t stored;
} ost_spectral_args;

int ost_cuda_launch_spectral_norm(const ost_spectral_args *work, void *stream);
int ost_cuda_launch_spectral_grad(const ost_spectral_args *work, void *stream);

#ifdef __cplusplus
}
#endif

#endif
