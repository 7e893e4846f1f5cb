/* kernels/cuda/sum_kernels.cu - sums over pictures, in the CPU's order */
#include "kernels/cuda/picture_device.h"
#include "kernels/cuda/sum_kernels.h"

namespace
{

constexpr int LANES = 32;
constexpr int PITCH = LANES + 1; /* columns of a tile are apart in banks */

/* The kinds of sums. */
enum what { VALUES, SQUARES, MARKED };

struct summing {
    ost_cuda_picture in;
    ost_cuda_picture mask;     /* of MARKED */
    const ost_cuda_tally *all; /* has the mean, of SQUARES */
    what kind;
};

__device__ void add_value(const summing &s, double center, float v, float mark,
                          ost_cuda_tally *t)
{
    const double value = static_cast<double>(v);

    if (s.kind == MARKED) {
        if (ost_px_is_set(mark)) {
            t->count++;
            t->sum += value;
        }
        return;
    }
    if (!ost::is_finite(v))
        return;
    if (s.kind == SQUARES) {
        t->sum += (value - center) * (value - center);
        return;
    }
    t->min = t->count == 0 || value < t->min ? value : t->min;
    t->max = t->count == 0 || value > t->max ? value : t->max;
    t->count++;
    t->sum += value;
}

/* A block is a warp: 32 rows, read in tiles of 32 columns. */
__global__ void rows_kernel(summing s, ost_cuda_tally *rows)
{
    OST_SHARED(float, tile);
    float *marks = tile + LANES * PITCH;
    const ost_cuda_picture &in = s.in;
    const int64_t n = in.h * in.c;
    const int64_t first = static_cast<int64_t>(blockIdx.x) * LANES;
    const int lane = static_cast<int>(threadIdx.x);
    const double center = s.kind == SQUARES
                              ? s.all->sum / static_cast<double>(s.all->count)
                              : 0.0;
    ost_cuda_tally t = { 0, 0.0, 0.0, 0.0 };

    for (int64_t x0 = 0; x0 < in.w; x0 += LANES) {
        const int64_t x = x0 + lane;
        const int columns =
            static_cast<int>(in.w - x0 < LANES ? in.w - x0 : LANES);

        for (int k = 0; k < LANES; k++) {
            const int64_t row = first + k;

            if (row >= n || x >= in.w)
                continue;
            tile[k * PITCH + lane] =
                ost::value_at(in, (row % in.h * in.w + x) * in.c + row / in.h);
            if (s.kind == MARKED)
                marks[k * PITCH + lane] = ost::value_at(s.mask, row * in.w + x);
        }
        __syncthreads();
        for (int k = 0; k < columns && first + lane < n; k++)
            add_value(s, center, tile[lane * PITCH + k],
                      s.kind == MARKED ? marks[lane * PITCH + k] : 0.0f, &t);
        __syncthreads();
    }
    if (first + lane < n)
        rows[first + lane] = t;
}

__global__ void all_kernel(const ost_cuda_tally *rows, int64_t n,
                           ost_cuda_tally *all)
{
    ost_cuda_tally t = { 0, 0.0, 0.0, 0.0 };

    for (int64_t i = 0; i < n; i++) {
        const ost_cuda_tally row = rows[i];

        if (row.count > 0) {
            t.min = t.count == 0 || row.min < t.min ? row.min : t.min;
            t.max = t.count == 0 || row.max > t.max ? row.max : t.max;
        }
        t.count += row.count;
        t.sum += row.sum;
    }
    *all = t;
}

int tally(const summing &s, ost_cuda_tally *rows, ost_cuda_tally *all,
          void *stream)
{
    const int64_t n = s.in.h * s.in.c;
    const int64_t blocks = (n + LANES - 1) / LANES;
    const size_t shared = 2 * LANES * PITCH * sizeof(float);
    int status = OST_LAUNCH(rows_kernel, static_cast<unsigned>(blocks), LANES,
                            shared, stream, s, rows);

    if (!status)
        status = OST_LAUNCH(all_kernel, 1, 1, 0, stream, rows, n, all);
    return status;
}

} /* namespace */

int ost_cuda_tally_values(const ost_cuda_picture *in, ost_cuda_tally *rows,
                          ost_cuda_tally *all, void *stream)
{
    return tally({ *in, *in, nullptr, VALUES }, rows, all, stream);
}

int ost_cuda_tally_squares(const ost_cuda_picture *in,
                           const ost_cuda_tally *all, ost_cuda_tally *rows,
                           ost_cuda_tally *squares, void *stream)
{
    return tally({ *in, *in, all, SQUARES }, rows, squares, stream);
}

int ost_cuda_tally_marked(const ost_cuda_picture *mask,
                          const ost_cuda_picture *in, ost_cuda_tally *rows,
                          ost_cuda_tally *all, void *stream)
{
    return tally({ *in, *mask, nullptr, MARKED }, rows, all, stream);
}
