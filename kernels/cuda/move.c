/* kernels/cuda/move.c - numbers from one place to another on the device */
#include "kernels/cuda/cuda.h"

#include "base/banned.h"

ost_rc ost_cuda_move(float *to, const float *from, int64_t count, ost_err *err)
{
    return ost_cuda_check(
        cudaMemcpyAsync(to, from, (size_t)count * sizeof(float),
                        cudaMemcpyDeviceToDevice, ost_cuda_here()->stream),
        "move numbers", err);
}

ost_rc ost_cuda_clear(float *to, int64_t count, ost_err *err)
{
    return ost_cuda_check(cudaMemsetAsync(to, 0, (size_t)count * sizeof(float),
                                          ost_cuda_here()->stream),
                          "clear numbers", err);
}
