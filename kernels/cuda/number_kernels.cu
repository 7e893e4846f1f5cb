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
