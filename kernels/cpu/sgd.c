/* kernels/cpu/sgd.c - stochastic gradient descent with momentum */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

static void update(const ost_update *u)
{
    float rate = (float)u->with.rate;
    float momentum = (float)u->with.momentum;
    float scale = u->scale ? (float)*u->scale : 1.0f;
    float decay = (float)u->decay;
    bool nesterov = u->with.nesterov;
    const float *g = u->grad;
    float *w = u->data;
    float *v = u->state[0];

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < u->count; i++) {
        float d = scale * g[i] + decay * w[i];

        if (v) {
            v[i] = momentum * v[i] + d;
            d = nesterov ? d + momentum * v[i] : v[i];
        }
        w[i] -= rate * d;
    }
}

ost_rc ost_cpu_sgd(const ost_update *updates, int count, ost_err *err)
{
    (void)err;
    for (int i = 0; i < count; i++)
        update(&updates[i]);
    return OST_OK;
}
