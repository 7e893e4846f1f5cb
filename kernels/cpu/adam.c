/* kernels/cpu/adam.c - Adam and AdamW, with bias correction */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include <math.h>

#include "base/banned.h"

static void update(const ost_update *u)
{
    float beta1 = (float)u->with.beta1;
    float beta2 = (float)u->with.beta2;
    float rest1 = (float)(1.0 - u->with.beta1);
    float rest2 = (float)(1.0 - u->with.beta2);
    float scale = u->scale ? (float)*u->scale : 1.0f;
    float decay = (float)u->decay;
    float shrink = (float)u->shrink;
    float epsilon = (float)u->with.epsilon;
    float rate =
        (float)(u->with.rate / (1.0 - pow(u->with.beta1, (double)u->step)));
    float root = (float)sqrt(1.0 - pow(u->with.beta2, (double)u->step));
    const float *g = u->grad;
    float *w = u->data;
    float *m = u->state[0];
    float *v = u->state[1];

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < u->count; i++) {
        float d = scale * g[i] + decay * w[i];

        m[i] = beta1 * m[i] + rest1 * d;
        v[i] = beta2 * v[i] + rest2 * d * d;
        w[i] = shrink * w[i] - rate * m[i] / (sqrtf(v[i]) / root + epsilon);
    }
}

ost_rc ost_cpu_adam(const ost_update *updates, int count, ost_err *err)
{
    (void)err;
    for (int i = 0; i < count; i++)
        update(&updates[i]);
    return OST_OK;
}
