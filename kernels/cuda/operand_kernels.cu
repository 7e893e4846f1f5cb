/* kernels/cuda/operand_kernels.cu - between numbers and the operands of
 * products
 */
#include "kernels/cuda/device.h"
#include "kernels/cuda/half_numbers.h"
#include "kernels/cuda/operand_kernels.h"

/* The largest of the numbers that the threads of a block have. */
static __device__ float largest_of_block(float v)
{
    __shared__ float all[ost::THREADS];

    all[threadIdx.x] = v;
    __syncthreads();
    for (unsigned half = ost::THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half)
            all[threadIdx.x] = fmaxf(all[threadIdx.x], all[threadIdx.x + half]);
        __syncthreads();
    }
    v = all[0];
    __syncthreads();
    return v;
}

static __global__ void largest_kernel(const float *v, int64_t count,
                                      float *largest)
{
    float most = 0.0f;

    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride())
        most = fmaxf(most, fabsf(v[i]));
    most = largest_of_block(most);
    if (threadIdx.x == 0)
        largest[blockIdx.x] = most;
}

int ost_cuda_launch_largest(const float *v, int64_t count, int parts,
                            float *largest, void *stream)
{
    return OST_LAUNCH(largest_kernel, static_cast<unsigned>(parts),
                      ost::THREADS, 0, stream, v, count, largest);
}

/* The exponent of the power of two; 0 where there is none. */
static __device__ int exponent_for(float largest, int aim)
{
    const int biased = static_cast<int>(ost::bits_of(largest) >> 23);
    const int exponent = aim - (biased - 127);

    if (largest == 0.0f || biased == 255)
        return 0;
    return exponent < -100 ? -100 : exponent > 100 ? 100 : exponent;
}

template <class T>
static __global__ void narrow_kernel(const __grid_constant__ ost_narrow n)
{
    float scale = 1.0f;

    if (n.largest) {
        const int i = static_cast<int>(threadIdx.x);
        const float most = largest_of_block(i < n.parts ? n.largest[i] : 0.0f);
        const int exponent = exponent_for(most, n.aim);

        scale = ost::power_of_two(exponent);
        if (ost::first_index() == 0) {
            n.undo[0] = ost::power_of_two(-exponent);
            n.undo[1] = 0.0f;
            n.undo[2] = 1.0f;
        }
    }
    for (int k = 0; k < n.operands; k++) {
        const float *from = n.from[k];
        T *to = static_cast<T *>(n.to[k]);
        const float by = k == 0 ? scale : 1.0f;

        for (int64_t i = ost::first_index(); i < n.count[k];
             i += ost::index_stride())
            ost::store(to + i, from[i] * by);
    }
}

static int64_t most_of(const int64_t *count, int n)
{
    int64_t most = 0;

    for (int i = 0; i < n; i++)
        most = count[i] > most ? count[i] : most;
    return most;
}

int ost_cuda_launch_narrow(const ost_narrow *narrow, void *stream)
{
    const unsigned blocks =
        ost::blocks_for(most_of(narrow->count, narrow->operands));

    if (narrow->type == OST_NUMBER_BF16)
        return OST_LAUNCH(narrow_kernel<ost::bf16>, blocks, ost::THREADS, 0,
                          stream, *narrow);
    return OST_LAUNCH(narrow_kernel<ost::f16>, blocks, ost::THREADS, 0, stream,
                      *narrow);
}

template <class T>
static __device__ float widened(const ost_widen_part &p, int64_t i, float undo)
{
    const T *from = static_cast<const T *>(p.from);
    float sum = ost::load(from[i]);

    for (int k = 1; k < p.copies; k++)
        sum += ost::load(from[k * p.count + i]);
    sum *= undo;
    if (p.add)
        sum += p.to[i];
    if (p.bias)
        sum += p.bias[i / p.area % p.channels];
    return p.relu && sum < 0.0f ? 0.0f : sum;
}

template <class T> static __global__ void widen_kernel(ost_widen w)
{
    const float undo = w.undo ? *w.undo : 1.0f;

    for (int k = 0; k < w.parts; k++)
        for (int64_t i = ost::first_index(); i < w.part[k].count;
             i += ost::index_stride())
            w.part[k].to[i] = widened<T>(w.part[k], i, undo);
}

int ost_cuda_launch_widen(const ost_widen *widen, void *stream)
{
    int64_t most = 0;

    for (int i = 0; i < widen->parts; i++)
        most = widen->part[i].count > most ? widen->part[i].count : most;
    if (widen->type == OST_NUMBER_F32)
        return OST_LAUNCH(widen_kernel<float>, ost::blocks_for(most),
                          ost::THREADS, 0, stream, *widen);
    if (widen->type == OST_NUMBER_BF16)
        return OST_LAUNCH(widen_kernel<ost::bf16>, ost::blocks_for(most),
                          ost::THREADS, 0, stream, *widen);
    return OST_LAUNCH(widen_kernel<ost::f16>, ost::blocks_for(most),
                      ost::THREADS, 0, stream, *widen);
}
