/* kernels/cuda/accumulate.c - adds one array to another */
#include "kernels/cuda/chain_kernels.h"
#include "kernels/cuda/cuda.h"

#include "base/banned.h"

ost_rc ost_cuda_accumulate(float *sum, const float *add, int64_t count,
                           ost_err *err)
{
    ost_chain_args chain = { .from = sum,
                             .to = sum,
                             .count = count,
                             .channels = 1,
                             .area = count,
                             .steps = 1,
                             .step = { { .op = OST_CHAIN_ADD, .a = add } } };

    return ost_cuda_check(
        ost_cuda_launch_chain(&chain, ost_cuda_here()->stream), "add numbers",
        err);
}
