/* kernels/cuda/number_kernels.cu - kernels for numbers in the device's memory
 */
#include "kernels/cuda/device.h"
#include "kernels/cuda/number_kernels.h"

static __global__ void set_kernel(uint64_t *to, uint64_t number)
{
    *to = number;
}

int ost_cuda_launch_set(uint64_t *to, uint64_t number, void *stream)
{
    return OST_LAUNCH(set_kernel, 1, 1, 0, stream, to, number);
}

static __global__ void mix_kernel(float *out, const float *x, const float *y,
                                  const double *a, const double *b,
                                  int64_t total, int64_t count)
{
    const int64_t step = ost::index_stride();

    for (int64_t i = ost::first_index(); i < total; i += step) {
        const float first = static_cast<float>(a[i / count]);
        const float v = x ? first * x[i] : first;

        out[i] = v + (y ? static_cast<float>(b[i / count]) * y[i] : 0.0f);
    }
}

int ost_cuda_launch_mix(float *out, const float *x, const float *y,
                        const double *a, const double *b, int64_t items,
                        int64_t count, void *stream)
{
    if (items * count < 1)
        return 0;
    return OST_LAUNCH(mix_kernel, ost::blocks_for(items * count), ost::THREADS,
                      0, stream, out, x, y, a, b, items * count, count);
}
