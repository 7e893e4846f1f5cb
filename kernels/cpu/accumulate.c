/* kernels/cpu/accumulate.c - adds one array to another */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

ost_rc ost_cpu_accumulate(float *sum, const float *add, int64_t count,
                          ost_err *err)
{
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < count; i++)
        sum[i] += add[i];
    return OST_OK;
}
