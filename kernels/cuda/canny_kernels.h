/* kernels/cuda/canny_kernels.h - candidates for edges, and edges
 *
 * Each function launches on `stream` and returns the cudaError_t of that; it
 * does not wait.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_CANNY_KERNELS_H
#define OST_KERNELS_CUDA_CANNY_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_CUDA_NO_EDGE = 0, OST_CUDA_WEAK = 1, OST_CUDA_STRONG = 255 };

/* Thresholds of magnitudes, squared for the Euclidean one. */
typedef struct ost_cuda_canny_args {
    int reach; /* of the Sobel kernels: 1, 2 or 3 */
    int l2;
    int32_t low;
    int32_t high;
} ost_cuda_canny_args;

/* Gradients of a u8 picture and thinning along them: one mark a pixel. */
int ost_cuda_canny_marks(const ost_cuda_picture *in,
                         const ost_cuda_canny_args *args, uint8_t *marks,
                         void *stream);

/* Hysteresis: 255 where a mark hangs together with a strong one over sides and
 * corners, 0 elsewhere.  `labels` are those of ost_cuda_label() over the marks;
 * `strong` has room for a byte a pixel. */
int ost_cuda_canny_edges(const uint8_t *marks, const int32_t *labels, int64_t n,
                         uint8_t *strong, uint8_t *edges, void *stream);

#ifdef __cplusplus
}
#endif

#endif
