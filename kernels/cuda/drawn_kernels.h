/* kernels/cuda/drawn_kernels.h - kernels of layers that draw random numbers
 *
 * The same numbers as the CPU backend draws (kernels/cpu/dropout.c,
 * gaussian_noise.c and latent.c), from the draw of the pass, which lies in the
 * device's memory.  Each launcher returns the cudaError_t of its launches on
 * `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_DRAWN_KERNELS_H
#define OST_KERNELS_CUDA_DRAWN_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers in rows of fewer than 2^31, of each four of which one block of the
 * generator is told. */
typedef struct ost_drawn_work {
    int64_t rows;
    int64_t length;
    uint32_t layer;
    const uint64_t *draw;
    const float *x;
    float *y; /* may be x */
} ost_drawn_work;

/* y = 0 where the number drawn is below `limit`, x scale elsewhere. */
int ost_cuda_launch_drop(const ost_drawn_work *work, uint32_t limit,
                         float scale, void *stream);
/* y = x and normal numbers of deviation `sigma`. */
int ost_cuda_launch_noise(const ost_drawn_work *work, float sigma,
                          void *stream);
/* y = numbers of a stream for each row: uniform from -1 to 1, or normal. */
int ost_cuda_launch_latent(const ost_drawn_work *work, bool uniform,
                           void *stream);

#ifdef __cplusplus
}
#endif

#endif
