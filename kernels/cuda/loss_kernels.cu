/* kernels/cuda/loss_kernels.cu - what outputs cost, number by number */
#include "kernels/cuda/loss_kernels.h"
#include "kernels/cuda/reduce.h"

namespace
{

/* 1 / (1 + exp(-x)), exact to rounding for either sign. */
static __device__ inline double sigmoid(double x)
{
    const double e = exp(-fabs(x));

    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

static __device__ inline double power(double base, double gamma)
{
    return gamma == 1.0 ? base : pow(base, gamma);
}

static __device__ double focal(const ost_loss_args &l, double x, double target,
                               double weight, double *slope)
{
    const double least = 1e-7;
    double p = sigmoid(x);
    double q = sigmoid(-x);
    const bool clamped = p < least || q < least;

    if (p < least) {
        p = least;
        q = 1.0 - least;
    } else if (q < least) {
        p = 1.0 - least;
        q = least;
    }
    const double easy = power(q, l.gamma);
    const double hard = power(p, l.gamma);

    *slope = clamped ? 0.0
                     : weight * target * easy * (l.gamma * p * log(p) - q) -
                           (1.0 - target) * hard * (l.gamma * q * log(q) - p);
    return -weight * target * easy * log(p) - (1.0 - target) * hard * log(q);
}

template <int TERM>
static __device__ inline double term(const ost_loss_args &l, double x,
                                     double target, double weight,
                                     double *slope)
{
    const double t = TERM >= OST_LOSS_BCE ? l.label : target;

    if (TERM == OST_LOSS_SIGMOID) {
        const double softplus = log1p(exp(-fabs(x))) + (x < 0.0 ? -x : 0.0);
        const double w = weight * t + (1.0 - t);

        *slope = (1.0 - t) - w * sigmoid(-x);
        return (1.0 - t) * x + w * softplus;
    }
    if (TERM == OST_LOSS_FOCAL)
        return focal(l, x, t, weight, slope);
    if (TERM == OST_LOSS_L1) {
        const double d = x - t;

        *slope = d > 0.0 ? 1.0 : d < 0.0 ? -1.0 : d;
        return fabs(d);
    }
    if (TERM == OST_LOSS_L2 || TERM == OST_LOSS_SQUARES) {
        *slope = 2.0 * (x - t);
        return (x - t) * (x - t);
    }
    if (TERM == OST_LOSS_BCE) {
        *slope = sigmoid(x) - t;
        return log1p(exp(-fabs(x))) + (x > 0.0 ? x : 0.0) - t * x;
    }
    if (TERM == OST_LOSS_HINGE) {
        /* What is not a number is not below the margin. */
        *slope = 1.0 + t * x <= 0.0 ? 0.0 : t;
        return 1.0 + t * x <= 0.0 ? 0.0 : 1.0 + t * x;
    }
    *slope = t;
    return t * x;
}

template <int TERM> __global__ void loss_kernel(ost_loss_args l, ost_cut cut)
{
    const int64_t from = blockIdx.x * cut.size;
    const int64_t to =
        from + cut.size < cut.count ? from + cut.size : cut.count;
    const double sum =
        ost::block_over(from, to, ost::plus<double>(), [&](int64_t i) {
            const double w =
                l.weights ? l.weights[i / l.area % l.channels] : 1.0;
            const double t = l.target ? l.target[i] : 0.0;
            double slope;
            const double v = term<TERM>(l, l.x[i], t, w, &slope);

            if (l.grad)
                l.grad[i] = static_cast<float>(slope * l.scale * l.weight);
            return v;
        });

    if (threadIdx.x == 0)
        l.parts[blockIdx.x] = sum;
    if (threadIdx.x == 0 && gridDim.x == 1 && l.loss)
        *l.loss = sum * l.scale;
}

__global__ void squares_kernel(const float *v, ost_cut cut, double *parts,
                               double *all)
{
    const int64_t from = blockIdx.x * cut.size;
    const int64_t to =
        from + cut.size < cut.count ? from + cut.size : cut.count;
    const double sum =
        ost::block_over(from, to, ost::plus<double>(), [&](int64_t i) {
            return static_cast<double>(v[i]) * static_cast<double>(v[i]);
        });

    if (threadIdx.x == 0)
        parts[blockIdx.x] = sum;
    if (threadIdx.x == 0 && gridDim.x == 1)
        *all = sum;
}

/* By one block. */
__global__ void join_kernel(const double *parts, int64_t count, double scale,
                            double *sum)
{
    const double v = ost::block_over(0, count, ost::plus<double>(),
                                     [&](int64_t i) { return parts[i]; });

    if (threadIdx.x == 0)
        *sum = v * scale;
}

template <int TERM>
cudaError_t launch(const ost_loss_args &l, const ost_cut &cut, void *stream)
{
    return OST_LAUNCH(loss_kernel<TERM>, static_cast<unsigned>(cut.parts),
                      ost::THREADS, 0, stream, l, cut);
}

cudaError_t launch_term(const ost_loss_args &l, const ost_cut &cut,
                        void *stream)
{
    switch (l.term) {
    case OST_LOSS_SIGMOID:
        return launch<OST_LOSS_SIGMOID>(l, cut, stream);
    case OST_LOSS_FOCAL:
        return launch<OST_LOSS_FOCAL>(l, cut, stream);
    case OST_LOSS_L1:
        return launch<OST_LOSS_L1>(l, cut, stream);
    case OST_LOSS_L2:
        return launch<OST_LOSS_L2>(l, cut, stream);
    case OST_LOSS_BCE:
        return launch<OST_LOSS_BCE>(l, cut, stream);
    case OST_LOSS_SQUARES:
        return launch<OST_LOSS_SQUARES>(l, cut, stream);
    case OST_LOSS_HINGE:
        return launch<OST_LOSS_HINGE>(l, cut, stream);
    case OST_LOSS_LINE:
        break;
    }
    return launch<OST_LOSS_LINE>(l, cut, stream);
}

} /* namespace */

int64_t ost_cuda_loss_parts(int64_t count)
{
    return ost_cut_of(count, 1).parts;
}

int ost_cuda_launch_loss(const ost_loss_args *loss, void *stream)
{
    const ost_cut cut = ost_cut_of(loss->count, 1);
    const cudaError_t status = launch_term(*loss, cut, stream);

    if (status != cudaSuccess || cut.parts == 1 || !loss->loss)
        return status;
    return OST_LAUNCH(join_kernel, 1, ost::THREADS, 0, stream, loss->parts,
                      cut.parts, loss->scale, loss->loss);
}

int ost_cuda_launch_squares(const float *v, int64_t count, double *parts,
                            double *sum, void *stream)
{
    const ost_cut cut = ost_cut_of(count, 1);
    const cudaError_t status =
        OST_LAUNCH(squares_kernel, static_cast<unsigned>(cut.parts),
                   ost::THREADS, 0, stream, v, cut, parts, sum);

    if (status != cudaSuccess || cut.parts == 1)
        return status;
    return OST_LAUNCH(join_kernel, 1, ost::THREADS, 0, stream, parts, cut.parts,
                      1.0, sum);
}
