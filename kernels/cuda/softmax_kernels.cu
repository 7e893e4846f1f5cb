/* kernels/cuda/softmax_kernels.cu - shares of the channels of each position
 *
 * A position is one thread's where there are many beside each other, so that
 * threads read side by side, and one warp's where channels are.
 */
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/softmax_kernels.h"
#include "kernels/exponential.h"

namespace softmax
{

/* Joined over the threads of a position, to each of them. */
template <int LANES, typename Join>
static __device__ inline typename Join::value all_lanes(typename Join::value v,
                                                        Join join)
{
    return LANES == 1 ? v : ost::first_lane(ost::warp_join(v, join));
}

/* One position: number c of it lies at `at` + c `area`. */
struct column {
    int64_t at;
    int64_t first; /* channel of this thread */
};

template <int LANES>
static __device__ inline column column_of(const ost_softmax_work &w, int64_t i)
{
    const int64_t position = i / LANES;
    const int64_t item = position / w.area;

    return column{ (item * (w.channels - 1)) * w.area + position, i % LANES };
}

template <int LANES>
static __global__ void forward_kernel(ost_softmax_work w, const float *x,
                                      float *y)
{
    const int64_t count = w.items * w.area * LANES;

    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride()) {
        const column at = column_of<LANES>(w, i);
        const float *from = x + at.at;
        float highest = -INFINITY;
        double sum = 0.0;

        for (int64_t c = at.first; c < w.channels; c += LANES)
            highest = ost::highest<float>()(highest, from[c * w.area]);
        highest = all_lanes<LANES>(highest, ost::highest<float>());
        for (int64_t c = at.first; c < w.channels; c += LANES)
            sum += static_cast<double>(ost_exp(from[c * w.area] - highest));
        const float all =
            static_cast<float>(all_lanes<LANES>(sum, ost::plus<double>()));

        for (int64_t c = at.first; c < w.channels; c += LANES)
            y[at.at + c * w.area] = ost_exp(from[c * w.area] - highest) / all;
    }
}

/* dx = y (dy - sum over the channels of y dy) */
template <int LANES>
static __global__ void backward_kernel(ost_softmax_work w, const float *y,
                                       const float *dy, float *dx)
{
    const int64_t count = w.items * w.area * LANES;

    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride()) {
        const column at = column_of<LANES>(w, i);
        double sum = 0.0;

        for (int64_t c = at.first; c < w.channels; c += LANES) {
            const int64_t k = at.at + c * w.area;

            sum += static_cast<double>(y[k]) * static_cast<double>(dy[k]);
        }
        const float all =
            static_cast<float>(all_lanes<LANES>(sum, ost::plus<double>()));

        for (int64_t c = at.first; c < w.channels; c += LANES) {
            const int64_t k = at.at + c * w.area;

            dx[k] = y[k] * (dy[k] - all);
        }
    }
}

static bool is_lane_wise(const ost_softmax_work &w)
{
    return w.area < ost::WARP && w.channels > 4;
}

static unsigned blocks(const ost_softmax_work &w)
{
    const int64_t lanes = is_lane_wise(w) ? ost::WARP : 1;

    return ost::blocks_for(w.items * w.area * lanes);
}

} /* namespace softmax */

int ost_cuda_launch_softmax(const ost_softmax_work *work, const float *x,
                            float *y, void *stream)
{
    auto *kernel = softmax::is_lane_wise(*work)
                       ? softmax::forward_kernel<ost::WARP>
                       : softmax::forward_kernel<1>;

    return OST_LAUNCH(kernel, softmax::blocks(*work), ost::THREADS, 0, stream,
                      *work, x, y);
}

int ost_cuda_launch_softmax_back(const ost_softmax_work *work, const float *y,
                                 const float *dy, float *dx, void *stream)
{
    auto *kernel = softmax::is_lane_wise(*work)
                       ? softmax::backward_kernel<ost::WARP>
                       : softmax::backward_kernel<1>;

    return OST_LAUNCH(kernel, softmax::blocks(*work), ost::THREADS, 0, stream,
                      *work, y, dy, dx);
}
