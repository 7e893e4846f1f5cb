/* kernels/cuda/histogram_kernels.cu - how often which value is there
 *
 * Neighbors often have one value, so that a thread counts how often it sees the
 * same one in a row before it adds to a bin.
 */
#include "kernels/cuda/histogram_kernels.h"
#include "kernels/cuda/picture_device.h"

namespace
{

using ost::first_index;
using ost::index_stride;
using ost::THREADS;

/* Blocks for counting: each thread sees many values. */
constexpr unsigned MOST_BLOCKS = 512;

/* Adds to bins, several of one kind at a time. */
struct adder {
    unsigned *bins;
    int64_t bin;
    unsigned count;

    __device__ void add(int64_t to)
    {
        if (count > 0 && to != bin) {
            atomicAdd(&bins[bin], count);
            count = 0;
        }
        bin = to;
        count++;
    }

    __device__ void finish()
    {
        if (count > 0)
            atomicAdd(&bins[bin], count);
    }
};

/* Everywhere when the region has no data. */
__device__ bool is_inside(const ost_cuda_picture &in,
                          const ost_cuda_picture &region, int64_t i)
{
    return !region.data || ost::is_set_at(region, i / in.c);
}

__device__ uint32_t key_at(const ost_cuda_picture &in, int64_t i)
{
    const uint32_t bits = ost::bits_at(in, i);

    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__global__ void levels_kernel(ost_cuda_picture in, ost_cuda_picture region,
                              unsigned *bins)
{
    const int64_t n = in.h * in.w * in.c;
    adder a = { bins, 0, 0 };

    for (int64_t i = first_index(); i < n; i += index_stride())
        if (is_inside(in, region, i))
            a.add(ost::bits_at(in, i));
    a.finish();
}

__global__ void high_kernel(ost_cuda_picture in, unsigned *bins)
{
    const int64_t n = in.h * in.w * in.c;
    adder a = { bins, 0, 0 };

    for (int64_t i = first_index(); i < n; i += index_stride())
        if (ost::is_finite(ost::value_at(in, i)))
            a.add(key_at(in, i) >> 16);
    a.finish();
}

__global__ void low_kernel(ost_cuda_picture in, const int32_t *slots,
                           unsigned *bins)
{
    const int64_t n = in.h * in.w * in.c;
    adder a = { bins, 0, 0 };

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const uint32_t key = key_at(in, i);
        const int32_t slot = slots[key >> 16];

        if (slot >= 0 && ost::is_finite(ost::value_at(in, i)))
            a.add(static_cast<int64_t>(slot) * OST_CUDA_LEVELS +
                  (key & 0xffffu));
    }
    a.finish();
}

/* ---- Otsu's bins of f32 ---- */

__device__ int bin_of(float least, float most, float v)
{
    const double share =
        (static_cast<double>(v) - static_cast<double>(least)) /
        (static_cast<double>(most) - static_cast<double>(least)) *
        OST_CUDA_LEVELS;

    return share < OST_CUDA_LEVELS - 1 ? static_cast<int>(share)
                                       : OST_CUDA_LEVELS - 1;
}

__global__ void extremes_kernel(ost_cuda_picture in, ost_cuda_picture region,
                                ost_cuda_extremes *found)
{
    const int64_t n = in.h * in.w * in.c;
    unsigned least = UINT32_MAX, most = 0, negative_zero = 0;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const uint32_t key = key_at(in, i);

        if (!is_inside(in, region, i) || !ost::is_finite(ost::value_at(in, i)))
            continue;
        least = key < least ? key : least;
        most = key > most ? key : most;
        if (ost::bits_at(in, i) == 0x80000000u)
            negative_zero = 1;
    }
    if (least > most)
        return;
    atomicMin(&found->least, least);
    atomicMax(&found->most, most);
    if (negative_zero)
        atomicMax(&found->negative_zero, negative_zero);
}

__global__ void bins_kernel(ost_cuda_picture in, ost_cuda_picture region,
                            float least, float most, unsigned *bins)
{
    const int64_t n = in.h * in.w * in.c;
    adder a = { bins, 0, 0 };

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const float v = ost::value_at(in, i);

        if (is_inside(in, region, i) && ost::is_finite(v))
            a.add(bin_of(least, most, v));
    }
    a.finish();
}

__global__ void below_kernel(ost_cuda_picture in, ost_cuda_picture region,
                             float least, float most, int last,
                             ost_cuda_extremes *found)
{
    const int64_t n = in.h * in.w * in.c;
    unsigned below = 0;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const float v = ost::value_at(in, i);
        const uint32_t key = key_at(in, i);

        if (is_inside(in, region, i) && ost::is_finite(v) && key > below &&
            bin_of(least, most, v) <= last)
            below = key;
    }
    if (below > 0)
        atomicMax(&found->below, below);
}

/* ---- equalization ---- */

__device__ int64_t mirrored(int64_t i, int64_t n)
{
    const int64_t period = 2 * (n - 1);

    if (n == 1)
        return 0;
    i %= period;
    return i < n ? i : period - i;
}

/* Pixels of all tiles, which may reach beyond the picture. */
__global__ void tiles_kernel(ost_cuda_picture in, int64_t channel,
                             ost_cuda_tiles t, int *counts)
{
    const int64_t w = t.columns * t.tile_w, n = t.rows * t.tile_h * w;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const int64_t x = i % w, y = i / w;
        const int64_t tile = y / t.tile_h * t.columns + x / t.tile_w;
        const int64_t at =
            (mirrored(y, in.h) * in.w + mirrored(x, in.w)) * in.c + channel;

        atomicAdd(&counts[tile * t.levels + ost::bits_at(in, at)], 1);
    }
}

/* The sum over the block, told to all threads. */
__device__ int64_t sum_of_block(int64_t v, int64_t *room)
{
    const int id = static_cast<int>(threadIdx.x);

    room[id] = v;
    __syncthreads();
    for (int step = THREADS / 2; step > 0; step /= 2) {
        if (id < step)
            room[id] += room[id + step];
        __syncthreads();
    }
    v = room[0];
    __syncthreads();
    return v;
}

/* One block a tile; each thread has a run of neighboring levels. */
__global__ void tables_kernel(ost_cuda_tiles t, int *counts, uint16_t *tables)
{
    OST_SHARED(int64_t, room);
    const int id = static_cast<int>(threadIdx.x);
    const int run = t.levels / THREADS;
    const int first = id * run;
    int *count = counts + static_cast<int64_t>(blockIdx.x) * t.levels;
    uint16_t *table = tables + static_cast<int64_t>(blockIdx.x) * t.levels;
    const float scale = static_cast<float>(t.levels - 1) /
                        static_cast<float>(t.tile_h * t.tile_w);
    int64_t sum = 0;

    if (t.clip > 0) {
        int64_t cut = 0;
        int each, left, step;

        for (int i = first; i < first + run; i++)
            if (count[i] > t.clip) {
                cut += count[i] - t.clip;
                count[i] = t.clip;
            }
        cut = sum_of_block(cut, room);
        each = static_cast<int>(cut / t.levels);
        left = static_cast<int>(cut % t.levels);
        step = left > 0 ? t.levels / left : 1;
        for (int i = first; i < first + run; i++)
            count[i] += each + (i % step == 0 && i / step < left);
    }
    for (int i = first; i < first + run; i++)
        sum += count[i];
    room[id] = sum;
    __syncthreads();
    sum = 0;
    for (int i = 0; i < id; i++)
        sum += room[i];
    for (int i = first; i < first + run; i++) {
        sum += count[i];
        table[i] = t.levels == 256
                       ? ost_px_u8(static_cast<float>(sum) * scale)
                       : ost_px_u16(static_cast<float>(sum) * scale);
    }
}

/* The two tiles around a position along one side, and the share of the second.
 */
struct between {
    int64_t first;
    int64_t second;
    float share;
};

__device__ between tiles_around(int64_t i, int64_t size, int count)
{
    const float at =
        static_cast<float>(i) * (1.0f / static_cast<float>(size)) - 0.5f;
    const int64_t first = static_cast<int64_t>(floorf(at));

    return { first < 0 ? 0 : first, first + 1 < count ? first + 1 : count - 1,
             at - static_cast<float>(first) };
}

__global__ void equalize_kernel(ost_cuda_picture in, int64_t channel,
                                ost_cuda_tiles t, const uint16_t *tables,
                                ost_cuda_picture out)
{
    const int64_t n = in.h * in.w;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const between along = tiles_around(i % in.w, t.tile_w, t.columns);
        const between down = tiles_around(i / in.w, t.tile_h, t.rows);
        const int64_t v = ost::bits_at(in, i * in.c + channel);
        const uint16_t *upper = tables + down.first * t.columns * t.levels + v;
        const uint16_t *lower = tables + down.second * t.columns * t.levels + v;
        const int64_t a = along.first * t.levels, b = along.second * t.levels;

        ost::put_value(out, i * in.c + channel,
                       ost_px_four(upper[a], upper[b], lower[a], lower[b],
                                   along.share, down.share));
    }
}

unsigned blocks_of(const ost_cuda_picture *in)
{
    const unsigned blocks = ost::blocks_for(ost::values_of(in));

    return blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS;
}

ost_cuda_picture region_of(const ost_cuda_picture *region)
{
    return region ? *region : ost_cuda_picture{};
}

} /* namespace */

int ost_cuda_count_levels(const ost_cuda_picture *in,
                          const ost_cuda_picture *region, unsigned *bins,
                          void *stream)
{
    return OST_LAUNCH(levels_kernel, blocks_of(in), THREADS, 0, stream, *in,
                      region_of(region), bins);
}

int ost_cuda_count_high(const ost_cuda_picture *in, unsigned *bins,
                        void *stream)
{
    return OST_LAUNCH(high_kernel, blocks_of(in), THREADS, 0, stream, *in,
                      bins);
}

int ost_cuda_count_low(const ost_cuda_picture *in, const int32_t *slots,
                       unsigned *bins, void *stream)
{
    return OST_LAUNCH(low_kernel, blocks_of(in), THREADS, 0, stream, *in, slots,
                      bins);
}

int ost_cuda_find_extremes(const ost_cuda_picture *in,
                           const ost_cuda_picture *region,
                           ost_cuda_extremes *found, void *stream)
{
    return OST_LAUNCH(extremes_kernel, blocks_of(in), THREADS, 0, stream, *in,
                      region_of(region), found);
}

int ost_cuda_count_bins(const ost_cuda_picture *in,
                        const ost_cuda_picture *region, float least, float most,
                        unsigned *bins, void *stream)
{
    return OST_LAUNCH(bins_kernel, blocks_of(in), THREADS, 0, stream, *in,
                      region_of(region), least, most, bins);
}

int ost_cuda_find_below(const ost_cuda_picture *in,
                        const ost_cuda_picture *region, float least, float most,
                        int last, ost_cuda_extremes *found, void *stream)
{
    return OST_LAUNCH(below_kernel, blocks_of(in), THREADS, 0, stream, *in,
                      region_of(region), least, most, last, found);
}

int ost_cuda_equalize(const ost_cuda_picture *in, int64_t channel,
                      const ost_cuda_tiles *tiles, int *counts,
                      uint16_t *tables, const ost_cuda_picture *out,
                      void *stream)
{
    const unsigned n = static_cast<unsigned>(tiles->rows * tiles->columns);
    const size_t bytes = static_cast<size_t>(n) *
                         static_cast<size_t>(tiles->levels) * sizeof(*counts);
    int status =
        cudaMemsetAsync(counts, 0, bytes, static_cast<cudaStream_t>(stream));

    if (!status)
        status = OST_LAUNCH(tiles_kernel,
                            ost::blocks_for(tiles->rows * tiles->tile_h *
                                            tiles->columns * tiles->tile_w),
                            THREADS, 0, stream, *in, channel, *tiles, counts);
    if (!status)
        status =
            OST_LAUNCH(tables_kernel, n, THREADS, THREADS * sizeof(int64_t),
                       stream, *tiles, counts, tables);
    if (!status)
        status =
            OST_LAUNCH(equalize_kernel, ost::blocks_for(ost::pixels_of(in)),
                       THREADS, 0, stream, *in, channel, *tiles, tables, *out);
    return status;
}
