/* kernels/cuda/prelu_kernels.cu - what is negative, times a learned slope */
#include "kernels/cuda/prelu_kernels.h"
#include "kernels/cuda/reduce.h"

namespace prelu
{

static __device__ inline void give(const ost_prelu_work &w, int64_t slope,
                                   double sum)
{
    const float now = static_cast<float>(sum);

    w.grad[slope] = w.add ? w.grad[slope] + now : now;
}

/* A block goes through one part of a column: dx, and the sum of the slope's
 * gradient, x dy where x is not positive. */
template <int W> static __global__ void part_kernel(ost_prelu_work w)
{
    const uint32_t parts = static_cast<uint32_t>(w.cut.parts);
    const int64_t column = blockIdx.x / parts;
    const int64_t from = blockIdx.x % parts * (w.cut.size / W);
    const int64_t end = from + w.cut.size / W;
    const int64_t to = end < w.cut.count / W ? end : w.cut.count / W;
    const float slope = w.slope[column];
    ost::column_walk walk(w.slopes, w.area / W, column, from + threadIdx.x,
                          blockDim.x);
    float sum = 0.0f;

    for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x) {
        const ost::pack<W> x = ost::load_pack<W>(w.x, walk.at());
        ost::pack<W> d = ost::load_pack<W>(w.dy, walk.at());
        float few = 0.0f;

#pragma unroll
        for (int k = 0; k < W; k++)
            if (!(x.v[k] > 0.0f)) {
                few += x.v[k] * d.v[k];
                d.v[k] = slope * d.v[k];
            }
        sum += few;
        if (w.dx && w.add_in) {
            const ost::pack<W> there = ost::load_pack<W>(w.dx, walk.at());

#pragma unroll
            for (int k = 0; k < W; k++)
                d.v[k] = there.v[k] + d.v[k];
        }
        if (w.dx)
            ost::store_pack<W>(w.dx, walk.at(), d);
        walk.next();
    }
    if (!w.grad)
        return;
    sum = ost::block_join(sum, ost::plus<float>());
    if (threadIdx.x > 0)
        return;
    if (parts == 1)
        give(w, column, static_cast<double>(sum));
    else
        w.partial[blockIdx.x] = sum;
}

static __global__ void join_kernel(ost_prelu_work w)
{
    const float *part = w.partial + blockIdx.x * w.cut.parts;
    const double sum =
        ost::block_over(0, w.cut.parts, ost::plus<double>(), [=](int64_t i) {
            return static_cast<double>(part[i]);
        });

    if (threadIdx.x == 0)
        give(w, blockIdx.x, sum);
}

} /* namespace prelu */

int ost_cuda_launch_prelu_back(const ost_prelu_work *work, void *stream)
{
    const ost_prelu_work &w = *work;
    auto *kernel =
        w.area % 4 == 0 ? prelu::part_kernel<4> : prelu::part_kernel<1>;
    const unsigned slopes = static_cast<unsigned>(w.slopes);
    int status = 0;

    if (!w.dx && !w.grad)
        return 0;
    status = OST_LAUNCH(kernel, slopes * static_cast<unsigned>(w.cut.parts),
                        ost::THREADS, 0, stream, w);
    if (status || !w.grad || w.cut.parts == 1)
        return status;
    return OST_LAUNCH(prelu::join_kernel, slopes, ost::WARP * 2, 0, stream, w);
}
