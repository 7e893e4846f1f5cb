/* kernels/cuda/pixel_kernels.cu - the bodies of kernels/per_pixel.def as
 * kernels
 *
 * Compiled without fused operations, as the C side is, so that both make the
 * same bytes.
 */
#include "kernels/cuda/device.h"
#include "kernels/cuda/pixel_kernels.h"

#define PER_PIXEL(name, args, from, to)                                       \
    static __global__ void name##_kernel(const ost_px_type_##from *in,        \
                                         int64_t n, ost_px_args_##args a,     \
                                         ost_px_type_##to *out)               \
    {                                                                         \
        const int64_t step = ost::index_stride();                             \
                                                                              \
        for (int64_t x = ost::first_index(); x < n; x += step)                \
            out[x] = ost_px_##name(in[x], &a);                                \
    }                                                                         \
    int ost_cuda_##name(const ost_px_type_##from *in, int64_t n,              \
                        const ost_px_args_##args *given,                      \
                        ost_px_type_##to *out, void *stream)                  \
    {                                                                         \
        if (n < 1)                                                            \
            return 0;                                                         \
        return OST_LAUNCH(name##_kernel, ost::blocks_for(n), ost::THREADS, 0, \
                          stream, in, n, *given, out);                        \
    }
#include "kernels/per_pixel.def"
