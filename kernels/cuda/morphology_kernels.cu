/* kernels/cuda/morphology_kernels.cu - the largest value under a shape */
#include "kernels/cuda/morphology_kernels.h"
#include "kernels/cuda/picture_device.h"

#include <math.h>

namespace
{

using ost::first_index;
using ost::index_stride;
using ost::THREADS;

__global__ void load_kernel(ost_cuda_picture in, float instead,
                            ost_cuda_picture plane)
{
    const int64_t n = in.h * in.w * in.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const float v = ost::value_at(in, i);

        ost::put_value(plane, i, v != v ? instead : v);
    }
}

/* Of u8 and f32 planes; integers are rounded, which they are already. */
__global__ void store_kernel(ost_cuda_picture plane, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride())
        ost::put_value(out, i, ost::value_at(plane, i));
}

template <class T>
__global__ void rows_kernel(const T *from, int64_t n, int64_t w, int64_t c,
                            int64_t reach, T *to)
{
    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const int64_t x = i / c % w;
        const int64_t left = x < reach ? x : reach;
        const int64_t right = w - 1 - x < reach ? w - 1 - x : reach;
        T best = from[i - left * c];

        for (int64_t d = 1 - left; d <= right; d++) {
            const T v = from[i + d * c];

            best = best > v ? best : v;
        }
        to[i] = best;
    }
}

template <class T>
__global__ void columns_kernel(const T *from, int64_t n, int64_t h,
                               int64_t step, int64_t reach, int begin, T *to)
{
    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const int64_t y = i / step;
        const int64_t up = y < reach ? y : reach;
        const int64_t down = h - 1 - y < reach ? h - 1 - y : reach;
        T best = from[i - up * step];

        for (int64_t d = 1 - up; d <= down; d++) {
            const T v = from[i + d * step];

            best = v > best ? v : best;
        }
        to[i] = begin || best > to[i] ? best : to[i];
    }
}

__global__ void negate_kernel(ost_cuda_picture plane)
{
    const int64_t n = plane.h * plane.w * plane.c;

    for (int64_t i = first_index(); i < n; i += index_stride())
        if (plane.dtype == OST_U8)
            ost::put_bits(plane, i, 255u - ost::bits_at(plane, i));
        else
            ost::put_value(plane, i, 0.0f - ost::value_at(plane, i));
}

__global__ void subtract_kernel(ost_cuda_picture from, int reverse,
                                ost_cuda_picture to)
{
    const int64_t n = to.h * to.w * to.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const float a = ost::value_at(to, i), b = ost::value_at(from, i);

        ost::put_value(to, i, reverse ? b - a : a - b);
    }
}

template <class T>
int raise_by_rect(const ost_cuda_picture *from, int64_t rx, int64_t ry,
                  int begin, const ost_cuda_picture *room,
                  const ost_cuda_picture *to, void *stream)
{
    const int64_t n = ost::values_of(from);
    T *wide = static_cast<T *>(room->data);
    int status = OST_LAUNCH(rows_kernel<T>, ost::blocks_for(n), THREADS, 0,
                            stream, static_cast<const T *>(from->data), n,
                            from->w, from->c, rx, wide);

    if (!status)
        status = OST_LAUNCH(columns_kernel<T>, ost::blocks_for(n), THREADS, 0,
                            stream, wide, n, from->h, from->w * from->c, ry,
                            begin, static_cast<T *>(to->data));
    return status;
}

} /* namespace */

int ost_cuda_morph_load(const ost_cuda_picture *in, int lowest,
                        const ost_cuda_picture *plane, void *stream)
{
    return OST_LAUNCH(load_kernel, ost::blocks_for(ost::values_of(in)), THREADS,
                      0, stream, *in, lowest ? -INFINITY : INFINITY, *plane);
}

int ost_cuda_morph_store(const ost_cuda_picture *plane,
                         const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(store_kernel, ost::blocks_for(ost::values_of(out)),
                      THREADS, 0, stream, *plane, *out);
}

int ost_cuda_morph_rect(const ost_cuda_picture *from, int64_t rx, int64_t ry,
                        int begin, const ost_cuda_picture *room,
                        const ost_cuda_picture *to, void *stream)
{
    return from->dtype == OST_U8
               ? raise_by_rect<uint8_t>(from, rx, ry, begin, room, to, stream)
               : raise_by_rect<float>(from, rx, ry, begin, room, to, stream);
}

int ost_cuda_morph_negate(const ost_cuda_picture *plane, void *stream)
{
    return OST_LAUNCH(negate_kernel, ost::blocks_for(ost::values_of(plane)),
                      THREADS, 0, stream, *plane);
}

int ost_cuda_morph_subtract(const ost_cuda_picture *from, int reverse,
                            const ost_cuda_picture *to, void *stream)
{
    return OST_LAUNCH(subtract_kernel, ost::blocks_for(ost::values_of(to)),
                      THREADS, 0, stream, *from, reverse, *to);
}
