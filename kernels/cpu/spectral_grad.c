/* kernels/cpu/spectral_grad.c - from the gradient of W / s to that of W */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

enum { PARTS = 64 };

/* <dL/dWn, Wn>, in as many parts whatever its length. */
static double product(const ost_spectral_work *w)
{
    double part[PARTS];
    double sum = 0.0;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t p = 0; p < PARTS; p++) {
        part[p] = 0.0;
        for (int64_t i = w->stored * p / PARTS; i < w->stored * (p + 1) / PARTS;
             i++)
            part[p] += (double)w->grad[i] * (double)w->normed[i];
    }
    for (int p = 0; p < PARTS; p++)
        sum += part[p];
    return sum;
}

ost_rc ost_cpu_spectral_grad(const ost_spectral_work *work, ost_err *err)
{
    const ost_spectral_work *w = work;
    double scale = *w->sigma != 0.0 ? 1.0 / *w->sigma : 0.0;
    double along = product(w);

    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < w->outer * w->rows; i++) {
        const float *v = w->v + i / w->rows * w->inner;
        double u = along * (double)w->u[i % w->rows];
        float *g = w->matrix + i * w->inner;

        for (int64_t k = 0; k < w->inner; k++)
            g[k] = (float)(((double)g[k] - u * (double)v[k]) * scale);
    }
    return OST_OK;
}
