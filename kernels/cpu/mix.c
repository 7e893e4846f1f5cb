/* kernels/cpu/mix.c - items times numbers of their own, and added */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"
#include "kernels/gan.h"

#include "base/banned.h"

static void mix_part(const ost_mix *m, int64_t item, int64_t from, int64_t to)
{
    const float *x = m->x ? m->x + item * m->count : NULL;
    const float *y = m->y ? m->y + item * m->count : NULL;
    float *out = m->out + item * m->count;
    float a = (float)m->a[item];
    float b = m->y ? (float)m->b[item] : 0.0f;

    for (int64_t i = from; i < to; i++)
        out[i] = (x ? a * x[i] : a) + (y ? b * y[i] : 0.0f);
}

ost_rc ost_cpu_mix(const ost_mix *mix, ost_err *err)
{
    int64_t chunks = ost_cpu_chunks(mix->count);

    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < mix->items * chunks; t++) {
        int64_t from = t % chunks * OST_CPU_CHUNK;
        int64_t to = from + OST_CPU_CHUNK;

        mix_part(mix, t / chunks, from, to < mix->count ? to : mix->count);
    }
    return OST_OK;
}
