/* kernels/cpu/gaussian_noise.c - noise that is added while training
 *
 * The numbers depend on the pass, the layer's index and the logical place,
 * never on the layout: number i of row r (the positions of one channel, or the
 * channels of an item that has no positions) is number i % 4 of the generator's
 * block whose counter is (i / 4, r, r / 2^32, layer).  Its four numbers b
 * become two pairs (Box and Muller, Annals of Mathematical Statistics 29,
 * 1958): radius = sqrt(-2 log((b0 / 2^8 + 1/2) / 2^24)), turn = b1 / 2^8 /
 * 2^24, radius cos(2 pi turn), radius sin(2 pi turn), divisions by 2^8 rounded
 * down; b2 and b3 likewise.  Logarithm, sine and cosine are made of basic
 * arithmetic, so that they are the same bits everywhere.
 */
#include "base/rng.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/drawn_rows.h"
#include "kernels/cpu/threads.h"
#include "kernels/cpu/wide.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { BLOCKS = 16, NUMBERS = 4 * BLOCKS };

/* log x of 0 < x < 1: x = m 2^e with m near 1, and log m = 2 atanh(s) with
 * s = (m - 1) / (m + 1), |s| < 0.172. */
static inline __attribute__((always_inline)) float log_of(float x)
{
    const float ln2 = 0.693147181f;
    int32_t bits;
    int32_t e;
    float m;
    float s;
    float z;

    memcpy(&bits, &x, sizeof(bits));
    e = (bits - 0x3f3504f3) >> 23; /* from the exponent of sqrt(1/2) */
    bits -= (int32_t)((uint32_t)e << 23);
    memcpy(&m, &bits, sizeof(m));
    s = (m - 1.0f) / (m + 1.0f);
    z = s * s;
    z = 1.0f + z * (1.0f / 3 + z * (1.0f / 5 + z * (1.0f / 7 + z / 9)));
    return (float)e * ln2 + 2.0f * s * z;
}

/* Sine and cosine of 2 pi times `turn` / 2^24, 0 <= turn < 2^24: those of the
 * rest to the nearest quarter turn, by their Taylor series. */
static inline __attribute__((always_inline)) void
turned(uint32_t turn, float *sine, float *cosine)
{
    uint32_t quarter = (turn + (1u << 21)) >> 22;
    int32_t rest = (int32_t)turn - (int32_t)(quarter << 22);
    float x = (float)rest * (float)(3.14159265358979 / 8388608.0);
    float z = x * x;
    float s = x - x * z * (1.0f / 6 - z * (1.0f / 120 - z / 5040));
    float c =
        1.0f - z * (0.5f - z * (1.0f / 24 - z * (1.0f / 720 - z / 40320)));
    float a = quarter & 1 ? c : s;
    float b = quarter & 1 ? s : c;

    *sine = quarter & 2 ? -a : a;
    *cosine = (quarter + 1) & 2 ? -b : b;
}

/* From four numbers of each of BLOCKS blocks, first ones first, to theirs. */
OST_WIDE_BODY(normals, (const uint32_t *bits, float sigma, float *out))
{
    for (int pair = 0; pair < 2; pair++) {
        const uint32_t *b = bits + 2 * pair * BLOCKS;
        float *y = out + 2 * pair * BLOCKS;

        OST_APART
        for (int i = 0; i < BLOCKS; i++) {
            float u = ((float)(int32_t)(b[i] >> 8) + 0.5f) * 0x1p-24f;
            float radius = sigma * sqrtf(-2.0f * log_of(u));
            float sine;
            float cosine;

            turned(b[BLOCKS + i] >> 8, &sine, &cosine);
            y[i] = radius * cosine;
            y[BLOCKS + i] = radius * sine;
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
