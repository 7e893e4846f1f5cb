/* kernels/cuda/overlap_kernels.cu - how little two masks overlap
 *
 * With u = 2 sum p t + smoothing and v = sum p + sum t + smoothing the loss of
 * an item is 1 - u / v, its derivative by p is (u / v - 2 t) / v.
 */
#include "kernels/cuda/loss_kernels.h"
#include "kernels/cuda/reduce.h"

namespace
{

typedef ost::pair<double> overlap; /* sum p t; sum p + sum t */

static __device__ inline double sigmoid(double x)
{
    const double e = exp(-fabs(x));

    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

/* Of an item's part: blockIdx.x = item * parts + part. */
__global__ void overlap_kernel(ost_overlap_args l, ost_cut cut)
{
    const int64_t item = blockIdx.x / cut.parts;
    const int64_t from = blockIdx.x % cut.parts * cut.size;
    const int64_t to =
        from + cut.size < cut.count ? from + cut.size : cut.count;
    const float *x = l.x + item * l.count;
    const float *t = l.target + item * l.count;
    const overlap o =
        ost::block_over(from, to, ost::pair_plus<double>(), [&](int64_t i) {
            const double p = sigmoid(x[i]);

            return overlap{ p * t[i], p + t[i] };
        });

    if (threadIdx.x != 0)
        return;
    l.parts[2 * blockIdx.x] = o.a;
    l.parts[2 * blockIdx.x + 1] = o.b;
}

/* Joins an item's parts; all threads of the block get its u and v. */
static __device__ overlap item_of(const ost_overlap_args &l, int64_t item,
                                  int64_t parts)
{
    const double *part = l.parts + 2 * item * parts;
    const overlap o =
        ost::block_over(0, parts, ost::pair_plus<double>(), [&](int64_t i) {
            return overlap{ part[2 * i], part[2 * i + 1] };
        });

    return overlap{ 2.0 * o.a + l.smoothing, o.b + l.smoothing };
}

__global__ void slope_kernel(ost_overlap_args l, ost_cut cut)
{
    const int64_t item = blockIdx.x / cut.parts;
    const int64_t from = blockIdx.x % cut.parts * cut.size;
    const int64_t to =
        from + cut.size < cut.count ? from + cut.size : cut.count;
    const float *x = l.x + item * l.count;
    const float *t = l.target + item * l.count;
    float *grad = l.grad + item * l.count;
    const overlap o = item_of(l, item, cut.parts);
    /* 0 / 0 adds nothing. */
    const double ratio = o.b == 0.0 ? 1.0 : o.a / o.b;
    const double scale = o.b == 0.0 ? 0.0 : l.scale / o.b;

    for (int64_t i = from + threadIdx.x; i < to; i += blockDim.x) {
        const double p = sigmoid(x[i]);
        const double q = sigmoid(-static_cast<double>(x[i]));

        grad[i] = static_cast<float>(scale * (ratio - 2.0 * t[i]) * p * q);
    }
}

/* By one block, item by item. */
__global__ void overlap_loss_kernel(ost_overlap_args l, int64_t parts)
{
    double sum = 0.0;

    for (int64_t n = 0; n < l.items; n++) {
        const overlap o = item_of(l, n, parts);

        sum += o.b == 0.0 ? 0.0 : l.scale * (1.0 - o.a / o.b);
    }
    if (threadIdx.x == 0)
        *l.loss = sum;
}

} /* namespace */

int64_t ost_cuda_overlap_parts(int64_t items, int64_t count)
{
    return 2 * items * ost_cut_of(count, items).parts;
}

int ost_cuda_launch_overlap(const ost_overlap_args *loss, void *stream)
{
    const ost_overlap_args &l = *loss;
    const ost_cut cut = ost_cut_of(l.count, l.items);
    const unsigned blocks = static_cast<unsigned>(l.items * cut.parts);
    cudaError_t status =
        OST_LAUNCH(overlap_kernel, blocks, ost::THREADS, 0, stream, l, cut);

    if (status == cudaSuccess && l.grad)
        status =
            OST_LAUNCH(slope_kernel, blocks, ost::THREADS, 0, stream, l, cut);
    if (status == cudaSuccess && l.loss)
        status = OST_LAUNCH(overlap_loss_kernel, 1, ost::THREADS, 0, stream, l,
                            cut.parts);
    return status;
}
