/* kernels/cpu/sgd.c - stochastic gradient descent with momentum */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

ost_rc ost_cpu_sgd(const ost_update *u, ost_err *err)
{
    float rate = (float)u->with.rate;
    float momentum = (float)u->with.momentum;
    float decay = (float)u->with.weight_decay;
    const float *g = u->grad;
    float *w = u->data;
    float *v = u->state[0];

    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < u->count; i++) {
        float d = g[i] + decay * w[i];

        if (v)
            d = v[i] = momentum * v[i] + d;
        w[i] -= rate * d;
    }
    return OST_OK;
}
