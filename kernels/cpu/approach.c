/* kernels/cpu/approach.c - moves one array a part of the way to another */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

ost_rc ost_cpu_approach(float *mean, const float *to, double part,
                        int64_t count, ost_err *err)
{
    float share = (float)part;

    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < count; i++)
        mean[i] += share * (to[i] - mean[i]);
    return OST_OK;
}
