/* kernels/cuda/set.c - one number in the memory of the device */
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/number_kernels.h"

#include "base/banned.h"

ost_rc ost_cuda_set(uint64_t *to, uint64_t number, ost_err *err)
{
    return ost_cuda_check(
        ost_cuda_launch_set(to, number, ost_cuda_here()->stream),
        "take a number", err);
}
