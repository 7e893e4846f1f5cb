/* kernels/cuda/step_kernels.h - from gradients to better weights
 *
 * Many arrays at a time, in the device's memory.  Each function returns the
 * cudaError_t of its launch on `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_STEP_KERNELS_H
#define OST_KERNELS_CUDA_STEP_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What fits into the arguments of a kernel, and how many numbers a block
 * takes. */
enum { OST_STEP_ARRAYS = 64, OST_STEP_NUMBERS = 2048 };

typedef struct ost_step_array {
    float *data;
    const float *grad;
    float *state[2]; /* NULL: none */
    int64_t count;
    float decay;
    float shrink;
} ost_step_array;

/* The rest is the same for all arrays; kernels/optimizer.h has the formulas.
 * Array k is that of the blocks from first[k] to before first[k + 1]. */
typedef struct ost_step_args {
    const double *scale; /* of gradients; NULL: 1; NaN: nothing changes */
    float rate;
    float momentum; /* sgd */
    int nesterov;
    float beta1; /* adam */
    float beta2;
    float rest1; /* 1 - beta1 */
    float rest2;
    float root; /* of 1 - beta2^step */
    float epsilon;
    int arrays;
    uint32_t first[OST_STEP_ARRAYS + 1];
    ost_step_array array[OST_STEP_ARRAYS];
} ost_step_args;

int ost_cuda_launch_sgd(const ost_step_args *step, void *stream);
int ost_cuda_launch_adam(const ost_step_args *step, void *stream);
/* data += rate (grad - data) */
int ost_cuda_launch_approach(const ost_step_args *step, void *stream);

/* parts[block] = the sum of squares of what a block has of the gradients. */
int ost_cuda_launch_step_squares(const ost_step_args *step, double *parts,
                                 void *stream);
/* With n the norm of all gradients, the root of the sum of `parts`:
 * scale = min(1, most / (n + 1e-6)), NaN unless n is finite. */
int ost_cuda_launch_clip(const double *parts, int64_t count, double most,
                         double *scale, void *stream);

#ifdef __cplusplus
}
#endif

#endif
