/* kernels/cpu/gaussian_noise.c - noise that is added while training
 *
 * The numbers depend on the pass, the layer's index and the logical place,
 * never on the layout: number i of row r (the positions of one channel, or the
 * channels of an item that has no positions) is number i % 4 of the generator's
 * block whose counter is (i / 4, r, r / 2^32, layer), of whose four numbers b0
 * and b1 make a pair (kernels/normals.h), and b2 and b3.
 */
#include "base/rng.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/drawn_rows.h"
#include "kernels/cpu/threads.h"
#include "kernels/cpu/wide.h"
#include "kernels/normals.h"

#include <string.h>

#include "base/banned.h"

enum { BLOCKS = 16, NUMBERS = 4 * BLOCKS };

/* From four numbers of each of BLOCKS blocks, first ones first, to theirs. */
OST_WIDE_BODY(normals, (const uint32_t *bits, float sigma, float *out))
{
    for (int pair = 0; pair < 2; pair++) {
        const uint32_t *b = bits + 2 * pair * BLOCKS;
        float *y = out + 2 * pair * BLOCKS;

        OST_APART
        for (int i = 0; i < BLOCKS; i++) {
            float first;
            float second;

            ost_normals_of(b[i], b[BLOCKS + i], sigma, &first, &second);
            y[i] = first;
            y[BLOCKS + i] = second;
        }
    }
}
OST_WIDE(normals, (const uint32_t *bits, float sigma, float *out),
         (bits, sigma, out))

/* NUMBERS of a row, from number `first` on. */
static void draw(uint64_t key, uint32_t layer, int64_t row, int64_t first,
                 float sigma, float *out)
{
    uint32_t half[2] = { (uint32_t)key, (uint32_t)(key >> 32) };
    uint32_t bits[4][BLOCKS];

    for (int i = 0; i < BLOCKS; i++) {
        uint32_t counter[4] = { (uint32_t)(first / 4 + i), (uint32_t)row,
                                (uint32_t)((uint64_t)row >> 32), layer };
        uint32_t b[4];

        ost_philox(counter, half, b);
        for (int k = 0; k < 4; k++)
            bits[k][i] = b[k];
    }
    normals(bits[0], sigma, out);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_drawn_rows r = ost_drawn_rows_of(layer->out);
    const float *x = layer->in[0]->data;
    float *y = layer->out->data;
    float sigma = (float)ost_layer_attr(layer, "sigma");

    (void)err;
    if (x != y)
        memcpy(y, x, (size_t)ost_value_stored(layer->out) * sizeof(float));
    if (!layer->training || sigma <= 0.0f)
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t row = 0; row < r.count; row++) {
        float *at = y + ost_drawn_row(&r, row);
        float drawn[NUMBERS];

        for (int64_t i = 0; i < r.length; i++) {
            int64_t k = i % NUMBERS;

            if (k == 0)
                draw(pass->draw, (uint32_t)layer->index, row, i, sigma, drawn);
            at[i * r.step] += drawn[k % 4 * BLOCKS + k / 4];
        }
    }
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const float *dy = layer->out->grad;
    float *dx = layer->in_grad[0];

    (void)pass;
    (void)err;
    if (dx && dx != dy)
        memcpy(dx, dy, (size_t)ost_value_stored(layer->out) * sizeof(float));
    return OST_OK;
}

ost_rc ost_cpu_gaussian_noise(ost_layer *layer, ost_err *err)
{
    (void)err;
    ost_cpu_same_layout(layer);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
