/* kernels/cuda/pixel_kernels.h - kernels of the bodies of kernels/per_pixel.def
 *
 * Each ost_cuda_name(in, n, args, out, stream) does ost_px_name() to `n` pixels
 * in the memory of the current device, and returns the cudaError_t of the
 * launch; it does not wait.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_PIXEL_KERNELS_H
#define OST_KERNELS_CUDA_PIXEL_KERNELS_H

#include "kernels/per_pixel.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PER_PIXEL(name, args, from, to)                          \
    int ost_cuda_##name(const ost_px_type_##from *in, int64_t n, \
                        const ost_px_args_##args *given,         \
                        ost_px_type_##to *out, void *stream);
#include "kernels/per_pixel.def"

#ifdef __cplusplus
}
#endif

#endif
