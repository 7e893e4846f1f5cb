/* kernels/cpu/approach.c - moves arrays a part of the way to others */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

static void move(const ost_update *u, float share)
{
    float *mean = u->data;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < u->count; i++)
        mean[i] += share * (u->grad[i] - mean[i]);
}

ost_rc ost_cpu_approach(const ost_update *updates, int count, double part,
                        ost_err *err)
{
    (void)err;
    for (int i = 0; i < count; i++)
        move(&updates[i], (float)part);
    return OST_OK;
}
