/* kernels/cpu/reflection_pad2d.c - a margin that mirrors the picture */
#include "kernels/cpu/resampling.h"

#include "base/banned.h"

static void reflect(const ost_layer *layer, int side, ost_samples *s)
{
    int64_t before = ost_layer_attr_int(layer, "padding", 2 * side);

    for (int64_t i = 0; i < s->out; i++) {
        int64_t from = i < before ? before - i : i - before;

        if (from >= s->in)
            from = 2 * (s->in - 1) - from;
        s->near[i] = (int32_t)from;
    }
}

ost_rc ost_cpu_reflection_pad2d(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_cpu_resampling(layer, reflect, false);
    return OST_OK;
}
