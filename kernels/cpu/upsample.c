/* kernels/cpu/upsample.c - more positions, by repeating or mixing numbers */
#include "kernels/cpu/resampling.h"

#include "base/banned.h"

static void repeat(const ost_layer *layer, int side, ost_samples *s)
{
    (void)layer;
    (void)side;
    for (int64_t i = 0; i < s->out; i++)
        s->near[i] = (int32_t)(i * s->in / s->out);
}

/* Where the centers of the outputs lie; what is beyond the first and the last
 * center repeats these. */
static void mix(const ost_layer *layer, int side, ost_samples *s)
{
    (void)layer;
    (void)side;
    for (int64_t i = 0; i < s->out; i++) {
        double at = ((double)i + 0.5) * (double)s->in / (double)s->out - 0.5;

        at = at < 0.0 ? 0.0 : at;
        s->near[i] = (int32_t)at;
        s->far[i] = s->near[i] + (s->near[i] + 1 < s->in);
        s->part[i] = (float)(at - (double)s->near[i]);
    }
}

ost_rc ost_cpu_upsample(ost_layer *layer, ost_err *err)
{
    bool mixed = ost_layer_attr_word(layer, "mode") == 1;

    (void)err;
    ost_cpu_resampling(layer, mixed ? mix : repeat, mixed);
    return OST_OK;
}
