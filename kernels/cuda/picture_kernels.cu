/* kernels/cuda/picture_kernels.cu - pictures made pixel by pixel
 *
 * One thread a value, or a pixel where channels go together.
 */
#include "kernels/cuda/picture_device.h"
#include "kernels/cuda/picture_kernels.h"
#include "kernels/pixel_exact.h"
#include "kernels/pixel_noise.h"

namespace
{

using ost::first_index;
using ost::index_stride;

__global__ void pick_kernel(ost_cuda_picture in, const int64_t *rows,
                            const int64_t *columns, uint32_t fill,
                            ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const int64_t k = i % out.c;
        const int64_t u = columns[i / out.c % out.w];
        const int64_t v = rows[i / out.c / out.w];

        ost::put_bits(out, i,
                      u < 0 || v < 0
                          ? fill
                          : ost::bits_at(in, (v * in.w + u) * in.c + k));
    }
}

__global__ void blank_kernel(ost_cuda_picture in, ost_cuda_picture mask,
                             uint32_t fill, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride())
        ost::put_bits(
            out, i, ost::bits_at(mask, i / out.c) ? ost::bits_at(in, i) : fill);
}

__global__ void blend_kernel(ost_cuda_picture in, const double *rows,
                             const double *columns, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const double alpha =
            rows[i / out.c / out.w] * columns[i / out.c % out.w];
        double mixed;

        if (!(alpha > 0.0))
            continue;
        mixed = alpha * static_cast<double>(ost::value_at(in, i)) +
                (1.0 - alpha) * static_cast<double>(ost::value_at(out, i));
        if (out.dtype != OST_F32)
            mixed = rint(mixed);
        ost::put_value(out, i, static_cast<float>(mixed));
    }
}

__global__ void gamma_kernel(ost_cuda_picture in, double low, double high,
                             double exponent, const float *table,
                             ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride())
        ost::put_value(
            out, i,
            in.dtype != OST_F32
                ? table[ost::bits_at(in, i)]
                : ost_px_curve(low, high, exponent, ost::value_at(in, i)));
}

__global__ void gray_kernel(ost_cuda_picture in, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        if (in.dtype == OST_F32)
            ost::put_value(out, i,
                           ost_px_luma_f32(ost::value_at(in, 3 * i),
                                           ost::value_at(in, 3 * i + 1),
                                           ost::value_at(in, 3 * i + 2)));
        else
            ost::put_bits(out, i,
                          ost_px_luma(ost::bits_at(in, 3 * i),
                                      ost::bits_at(in, 3 * i + 1),
                                      ost::bits_at(in, 3 * i + 2)));
    }
}

__global__ void noise_kernel(ost_cuda_picture in, float deviation,
                             uint32_t seed, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        float v = ost::value_at(in, i);

        v += deviation * ost_px_normal(static_cast<uint64_t>(i), seed);
        ost::put_value(out, i, v);
    }
}

__global__ void mark_kernel(ost_cuda_picture in, ost_cuda_picture mask)
{
    const int64_t n = in.h * in.w;

    for (int64_t i = first_index(); i < n; i += index_stride())
        if (ost::is_marked_at(in, i))
            static_cast<uint8_t *>(mask.data)[i] = 1;
}

/* Each thread finds its own, and then tells. */
__global__ void marked_kernel(ost_cuda_picture in, ost_cuda_marks *found)
{
    const int64_t n = in.h * in.w;
    int32_t left = INT32_MAX, top = INT32_MAX, right = -1, bottom = -1;
    unsigned long long count = 0;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const int32_t x = static_cast<int32_t>(i % in.w);
        const int32_t y = static_cast<int32_t>(i / in.w);

        if (!ost::is_marked_at(in, i))
            continue;
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y > bottom ? y : bottom;
        count++;
    }
    if (!count)
        return;
    atomicMin(&found->left, left);
    atomicMin(&found->top, top);
    atomicMax(&found->right, right);
    atomicMax(&found->bottom, bottom);
    atomicAdd(&found->count, count);
}

} /* namespace */

int ost_cuda_pick(const ost_cuda_picture *in, const int64_t *rows,
                  const int64_t *columns, uint32_t fill,
                  const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(pick_kernel, ost::blocks_for(ost::values_of(out)),
                      ost::THREADS, 0, stream, *in, rows, columns, fill, *out);
}

int ost_cuda_blank_pixels(const ost_cuda_picture *in,
                          const ost_cuda_picture *mask, uint32_t fill,
                          const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(blank_kernel, ost::blocks_for(ost::values_of(out)),
                      ost::THREADS, 0, stream, *in, *mask, fill, *out);
}

int ost_cuda_blend_pixels(const ost_cuda_picture *in, const double *rows,
                          const double *columns, const ost_cuda_picture *out,
                          void *stream)
{
    return OST_LAUNCH(blend_kernel, ost::blocks_for(ost::values_of(out)),
                      ost::THREADS, 0, stream, *in, rows, columns, *out);
}

int ost_cuda_gamma_pixels(const ost_cuda_picture *in, double low, double high,
                          double exponent, const float *table,
                          const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(gamma_kernel, ost::blocks_for(ost::values_of(out)),
                      ost::THREADS, 0, stream, *in, low, high, exponent, table,
                      *out);
}

int ost_cuda_gray_pixels(const ost_cuda_picture *in,
                         const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(gray_kernel, ost::blocks_for(ost::pixels_of(out)),
                      ost::THREADS, 0, stream, *in, *out);
}

int ost_cuda_noise_pixels(const ost_cuda_picture *in, float deviation,
                          uint32_t seed, const ost_cuda_picture *out,
                          void *stream)
{
    return OST_LAUNCH(noise_kernel, ost::blocks_for(ost::values_of(out)),
                      ost::THREADS, 0, stream, *in, deviation, seed, *out);
}

int ost_cuda_mark_pixels(const ost_cuda_picture *in,
                         const ost_cuda_picture *mask, void *stream)
{
    return OST_LAUNCH(mark_kernel, ost::blocks_for(ost::pixels_of(in)),
                      ost::THREADS, 0, stream, *in, *mask);
}

int ost_cuda_find_marked(const ost_cuda_picture *in, ost_cuda_marks *found,
                         void *stream)
{
    const unsigned most = 256;
    const unsigned blocks = ost::blocks_for(ost::pixels_of(in));

    return OST_LAUNCH(marked_kernel, blocks < most ? blocks : most,
                      ost::THREADS, 0, stream, *in, found);
}
