/* kernels/cpu/dropout.c - leaves out numbers at random while training
 *
 * Srivastava et al., JMLR 15, 2014, with what is kept scaled up by 1 / (1 - p).
 * Which numbers are dropped depends on the pass, the layer's index and the
 * number's logical place, never on its layout: rows of numbers (the positions
 * of one channel, or the channels of an item that has no positions) take four
 * numbers from each block of the generator, whose counter is (group in the row,
 * row, layer).  The backward pass draws them again.
 */
#include "base/rng.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/drawn_rows.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

static void drop_row(const ost_drawn_rows *r, int64_t row, uint64_t draw,
                     uint32_t layer, double p, const float *x, float *y)
{
    uint32_t key[2] = { (uint32_t)draw, (uint32_t)(draw >> 32) };
    uint32_t limit = (uint32_t)(p * 4294967296.0);
    float scale = (float)(1.0 / (1.0 - p));

    for (int64_t i = 0; i < r->length; i += 4) {
        uint32_t counter[4] = { (uint32_t)(i / 4), (uint32_t)row,
                                (uint32_t)((uint64_t)row >> 32), layer };
        uint32_t bits[4];

        ost_philox(counter, key, bits);
        for (int64_t k = i; k < i + 4 && k < r->length; k++)
            y[k * r->step] =
                bits[k - i] < limit ? 0.0f : x[k * r->step] * scale;
    }
}

static void drop(const ost_layer *layer, const ost_pass *pass, const float *x,
                 float *y)
{
    ost_drawn_rows r = ost_drawn_rows_of(layer->out);
    double p = ost_layer_attr(layer, "p");

    if (!layer->live || p == 0.0) {
        if (x != y)
            memcpy(y, x, (size_t)ost_value_stored(layer->out) * sizeof(float));
        return;
    }
    /* Lanes of missing channels belong to no row. */
    if (x != y)
        memset(y, 0, (size_t)ost_value_stored(layer->out) * sizeof(float));
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t row = 0; row < r.count; row++) {
        int64_t at = ost_drawn_row(&r, row);

        drop_row(&r, row, pass->draw, (uint32_t)layer->index, p, x + at,
                 y + at);
    }
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)err;
    drop(layer, pass, layer->in[0]->data, layer->out->data);
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)err;
    if (layer->in_grad[0])
        drop(layer, pass, layer->out->grad, layer->in_grad[0]);
    return OST_OK;
}

ost_rc ost_cpu_dropout(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_cpu_same_layout(layer);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
