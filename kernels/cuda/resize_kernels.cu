/* kernels/cuda/resize_kernels.cu - pictures of another size
 *
 * One thread a value of the output, with the additions of the CPU backend in
 * its order.
 */
#include "kernels/cuda/picture_device.h"
#include "kernels/cuda/resize_kernels.h"

namespace
{

using ost::first_index;
using ost::index_stride;
using ost::THREADS;

enum { CUBIC = 4 };

/* Where a value of the output is. */
struct place {
    int64_t y;
    int64_t x;
    int64_t k;
};

__device__ place place_of(const ost_cuda_picture &p, int64_t i)
{
    return { i / p.c / p.w, i / p.c % p.w, i % p.c };
}

__device__ int64_t index_of(const ost_cuda_picture &p, int64_t y, int64_t x,
                            int64_t k)
{
    y = ost_px_clamp(y, 0, p.h - 1);
    x = ost_px_clamp(x, 0, p.w - 1);
    return (y * p.w + x) * p.c + k;
}

__global__ void taps_kernel(ost_cuda_picture in, ost_cuda_axis down,
                            ost_cuda_axis along, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const place at = place_of(out, i);
        const float *wy = down.weight + at.y * down.taps;
        const float *wx = along.weight + at.x * along.taps;
        float sum = 0.0f;

        for (int64_t v = 0; v < down.taps; v++) {
            float part = 0.0f;

            if (wy[v] == 0.0f)
                continue;
            for (int64_t u = 0; u < along.taps; u++)
                if (wx[u] != 0.0f)
                    part += wx[u] *
                            ost::value_at(in, index_of(in, down.first[at.y] + v,
                                                       along.first[at.x] + u,
                                                       at.k));
            sum += wy[v] * part;
        }
        ost::put_value(out, i, sum);
    }
}

__device__ int32_t fixed_weight(float w)
{
    return static_cast<int32_t>(ost_px_rint(w * 2048.0f));
}

__global__ void linear_kernel(ost_cuda_picture in, ost_cuda_axis down,
                              ost_cuda_axis along, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;
    const uint8_t *from = static_cast<const uint8_t *>(in.data);

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const place at = place_of(out, i);
        const int32_t left = fixed_weight(along.weight[2 * at.x]);
        const int32_t right = fixed_weight(along.weight[2 * at.x + 1]);
        int32_t v = 0;

        for (int k = 0; k < 2; k++) {
            const int64_t y = down.first[at.y] + k, x = along.first[at.x];
            const int32_t sum = (from[index_of(in, y, x, at.k)] * left +
                                 from[index_of(in, y, x + 1, at.k)] * right) >>
                                4;

            v += (fixed_weight(down.weight[2 * at.y + k]) * sum) >> 16;
        }
        static_cast<uint8_t *>(out.data)[i] =
            static_cast<uint8_t>((v + 2) >> 2);
    }
}

/* A row of four, weighed. */
__device__ float cubic_row(const ost_cuda_picture &in, int64_t y, int64_t x,
                           int64_t k, const float *w)
{
    return ost::value_at(in, index_of(in, y, x, k)) * w[0] +
           ost::value_at(in, index_of(in, y, x + 1, k)) * w[1] +
           ost::value_at(in, index_of(in, y, x + 2, k)) * w[2] +
           ost::value_at(in, index_of(in, y, x + 3, k)) * w[3];
}

__device__ int32_t cubic_weight(float w)
{
    return static_cast<int32_t>(rintf(w * 2048.0f));
}

__device__ int32_t cubic_row_u8(const ost_cuda_picture &in, int64_t y,
                                int64_t x, int64_t k, const float *w)
{
    const uint8_t *from = static_cast<const uint8_t *>(in.data);
    int32_t sum = 0;

    for (int u = 0; u < CUBIC; u++)
        sum += from[index_of(in, y, x + u, k)] * cubic_weight(w[u]);
    return sum;
}

__global__ void cubic_kernel(ost_cuda_picture in, ost_cuda_axis down,
                             ost_cuda_axis along, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const place at = place_of(out, i);
        const int64_t y = down.first[at.y], x = along.first[at.x];
        const float *wy = down.weight + CUBIC * at.y;
        const float *wx = along.weight + CUBIC * at.x;

        if (in.dtype == OST_U8) {
            int32_t sum[CUBIC], weight[CUBIC];

            for (int v = 0; v < CUBIC; v++) {
                sum[v] = cubic_row_u8(in, y + v, x, at.k, wx);
                weight[v] = cubic_weight(wy[v]);
            }
            static_cast<uint8_t *>(out.data)[i] =
                ost_px_cubic_u8(sum[0], sum[1], sum[2], sum[3], weight);
        } else {
            ost::put_value(out, i,
                           cubic_row(in, y, x, at.k, wx) * wy[0] +
                               cubic_row(in, y + 1, x, at.k, wx) * wy[1] +
                               cubic_row(in, y + 2, x, at.k, wx) * wy[2] +
                               cubic_row(in, y + 3, x, at.k, wx) * wy[3]);
        }
    }
}

/* ---- blur ---- */

__global__ void blur_rows_kernel(ost_cuda_picture in, const float *weight,
                                 int64_t reach, float *room)
{
    const int64_t n = in.h * in.w * in.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const place at = place_of(in, i);
        float sum = weight[0] * ost::value_at(in, i);

        for (int64_t d = 1; d <= reach; d++)
            sum += weight[d] *
                   (ost::value_at(in, index_of(in, at.y, at.x - d, at.k)) +
                    ost::value_at(in, index_of(in, at.y, at.x + d, at.k)));
        room[i] = sum;
    }
}

__global__ void blur_columns_kernel(const float *room, const float *weight,
                                    int64_t reach, ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const place at = place_of(out, i);
        float sum = weight[0] * room[i];

        for (int64_t d = 1; d <= reach; d++)
            sum += weight[d] * (room[index_of(out, at.y - d, at.x, at.k)] +
                                room[index_of(out, at.y + d, at.x, at.k)]);
        ost::put_value(out, i, sum);
    }
}

__global__ void fixed_rows_kernel(ost_cuda_picture in, const uint32_t *weight,
                                  int64_t reach, uint32_t *room)
{
    const int64_t n = in.h * in.w * in.c;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const place at = place_of(in, i);
        uint32_t sum = weight[0] * ost::bits_at(in, i);

        for (int64_t d = 1; d <= reach; d++)
            sum += weight[d] *
                   (ost::bits_at(in, index_of(in, at.y, at.x - d, at.k)) +
                    ost::bits_at(in, index_of(in, at.y, at.x + d, at.k)));
        room[i] = sum;
    }
}

/* Weights have 8 bits for u8 and 16 for u16; half is rounded up. */
__global__ void fixed_columns_kernel(const uint32_t *room,
                                     const uint32_t *weight, int64_t reach,
                                     ost_cuda_picture out)
{
    const int64_t n = out.h * out.w * out.c;
    const int bits = out.dtype == OST_U8 ? 16 : 32;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const place at = place_of(out, i);
        uint64_t sum = static_cast<uint64_t>(weight[0]) * room[i];

        for (int64_t d = 1; d <= reach; d++)
            sum += weight[d] * (static_cast<uint64_t>(
                                    room[index_of(out, at.y - d, at.x, at.k)]) +
                                room[index_of(out, at.y + d, at.x, at.k)]);
        sum += static_cast<uint64_t>(1) << (bits - 1);
        ost::put_bits(out, i, static_cast<uint32_t>(sum >> bits));
    }
}

} /* namespace */

int ost_cuda_resize_taps(const ost_cuda_picture *in, const ost_cuda_axis *down,
                         const ost_cuda_axis *along,
                         const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(taps_kernel, ost::blocks_for(ost::values_of(out)),
                      THREADS, 0, stream, *in, *down, *along, *out);
}

int ost_cuda_resize_linear(const ost_cuda_picture *in,
                           const ost_cuda_axis *down,
                           const ost_cuda_axis *along,
                           const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(linear_kernel, ost::blocks_for(ost::values_of(out)),
                      THREADS, 0, stream, *in, *down, *along, *out);
}

int ost_cuda_resize_cubic(const ost_cuda_picture *in, const ost_cuda_axis *down,
                          const ost_cuda_axis *along,
                          const ost_cuda_picture *out, void *stream)
{
    return OST_LAUNCH(cubic_kernel, ost::blocks_for(ost::values_of(out)),
                      THREADS, 0, stream, *in, *down, *along, *out);
}

int ost_cuda_blur_floats(const ost_cuda_picture *in, const float *weight,
                         int64_t reach, float *room,
                         const ost_cuda_picture *out, void *stream)
{
    const unsigned blocks = ost::blocks_for(ost::values_of(in));
    int status = OST_LAUNCH(blur_rows_kernel, blocks, THREADS, 0, stream, *in,
                            weight, reach, room);

    if (!status)
        status = OST_LAUNCH(blur_columns_kernel, blocks, THREADS, 0, stream,
                            room, weight, reach, *out);
    return status;
}

int ost_cuda_blur_integers(const ost_cuda_picture *in, const uint32_t *weight,
                           int64_t reach, uint32_t *room,
                           const ost_cuda_picture *out, void *stream)
{
    const unsigned blocks = ost::blocks_for(ost::values_of(in));
    int status = OST_LAUNCH(fixed_rows_kernel, blocks, THREADS, 0, stream, *in,
                            weight, reach, room);

    if (!status)
        status = OST_LAUNCH(fixed_columns_kernel, blocks, THREADS, 0, stream,
                            room, weight, reach, *out);
    return status;
}
