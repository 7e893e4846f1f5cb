/* kernels/cuda/warp_kernels.cu - pictures moved by maps
 *
 * One thread a pixel of the output.  Numbers of the CPU's: see
 * kernels/cpu/warp.c and kernels/cpu/remap.c.
 */
#include "kernels/cuda/picture_device.h"
#include "kernels/cuda/resize_kernels.h"

namespace
{

using ost::first_index;
using ost::index_stride;

enum { UNIT_BITS = 10 };

/* Whether column u and row v are the picture's; moves them into it where the
 * border is its nearest pixel. */
__device__ bool find_pixel(const ost_cuda_picture &in, int constant, int64_t *u,
                           int64_t *v)
{
    if (*u >= 0 && *u < in.w && *v >= 0 && *v < in.h)
        return true;
    if (constant)
        return false;
    *u = ost_px_clamp(*u, 0, in.w - 1);
    *v = ost_px_clamp(*v, 0, in.h - 1);
    return true;
}

__device__ uint32_t warp_bits(const ost_cuda_picture &in,
                              const ost_cuda_warp_args &a, int64_t v, int64_t u,
                              int64_t k)
{
    return find_pixel(in, a.constant, &u, &v)
               ? ost::bits_at(in, (v * in.w + u) * in.c + k)
               : a.fill_bits;
}

/* As a number: of f32 the bits are it, others are whole. */
__device__ float number_of(const ost_cuda_picture &in, uint32_t bits)
{
    return in.dtype == OST_F32 ? ost_px_float(static_cast<int32_t>(bits))
                               : static_cast<float>(bits);
}

__device__ void mix_four(const ost_cuda_picture &in,
                         const ost_cuda_warp_args &a, int64_t v, int64_t u,
                         int64_t k, int32_t fx, int32_t fy,
                         const ost_cuda_picture &out, int64_t to)
{
    const uint32_t p[4] = { warp_bits(in, a, v, u, k),
                            warp_bits(in, a, v, u + 1, k),
                            warp_bits(in, a, v + 1, u, k),
                            warp_bits(in, a, v + 1, u + 1, k) };

    if (in.dtype == OST_U8)
        ost::put_bits(out, to,
                      ost_px_warp_u8(static_cast<int32_t>(p[0]),
                                     static_cast<int32_t>(p[1]),
                                     static_cast<int32_t>(p[2]),
                                     static_cast<int32_t>(p[3]), fx, fy));
    else
        ost::put_value(out, to,
                       ost_px_warp_f32(number_of(in, p[0]), number_of(in, p[1]),
                                       number_of(in, p[2]), number_of(in, p[3]),
                                       fx, fy));
}

__global__ void warp_kernel(ost_cuda_picture in, ost_cuda_warp_args a,
                            ost_cuda_picture out)
{
    const int64_t n = out.h * out.w, reach = a.nearest ? 0 : 1;
    const int bits = a.nearest ? 0 : OST_PX_WARP_BITS;
    const int32_t mask = (1 << bits) - 1;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const int64_t x = i % out.w, y = i / out.w;
        const int64_t px = (a.row_x[y] + a.column_x[x]) >> (UNIT_BITS - bits);
        const int64_t py = (a.row_y[y] + a.column_y[x]) >> (UNIT_BITS - bits);
        const int64_t u = px >> bits, v = py >> bits;
        /* Four times the fill, weighed, need not be the fill in f32. */
        const bool outside =
            a.constant && (u < -reach || v < -reach || u >= in.w || v >= in.h);

        for (int64_t k = 0; k < out.c; k++)
            if (outside)
                ost::put_bits(out, i * out.c + k, a.fill_bits);
            else if (a.nearest)
                ost::put_bits(out, i * out.c + k, warp_bits(in, a, v, u, k));
            else
                mix_four(in, a, v, u, k, static_cast<int32_t>(px) & mask,
                         static_cast<int32_t>(py) & mask, out, i * out.c + k);
    }
}

struct remapping {
    const float *map;
    int nearest;
    int constant;
    float fill;
};

__device__ float remap_value(const ost_cuda_picture &in, const remapping &m,
                             int64_t v, int64_t u, int64_t k)
{
    return find_pixel(in, m.constant, &u, &v)
               ? ost::value_at(in, (v * in.w + u) * in.c + k)
               : m.fill;
}

__device__ double bounded(double v, int64_t length)
{
    return fmin(fmax(v, -2.0), static_cast<double>(length) + 1.0);
}

__global__ void remap_kernel(ost_cuda_picture in, remapping m,
                             ost_cuda_picture out)
{
    const int64_t n = out.h * out.w;
    const double shift = m.nearest ? 0.5 : 0.0;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const double px =
            bounded(static_cast<double>(m.map[2 * i]) + shift, in.w);
        const double py =
            bounded(static_cast<double>(m.map[2 * i + 1]) + shift, in.h);
        const double left = floor(px), top = floor(py);
        const int64_t u = static_cast<int64_t>(left);
        const int64_t v = static_cast<int64_t>(top);
        const float fx = static_cast<float>(px - left);
        const float fy = static_cast<float>(py - top);

        for (int64_t k = 0; k < out.c; k++) {
            float value = remap_value(in, m, v, u, k);

            if (!m.nearest)
                value = ost_px_bilinear(value, remap_value(in, m, v, u + 1, k),
                                        remap_value(in, m, v + 1, u, k),
                                        remap_value(in, m, v + 1, u + 1, k), fx,
                                        fy);
            ost::put_value(out, i * out.c + k, value);
        }
    }
}

} /* namespace */

int ost_cuda_warp_pixels(const ost_cuda_picture *in,
                         const ost_cuda_warp_args *args,
                         const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(warp_kernel, ost::blocks_for(ost::pixels_of(out)),
                      ost::THREADS, 0, stream, *in, *args, *out);
}

int ost_cuda_remap_pixels(const ost_cuda_picture *in, const float *map,
                          int nearest, int constant, float fill,
                          const ost_cuda_picture *out, void *stream)
{
    const remapping m = { map, nearest, constant, fill };

    return OST_LAUNCH(remap_kernel, ost::blocks_for(ost::pixels_of(out)),
                      ost::THREADS, 0, stream, *in, m, *out);
}
