/* kernels/cuda/spectral_kernels.cu - the power iteration, and W divided by s
 *
 * A turn is a launch over the rows and one over the columns.  Vectors come out
 * of them with the length that they have; every block that reads one finds that
 * length by itself.  What a first time has to do more is done by one block.
 */
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/spectral_kernels.h"

namespace
{

constexpr int COLUMNS = 32; /* that a block takes */
constexpr int SHARES = ost::THREADS / COLUMNS;

/* Where things stand in the room. */
static __device__ inline double *raw_u(const ost_spectral_args &w)
{
    return w.room;
}

static __device__ inline double *row_parts(const ost_spectral_args &w)
{
    return w.room + w.rows;
}

static __device__ inline double *raw_v(const ost_spectral_args &w)
{
    return w.room + 2 * w.rows;
}

static __device__ inline double *sum_parts(const ost_spectral_args &w)
{
    return w.room + 2 * w.rows + w.outer * w.inner;
}

static __device__ inline int64_t columns_of(const ost_spectral_args &w)
{
    return w.outer * w.inner;
}

static __device__ inline int64_t place(const ost_spectral_args &w, int64_t row,
                                       int64_t column)
{
    return (column / w.inner * w.rows + row) * w.inner + column % w.inner;
}

/* What a vector is divided by, so that its length is 1; by a block. */
static __device__ double length_of(const double *x, int64_t n)
{
    const double sum = ost::block_over(0, n, ost::plus<double>(),
                                       [&](int64_t i) { return x[i] * x[i]; });
    const double norm = sqrt(sum);

    return norm > 1e-12 ? norm : 1e-12;
}

/* The row times v(column); by a block. */
template <class V>
static __device__ double times_columns(const ost_spectral_args &w, int64_t row,
                                       V v)
{
    return ost::block_over(
        0, columns_of(w), ost::plus<double>(), [&](int64_t c) {
            return static_cast<double>(w.matrix[place(w, row, c)]) *
                   static_cast<double>(v(c));
        });
}

/* u(row) times the 32 columns from `first` on, to `out`; by a block. */
template <class U>
static __device__ void times_rows(const ost_spectral_args &w, int64_t first,
                                  U u, double *out)
{
    __shared__ double room[SHARES][COLUMNS];
    const int share = static_cast<int>(threadIdx.x) / COLUMNS;
    const int64_t c = first + threadIdx.x % COLUMNS;
    double sum = 0.0;

    if (c < columns_of(w) && share < SHARES)
        for (int64_t r = share; r < w.rows; r += SHARES)
            sum += static_cast<double>(u(r)) *
                   static_cast<double>(w.matrix[place(w, r, c)]);
    if (share < SHARES)
        room[share][threadIdx.x % COLUMNS] = sum;
    __syncthreads();
    if (share == 0 && c < columns_of(w)) {
        for (int k = 1; k < SHARES; k++)
            sum += room[k][threadIdx.x % COLUMNS];
        out[c] = static_cast<float>(sum);
    }
    __syncthreads();
}

/* x of length 1 to `to`; by a block. */
static __device__ void to_length_one(const double *x, int64_t n, float *to)
{
    const double length = length_of(x, n);

    for (int64_t i = threadIdx.x; i < n; i += blockDim.x)
        to[i] = static_cast<float>(x[i] / length);
    __syncthreads();
}

static __device__ void whole_times_rows(const ost_spectral_args &w)
{
    for (int64_t c = 0; c < columns_of(w); c += COLUMNS)
        times_rows(
            w, c, [&](int64_t r) { return w.u[r]; }, raw_v(w));
    to_length_one(raw_v(w), columns_of(w), w.v);
}

/* u and v of this pass, from those of the last one; by one block. */
__global__ void begin_kernel(ost_spectral_args w)
{
    const int64_t n = columns_of(w);
    const double most =
        ost::block_over(0, n, ost::highest<double>(), [&](int64_t i) {
            return fabs(static_cast<double>(w.v0[i]));
        });

    for (int64_t i = threadIdx.x; i < w.rows; i += blockDim.x)
        w.u[i] = w.u0[i];
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x)
        w.v[i] = w.v0[i];
    __syncthreads();
    if (most != 0.0)
        return;
    whole_times_rows(w);
    for (int i = 0; i < w.warm; i++) {
        for (int64_t r = 0; r < w.rows; r++) {
            const double sum =
                times_columns(w, r, [&](int64_t c) { return w.v[c]; });

            if (threadIdx.x == 0)
                raw_u(w)[r] = static_cast<float>(sum);
        }
        __syncthreads();
        to_length_one(raw_u(w), w.rows, w.u);
        whole_times_rows(w);
    }
}

/* W v, a block for a row; v is what the columns' launch has left, if there was
 * one. */
__global__ void rows_kernel(ost_spectral_args w, int fresh)
{
    const double length = fresh ? length_of(raw_v(w), columns_of(w)) : 1.0;
    const double sum = times_columns(w, blockIdx.x, [&](int64_t c) {
        return fresh ? static_cast<float>(raw_v(w)[c] / length) : w.v[c];
    });

    if (threadIdx.x == 0)
        raw_u(w)[blockIdx.x] = static_cast<float>(sum);
}

/* W' u, a block for 32 columns. */
__global__ void columns_kernel(ost_spectral_args w)
{
    const double length = length_of(raw_u(w), w.rows);

    times_rows(
        w, static_cast<int64_t>(blockIdx.x) * COLUMNS,
        [&](int64_t r) { return static_cast<float>(raw_u(w)[r] / length); },
        raw_v(w));
}

/* Each row's part of s = u' W v; the first block leaves u and v. */
__global__ void sigma_kernel(ost_spectral_args w, int fresh)
{
    const int64_t n = columns_of(w);
    const double v_length = fresh ? length_of(raw_v(w), n) : 1.0;
    const double u_length = fresh ? length_of(raw_u(w), w.rows) : 1.0;
    const double sum = times_columns(w, blockIdx.x, [&](int64_t c) {
        return fresh ? static_cast<float>(raw_v(w)[c] / v_length) : w.v[c];
    });

    if (threadIdx.x == 0) {
        const int64_t r = blockIdx.x;
        const float u =
            fresh ? static_cast<float>(raw_u(w)[r] / u_length) : w.u[r];

        row_parts(w)[r] = static_cast<double>(u) * sum;
        if (fresh)
            w.u[r] = u;
        if (w.keep)
            w.u0[r] = u;
    }
    if (blockIdx.x != 0)
        return;
    for (int64_t c = threadIdx.x; c < n; c += blockDim.x) {
        const float v =
            fresh ? static_cast<float>(raw_v(w)[c] / v_length) : w.v[c];

        if (fresh)
            w.v[c] = v;
        if (w.keep)
            w.v0[c] = v;
    }
}

__global__ void divide_kernel(ost_spectral_args w)
{
    const int64_t count = w.rows * columns_of(w);
    const int64_t step = ost::index_stride();
    const double sigma =
        ost::block_over(0, w.rows, ost::plus<double>(),
                        [&](int64_t r) { return row_parts(w)[r]; });
    /* A weight of zeros stays so. */
    const double scale = sigma != 0.0 ? 1.0 / sigma : 0.0;

    for (int64_t i = ost::first_index(); i < count; i += step)
        w.matrix[i] = static_cast<float>(w.matrix[i] * scale);
    if (blockIdx.x == 0 && threadIdx.x == 0)
        *w.sigma = sigma;
}

/* <dL/dWn, Wn>, in parts. */
__global__ void product_kernel(ost_spectral_args w, ost_cut cut)
{
    const int64_t from = blockIdx.x * cut.size;
    const int64_t to =
        from + cut.size < cut.count ? from + cut.size : cut.count;
    const double sum =
        ost::block_over(from, to, ost::plus<double>(), [&](int64_t i) {
            return static_cast<double>(w.grad[i]) *
                   static_cast<double>(w.normed[i]);
        });

    if (threadIdx.x == 0)
        sum_parts(w)[blockIdx.x] = sum;
}

__global__ void grad_kernel(ost_spectral_args w, int64_t parts)
{
    const int64_t count = w.rows * columns_of(w);
    const int64_t step = ost::index_stride();
    const double scale = *w.sigma != 0.0 ? 1.0 / *w.sigma : 0.0;
    const double along =
        ost::block_over(0, parts, ost::plus<double>(),
                        [&](int64_t i) { return sum_parts(w)[i]; });

    for (int64_t i = ost::first_index(); i < count; i += step) {
        const int64_t line = i / w.inner;
        const double u = along * static_cast<double>(w.u[line % w.rows]);
        const double v = w.v[line / w.rows * w.inner + i % w.inner];

        w.matrix[i] = static_cast<float>((w.matrix[i] - u * v) * scale);
    }
}

} /* namespace */

int ost_cuda_launch_spectral_norm(const ost_spectral_args *work, void *stream)
{
    const ost_spectral_args &w = *work;
    const int64_t columns = w.outer * w.inner;
    const unsigned rows = static_cast<unsigned>(w.rows);
    const unsigned blocks =
        static_cast<unsigned>((columns + COLUMNS - 1) / COLUMNS);
    cudaError_t status =
        OST_LAUNCH(begin_kernel, 1, ost::THREADS, 0, stream, w);

    for (int i = 0; i < w.turns && status == cudaSuccess; i++) {
        status =
            OST_LAUNCH(rows_kernel, rows, ost::THREADS, 0, stream, w, i > 0);
        if (status == cudaSuccess)
            status =
                OST_LAUNCH(columns_kernel, blocks, ost::THREADS, 0, stream, w);
    }
    if (status == cudaSuccess)
        status = OST_LAUNCH(sigma_kernel, rows, ost::THREADS, 0, stream, w,
                            w.turns > 0);
    if (status == cudaSuccess)
        status = OST_LAUNCH(divide_kernel, ost::blocks_for(w.rows * columns),
                            ost::THREADS, 0, stream, w);
    return status;
}

int ost_cuda_launch_spectral_grad(const ost_spectral_args *work, void *stream)
{
    const ost_spectral_args &w = *work;
    const ost_cut cut = ost_cut_of(w.stored, 1);
    cudaError_t status =
        OST_LAUNCH(product_kernel, static_cast<unsigned>(cut.parts),
                   ost::THREADS, 0, stream, w, cut);

    if (status == cudaSuccess)
        status =
            OST_LAUNCH(grad_kernel, ost::blocks_for(w.rows * w.outer * w.inner),
                       ost::THREADS, 0, stream, w, cut.parts);
    return status;
}
