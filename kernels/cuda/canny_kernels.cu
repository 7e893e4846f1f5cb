/* kernels/cuda/canny_kernels.cu - candidates for edges, and edges
 *
 * A block takes a tile of pixels with what its gradients reach around it into
 * shared memory, makes the gradients of the tile and of one pixel more on all
 * sides of each channel, keeps the largest, and thins.  All sums are whole
 * numbers, so that their order is free.  Numbers of the CPU's: see
 * kernels/cpu/canny.c.
 */
#include "kernels/cuda/canny_kernels.h"
#include "kernels/cuda/picture_device.h"

namespace
{

using ost::first_index;
using ost::index_stride;

constexpr int TILE_W = 32;
constexpr int TILE_H = 8;
constexpr int RIM_W = TILE_W + 2; /* where magnitudes are known */
constexpr int RIM_H = TILE_H + 2;

__constant__ int smooth_weights[3][7] = { { 1, 2, 1 },
                                          { 1, 4, 6, 4, 1 },
                                          { 1, 6, 15, 20, 15, 6, 1 } };
__constant__ int slope_weights[3][7] = { { -1, 0, 1 },
                                         { -1, -2, 0, 2, 1 },
                                         { -1, -4, -5, 0, 5, 4, 1 } };

struct gradient {
    int dx;
    int dy;
};

/* `p` is the upper left one of the pixels that the kernels cover. */
__device__ gradient gradient_at(const uint8_t *p, int step, int reach)
{
    const int *smooth = smooth_weights[reach - 1];
    const int *slope = slope_weights[reach - 1];
    gradient g = { 0, 0 };

    for (int i = 0; i <= 2 * reach; i++)
        for (int j = 0; j <= 2 * reach; j++) {
            const int v = p[i * step + j];

            g.dx += smooth[i] * slope[j] * v;
            g.dy += slope[i] * smooth[j] * v;
        }
    if (reach == 3) {
        g.dx = ost_px_sixteenth(g.dx);
        g.dy = ost_px_sixteenth(g.dy);
    }
    return g;
}

__device__ int32_t magnitude_of(gradient g, int l2)
{
    return l2 ? g.dx * g.dx + g.dy * g.dy
              : (g.dx < 0 ? -g.dx : g.dx) + (g.dy < 0 ? -g.dy : g.dy);
}

/* The pixels of a channel under the tile and around it, edges repeated. */
__device__ void load_tile(const ost_cuda_picture &in, int64_t k, int64_t x0,
                          int64_t y0, int w, int h, uint8_t *pixels)
{
    const uint8_t *from = static_cast<const uint8_t *>(in.data);

    for (int i = static_cast<int>(threadIdx.x); i < w * h;
         i += TILE_W * TILE_H) {
        const int64_t x = ost_px_clamp(x0 + i % w, 0, in.w - 1);
        const int64_t y = ost_px_clamp(y0 + i / w, 0, in.h - 1);

        pixels[i] = from[(y * in.w + x) * in.c + k];
    }
}

/* `m` is the place in the rim. */
__device__ uint8_t mark_of(const int32_t *mag, gradient g, int m,
                           const ost_cuda_canny_args &a)
{
    const uint16_t ax = static_cast<uint16_t>(g.dx < 0 ? -g.dx : g.dx);
    const uint16_t ay = static_cast<uint16_t>(g.dy < 0 ? -g.dy : g.dy);
    const uint16_t q = ost_px_sector(ax);
    const int32_t v = mag[m];
    bool ridge;

    if (v <= a.low)
        return OST_CUDA_NO_EDGE;
    if (ost_px_along_row(q, ay)) {
        ridge = v > mag[m - 1] && v >= mag[m + 1];
    } else if (ost_px_along_column(q, ax, ay)) {
        ridge = v > mag[m - RIM_W] && v >= mag[m + RIM_W];
    } else {
        const int side = (g.dx ^ g.dy) < 0 ? -1 : 1;

        ridge = v > mag[m - RIM_W - side] && v > mag[m + RIM_W + side];
    }
    if (!ridge)
        return OST_CUDA_NO_EDGE;
    return v > a.high ? OST_CUDA_STRONG : OST_CUDA_WEAK;
}

__global__ void marks_kernel(ost_cuda_picture in, ost_cuda_canny_args a,
                             int64_t across, uint8_t *marks)
{
    OST_SHARED(int32_t, mag); /* of the rim; gradients and pixels behind */
    int16_t *dx = reinterpret_cast<int16_t *>(mag + RIM_W * RIM_H);
    int16_t *dy = dx + RIM_W * RIM_H;
    uint8_t *pixels = reinterpret_cast<uint8_t *>(dy + RIM_W * RIM_H);
    const int64_t x0 = blockIdx.x % across * TILE_W;
    const int64_t y0 = blockIdx.x / across * TILE_H;
    const int t = static_cast<int>(threadIdx.x);
    const int w = RIM_W + 2 * a.reach, h = RIM_H + 2 * a.reach;
    const int64_t x = x0 + t % TILE_W, y = y0 + t / TILE_W;
    const int m = (t / TILE_W + 1) * RIM_W + t % TILE_W + 1;

    for (int64_t k = 0; k < in.c; k++) {
        load_tile(in, k, x0 - 1 - a.reach, y0 - 1 - a.reach, w, h, pixels);
        __syncthreads();
        for (int i = t; i < RIM_W * RIM_H; i += TILE_W * TILE_H) {
            const int64_t u = x0 - 1 + i % RIM_W, v = y0 - 1 + i / RIM_W;
            const bool inside = u >= 0 && v >= 0 && u < in.w && v < in.h;
            gradient g = { 0, 0 };
            int32_t size = 0;

            if (inside) {
                g = gradient_at(pixels + i / RIM_W * w + i % RIM_W, w, a.reach);
                size = magnitude_of(g, a.l2);
            }
            if (k > 0 && size <= mag[i])
                continue;
            mag[i] = size;
            dx[i] = static_cast<int16_t>(g.dx);
            dy[i] = static_cast<int16_t>(g.dy);
        }
        __syncthreads();
    }
    if (x < in.w && y < in.h)
        marks[y * in.w + x] = mark_of(mag, { dx[m], dy[m] }, m, a);
}

/* The roots of components that have a strong mark: many threads say one. */
__global__ void strong_kernel(const uint8_t *marks, const int32_t *labels,
                              int64_t n, uint8_t *strong)
{
    for (int64_t i = first_index(); i < n; i += index_stride())
        if (marks[i] == OST_CUDA_STRONG)
            static_cast<volatile uint8_t *>(strong)[labels[i]] = 1;
}

__global__ void edges_kernel(const uint8_t *marks, const int32_t *labels,
                             int64_t n, const uint8_t *strong, uint8_t *edges)
{
    for (int64_t i = first_index(); i < n; i += index_stride())
        edges[i] = marks[i] != OST_CUDA_NO_EDGE && strong[labels[i]] ? 255 : 0;
}

} /* namespace */

int ost_cuda_canny_marks(const ost_cuda_picture *in,
                         const ost_cuda_canny_args *args, uint8_t *marks,
                         void *stream)
{
    const int64_t across = (in->w + TILE_W - 1) / TILE_W;
    const int64_t down = (in->h + TILE_H - 1) / TILE_H;
    const size_t rim = RIM_W * RIM_H;
    const size_t shared = rim * (sizeof(int32_t) + 2 * sizeof(int16_t)) +
                          static_cast<size_t>((RIM_W + 2 * args->reach) *
                                              (RIM_H + 2 * args->reach));

    return OST_LAUNCH(marks_kernel, static_cast<unsigned>(across * down),
                      TILE_W * TILE_H, shared, stream, *in, *args, across,
                      marks);
}

int ost_cuda_canny_edges(const uint8_t *marks, const int32_t *labels, int64_t n,
                         uint8_t *strong, uint8_t *edges, void *stream)
{
    int status = cudaMemsetAsync(strong, 0, static_cast<size_t>(n),
                                 static_cast<cudaStream_t>(stream));

    if (!status)
        status = OST_LAUNCH(strong_kernel, ost::blocks_for(n), ost::THREADS, 0,
                            stream, marks, labels, n, strong);
    if (!status)
        status = OST_LAUNCH(edges_kernel, ost::blocks_for(n), ost::THREADS, 0,
                            stream, marks, labels, n, strong, edges);
    return status;
}
