/* kernels/cpu/latent.c - numbers drawn for every item
 *
 * Item n of layer l takes them from stream l * 2^32 + n of the generator whose
 * key is the pass's: two 32-bit numbers for each uniform one, a block of four
 * for each normal one (see base/rng.c).
 */
#include "base/rng.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t count = layer->out->shape[1];
    bool uniform = ost_layer_attr_word(layer, "distribution") == 1;

    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t n = 0; n < layer->out->shape[0]; n++) {
        uint64_t stream = (uint64_t)(uint32_t)layer->index << 32;
        ost_rng rng = ost_rng_of(pass->draw, stream | (uint32_t)n);
        float *y = layer->out->data + n * count;

        for (int64_t i = 0; i < count; i++)
            y[i] = (float)(uniform ? 2.0 * ost_rng_f64(&rng) - 1.0
                                   : ost_rng_normal(&rng));
    }
    return OST_OK;
}

/* Nothing hangs on the input's numbers. */
static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    (void)err;
    if (layer->in_grad[0])
        memset(layer->in_grad[0], 0,
               (size_t)ost_value_stored(layer->in[0]) * sizeof(float));
    return OST_OK;
}

ost_rc ost_cpu_latent(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->out->block = 1;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
