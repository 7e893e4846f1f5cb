/* kernels/cuda/label_kernels.cu - what hangs together in a mask
 *
 * Rows are cut into runs by one block each: a thread looks at one pixel, and
 * prefix sums over the block give runs and components their places.
 */
#include "kernels/cuda/label_kernels.h"
#include "kernels/cuda/picture_device.h"

namespace
{

using ost::first_index;
using ost::index_stride;
using ost::THREADS;

/* ---- union-find ---- */

/* Links are looked at while others tighten them: an old one still leads to the
 * root. */
__device__ int32_t link_of(const int32_t *labels, int64_t i)
{
    return static_cast<const volatile int32_t *>(labels)[i];
}

__device__ int32_t root_of(const int32_t *labels, int32_t i)
{
    int32_t parent = link_of(labels, i);

    while (parent != i) {
        i = parent;
        parent = link_of(labels, i);
    }
    return i;
}

/* Another thread may link a root meanwhile; then what it was linked to is
 * united with. */
__device__ void unite(int32_t *labels, int32_t a, int32_t b)
{
    for (;;) {
        int32_t before;

        a = root_of(labels, a);
        b = root_of(labels, b);
        if (a == b)
            return;
        if (a > b) {
            const int32_t swapped = a;

            a = b;
            b = swapped;
        }
        before = atomicMin(&labels[b], a);
        if (before == b)
            return;
        b = before;
    }
}

/* A run of marked pixels in a row begins as one. */
__global__ void begin_kernel(ost_cuda_picture mask, int zeros, int32_t *labels)
{
    const int64_t n = mask.h * mask.w;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const bool marked = ost::is_set_at(mask, i) != (zeros != 0);

        labels[i] = marked ? static_cast<int32_t>(i) : -1;
    }
}

__global__ void unite_kernel(int64_t h, int64_t w, int sides, int32_t *labels)
{
    for (int64_t i = first_index(); i < h * w; i += index_stride()) {
        const int32_t at = static_cast<int32_t>(i);
        const int32_t up = static_cast<int32_t>(i - w);
        const int64_t x = i % w;
        const bool left = x > 0 && link_of(labels, i - 1) >= 0;

        if (link_of(labels, i) < 0)
            continue;
        if (left)
            unite(labels, at, at - 1);
        if (i < w)
            continue;
        if (link_of(labels, up) >= 0) {
            /* The left pixel and the one above it do this already. */
            if (!left || link_of(labels, up - 1) < 0)
                unite(labels, at, up);
            continue;
        }
        if (sides)
            continue;
        if (x > 0 && !left && link_of(labels, up - 1) >= 0)
            unite(labels, at, up - 1);
        if (x + 1 < w && link_of(labels, up + 1) >= 0)
            unite(labels, at, up + 1);
    }
}

__global__ void flatten_kernel(int64_t n, int32_t *labels)
{
    for (int64_t i = first_index(); i < n; i += index_stride())
        if (link_of(labels, i) >= 0)
            static_cast<volatile int32_t *>(labels)[i] =
                root_of(labels, static_cast<int32_t>(i));
}

/* ---- runs ---- */

/* The sum of `v` over the threads before this one; `total` over all.  `room`
 * holds a number a thread. */
__device__ int sum_before(int v, int *room, int *total)
{
    const int t = static_cast<int>(threadIdx.x);
    int sum = v;

    room[t] = v;
    __syncthreads();
    for (int step = 1; step < THREADS; step *= 2) {
        const int other = t >= step ? room[t - step] : 0;

        __syncthreads();
        sum += other;
        room[t] = sum;
        __syncthreads();
    }
    *total = room[THREADS - 1];
    __syncthreads();
    return sum - v;
}

__device__ bool begins(const int32_t *row, int64_t x)
{
    return row[x] >= 0 && (x == 0 || row[x - 1] < 0);
}

__global__ void count_kernel(const int32_t *labels, int64_t h, int64_t w,
                             int64_t *runs, int64_t *roots)
{
    OST_SHARED(int, room);

    for (int64_t y = blockIdx.x; y < h; y += gridDim.x) {
        const int32_t *row = labels + y * w;
        int n_runs = 0, n_roots = 0, total;

        for (int64_t x = threadIdx.x; x < w; x += THREADS) {
            n_runs += begins(row, x);
            n_roots += row[x] == y * w + x;
        }
        (void)sum_before(n_runs, room, &total);
        if (threadIdx.x == 0)
            runs[y + 1] = total;
        (void)sum_before(n_roots, room, &total);
        if (threadIdx.x == 0)
            roots[y + 1] = total;
    }
}

/* One block: counts become sums of all rows before. */
__global__ void add_up_kernel(int64_t h, int64_t *runs, int64_t *roots)
{
    if (threadIdx.x > 1)
        return;
    int64_t *count = threadIdx.x == 0 ? runs : roots;
    int64_t sum = 0;

    count[0] = 0;
    for (int64_t y = 1; y <= h; y++) {
        sum += count[y];
        count[y] = sum;
    }
}

/* Numbers of components, at their first pixels. */
__global__ void number_kernel(const int32_t *labels, int64_t h, int64_t w,
                              const int64_t *roots, int32_t *number)
{
    OST_SHARED(int, room);

    for (int64_t y = blockIdx.x; y < h; y += gridDim.x) {
        const int32_t *row = labels + y * w;
        int32_t next = static_cast<int32_t>(roots[y]) + 1;

        for (int64_t x0 = 0; x0 < w; x0 += THREADS) {
            const int64_t x = x0 + threadIdx.x;
            const bool root = x < w && row[x] == y * w + x;
            int total;
            const int before = sum_before(root, room, &total);

            if (root)
                number[y * w + x] = next + before;
            next += total;
        }
    }
}

/* A thread that sees a run begin walks to its end. */
__global__ void runs_kernel(const int32_t *labels, int64_t h, int64_t w,
                            const int64_t *runs, const int32_t *number,
                            ost_cuda_run *made)
{
    OST_SHARED(int, room);

    for (int64_t y = blockIdx.x; y < h; y += gridDim.x) {
        const int32_t *row = labels + y * w;
        int64_t next = runs[y];

        for (int64_t x0 = 0; x0 < w; x0 += THREADS) {
            const int64_t x = x0 + threadIdx.x;
            const bool begin = x < w && begins(row, x);
            int total;
            const int before = sum_before(begin, room, &total);

            if (begin) {
                int64_t end = x + 1;

                while (end < w && row[end] >= 0)
                    end++;
                made[next + before] = { static_cast<int32_t>(x),
                                        static_cast<int32_t>(end),
                                        number[row[x]] };
            }
            next += total;
        }
    }
}

__global__ void empty_kernel(ost_cuda_component *all, int64_t n)
{
    for (int64_t i = first_index(); i < n; i += index_stride())
        all[i] = { 0, 0, 0, INT32_MAX, INT32_MAX, 0, 0 };
}

__global__ void measure_kernel(int64_t h, const int64_t *runs,
                               const ost_cuda_run *made,
                               ost_cuda_component *all)
{
    typedef unsigned long long count;

    for (int64_t y = blockIdx.x; y < h; y += gridDim.x)
        for (int64_t i = runs[y] + threadIdx.x; i < runs[y + 1]; i += THREADS) {
            const ost_cuda_run run = made[i];
            ost_cuda_component *c = &all[run.component - 1];
            const int64_t n = run.end - run.begin;
            const int64_t twice =
                n * (run.begin + static_cast<int64_t>(run.end) - 1);

            atomicAdd(&c->area, static_cast<count>(n));
            atomicAdd(&c->sum_x, static_cast<count>(twice / 2));
            atomicAdd(&c->sum_y, static_cast<count>(n * y));
            atomicMin(&c->left, run.begin);
            atomicMin(&c->top, static_cast<int32_t>(y));
            atomicMax(&c->right, run.end);
            atomicMax(&c->bottom, static_cast<int32_t>(y) + 1);
        }
}

/* Blocks for rows. */
unsigned blocks_of(int64_t h)
{
    return static_cast<unsigned>(h < 1 ? 1 : h < 4096 ? h : 4096);
}

constexpr size_t ROOM = THREADS * sizeof(int);

} /* namespace */

int ost_cuda_label(const ost_cuda_picture *mask, int sides, int zeros,
                   int32_t *labels, void *stream)
{
    const int64_t n = ost::pixels_of(mask);
    const unsigned blocks = ost::blocks_for(n);
    int status = OST_LAUNCH(begin_kernel, blocks, THREADS, 0, stream, *mask,
                            zeros, labels);

    if (!status)
        status = OST_LAUNCH(unite_kernel, blocks, THREADS, 0, stream, mask->h,
                            mask->w, sides, labels);
    if (!status)
        status =
            OST_LAUNCH(flatten_kernel, blocks, THREADS, 0, stream, n, labels);
    return status;
}

int ost_cuda_count_runs(const int32_t *labels, int64_t h, int64_t w,
                        int64_t *runs, int64_t *roots, void *stream)
{
    int status = OST_LAUNCH(count_kernel, blocks_of(h), THREADS, ROOM, stream,
                            labels, h, w, runs, roots);

    if (!status)
        status = OST_LAUNCH(add_up_kernel, 1, 32, 0, stream, h, runs, roots);
    return status;
}

int ost_cuda_make_runs(const int32_t *labels, int64_t h, int64_t w,
                       const int64_t *runs, const int64_t *roots,
                       int32_t *number, ost_cuda_run *made, int64_t n_runs,
                       ost_cuda_component *all, int64_t n_all, void *stream)
{
    int status;

    if (n_runs == 0)
        return cudaSuccess;
    status = OST_LAUNCH(number_kernel, blocks_of(h), THREADS, ROOM, stream,
                        labels, h, w, roots, number);
    if (!status)
        status = OST_LAUNCH(runs_kernel, blocks_of(h), THREADS, ROOM, stream,
                            labels, h, w, runs, number, made);
    if (!status)
        status = OST_LAUNCH(empty_kernel, ost::blocks_for(n_all), THREADS, 0,
                            stream, all, n_all);
    if (!status)
        status = OST_LAUNCH(measure_kernel, blocks_of(h), THREADS, 0, stream, h,
                            runs, made, all);
    return status;
}
