/* kernels/cpu/convolution_few.c - convolutions of one or two input channels
 *
 * What stands first in a network of gray pictures: too few channels to fill a
 * vector, so oneDNN would compute with seven times as many zeros.  Here eight
 * output channels are a vector and every input number is one factor for all of
 * them.
 *
 * Input rows are copied into a margin of zeros first.  One thread takes a row
 * of the output.  For the gradient of the weights the rows of the batch are cut
 * into PIECES by their number alone; each has partial sums of its own, which
 * are added pairwise in a fixed tree.
 */
#include "base/alloc.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

enum { LANES = 8, TILE = 8, PIECES = 16, CHANNELS = 2 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

typedef struct few {
    int64_t items;
    int64_t channels;
    int64_t in[2]; /* height, width */
    int64_t out[2];
    int64_t kernel[2];
    int64_t stride[2];
    int64_t dilation[2];
    int64_t padding[2];
    int64_t groups;   /* of LANES output channels */
    int64_t taps;     /* channels * kernel sides */
    int64_t width;    /* of a padded row */
    int64_t row_step; /* floats of a thread's padded rows */
    int64_t pieces;
    int64_t piece_step; /* floats of a piece's sums, bias included */
    float *rows;        /* for each thread: channel, kernel row, column */
    float *weights;     /* group, tap, lane */
    float *bias;        /* group, lane */
    float *sums;        /* piece: group, tap, lane, then the bias */
} few;

static void few_release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

/* The rows that output row `y` of an item reads, with zeros around. */
static const float *pad_rows(const few *f, const float *x, int64_t y)
{
    float *rows = f->rows + omp_get_thread_num() * f->row_step;
    float *row = rows;

    for (int64_t c = 0; c < f->channels; c++)
        for (int64_t k = 0; k < f->kernel[0]; k++, row += f->width) {
            int64_t from =
                y * f->stride[0] + k * f->dilation[0] - f->padding[0];

            memset(row, 0, (size_t)f->width * sizeof(*row));
            if (from >= 0 && from < f->in[0])
                memcpy(row + f->padding[1],
                       x + (c * f->in[0] + from) * f->in[1],
                       (size_t)f->in[1] * sizeof(*row));
        }
    return rows;
}

/* `n` neighboring outputs (at most TILE) of one group. */
static inline __attribute__((always_inline)) void
tile_forward(const few *f, const float *rows, const float *w, const float *bias,
             int n, float *y, int64_t y_step)
{
    lanes sum[TILE];
    lanes factor;

    for (int i = 0; i < n; i++)
        memcpy(&sum[i], bias, sizeof(lanes));
    for (int64_t r = 0; r < f->channels * f->kernel[0]; r++)
        for (int64_t k = 0; k < f->kernel[1]; k++, w += LANES) {
            const float *x = rows + r * f->width + k * f->dilation[1];

            memcpy(&factor, w, sizeof(factor));
            for (int i = 0; i < n; i++)
                sum[i] += factor * x[i * f->stride[1]];
        }
    for (int i = 0; i < n; i++)
        memcpy(y + i * y_step, &sum[i], sizeof(lanes));
}

static void row_forward(const few *f, const float *rows, int64_t group,
                        float *y, int64_t y_step)
{
    const float *w = f->weights + group * f->taps * LANES;
    const float *bias = f->bias + group * LANES;
    int64_t i = 0;

    for (; i + TILE <= f->out[1]; i += TILE)
        tile_forward(f, rows + i * f->stride[1], w, bias, TILE, y + i * y_step,
                     y_step);
    for (; i < f->out[1]; i++)
        tile_forward(f, rows + i * f->stride[1], w, bias, 1, y + i * y_step,
                     y_step);
}

/* Where output row `y` of item `n` has the channels of a group. */
static int64_t out_at(const ost_layer *layer, const few *f, int64_t n,
                      int64_t y, int64_t group)
{
    int64_t block = layer->out->block;
    int64_t blocks = ost_value_blocks(layer->out);
    int64_t c = group * LANES;

    return (((n * blocks + c / block) * f->out[0] + y) * f->out[1]) * block +
           c % block;
}

/* From plain (out, taps) to group, tap, lane, and back. */
static void pack(const few *f, int64_t out, const float *plain, float *packed)
{
    memset(packed, 0, (size_t)(f->groups * f->taps * LANES) * sizeof(*packed));
    for (int64_t o = 0; o < out; o++)
        for (int64_t t = 0; t < f->taps; t++)
            packed[(o / LANES * f->taps + t) * LANES + o % LANES] =
                plain[o * f->taps + t];
}

static void unpack(const few *f, int64_t out, const float *packed, float *plain)
{
    for (int64_t o = 0; o < out; o++)
        for (int64_t t = 0; t < f->taps; t++)
            plain[o * f->taps + t] =
                packed[(o / LANES * f->taps + t) * LANES + o % LANES];
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const few *f = layer->state;
    int64_t out = layer->weights[0]->shape[0];
    int64_t item = f->channels * f->in[0] * f->in[1];
    const float *x = layer->in[0]->data;

    (void)pass;
    (void)err;
    pack(f, out, layer->weights[0]->data, f->weights);
    memset(f->bias, 0, (size_t)(f->groups * LANES) * sizeof(*f->bias));
    if (layer->n_weights > 1)
        memcpy(f->bias, layer->weights[1]->data,
               (size_t)out * sizeof(*f->bias));
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t r = 0; r < f->items * f->out[0]; r++) {
        int64_t n = r / f->out[0];
        int64_t y = r % f->out[0];
        const float *rows = pad_rows(f, x + n * item, y);

        for (int64_t g = 0; g < f->groups; g++)
            row_forward(f, rows, g,
                        layer->out->data + out_at(layer, f, n, y, g),
                        layer->out->block);
    }
    return OST_OK;
}

/* Adds what one row gives to `n` neighboring taps (at most TILE). */
static inline __attribute__((always_inline)) void
taps_backward(const few *f, const float *x, const float *dy, int64_t dy_step,
              int n, float *sums)
{
    lanes sum[TILE];
    lanes give;

    for (int i = 0; i < n; i++)
        memcpy(&sum[i], sums + i * LANES, sizeof(lanes));
    for (int64_t p = 0; p < f->out[1]; p++) {
        memcpy(&give, dy + p * dy_step, sizeof(give));
        for (int i = 0; i < n; i++)
            sum[i] += give * x[p * f->stride[1] + i * f->dilation[1]];
    }
    for (int i = 0; i < n; i++)
        memcpy(sums + i * LANES, &sum[i], sizeof(lanes));
}

static void row_backward(const few *f, const float *rows, const float *dy,
                         int64_t dy_step, float *sums)
{
    for (int64_t r = 0; r < f->channels * f->kernel[0]; r++) {
        const float *row = rows + r * f->width;
        float *to = sums + r * f->kernel[1] * LANES;
        int64_t k = 0;

        for (; k + 3 <= f->kernel[1]; k += 3)
            taps_backward(f, row + k * f->dilation[1], dy, dy_step, 3,
                          to + k * LANES);
        for (; k < f->kernel[1]; k++)
            taps_backward(f, row + k * f->dilation[1], dy, dy_step, 1,
                          to + k * LANES);
    }
}

static void bias_backward(const few *f, const float *dy, int64_t dy_step,
                          float *sums)
{
    lanes sum;
    lanes give;

    memcpy(&sum, sums, sizeof(sum));
    for (int64_t p = 0; p < f->out[1]; p++) {
        memcpy(&give, dy + p * dy_step, sizeof(give));
        sum += give;
    }
    memcpy(sums, &sum, sizeof(sum));
}

static void piece_backward(const ost_layer *layer, const few *f, int64_t piece)
{
    int64_t all = f->items * f->out[0];
    int64_t item = f->channels * f->in[0] * f->in[1];
    float *sums = f->sums + piece * f->piece_step;
    float *bias = sums + f->groups * f->taps * LANES;

    memset(sums, 0, (size_t)f->piece_step * sizeof(*sums));
    for (int64_t r = all * piece / f->pieces; r < all * (piece + 1) / f->pieces;
         r++) {
        int64_t n = r / f->out[0];
        int64_t y = r % f->out[0];
        const float *rows = pad_rows(f, layer->in[0]->data + n * item, y);

        for (int64_t g = 0; g < f->groups; g++) {
            const float *dy = layer->out->grad + out_at(layer, f, n, y, g);

            row_backward(f, rows, dy, layer->out->block,
                         sums + g * f->taps * LANES);
            bias_backward(f, dy, layer->out->block, bias + g * LANES);
        }
    }
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const few *f = layer->state;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t i = 0; i < f->pieces; i++)
        piece_backward(layer, f, i);
    for (int64_t step = 1; step < f->pieces; step *= 2)
        for (int64_t i = 0; i + step < f->pieces; i += 2 * step) {
            float *sum = f->sums + i * f->piece_step;
            const float *add = sum + step * f->piece_step;

            for (int64_t k = 0; k < f->piece_step; k++)
                sum[k] += add[k];
        }
    unpack(f, layer->weights[0]->shape[0], f->sums, layer->weight_grad[0]);
    if (layer->n_weights > 1)
        memcpy(layer->weight_grad[1], f->sums + f->groups * f->taps * LANES,
               (size_t)layer->weights[1]->stored * sizeof(float));
    return OST_OK;
}

bool ost_conv_is_few(const ost_layer *layer)
{
    const ost_value *in = layer->in[0];

    return in->ndim == 4 && in->block == 1 && !in->wants_grad &&
           ost_value_channels(in) <= CHANNELS && ost_conv_groups(layer) == 1;
}

static few *few_of(const ost_layer *layer)
{
    const ost_value *in = layer->in[0];
    few *f = ost_xalloc(sizeof(*f));

    f->items = in->shape[0];
    f->channels = in->shape[1];
    f->taps = f->channels;
    for (int i = 0; i < 2; i++) {
        f->in[i] = in->shape[2 + i];
        f->out[i] = layer->out->shape[2 + i];
        f->kernel[i] = layer->weights[0]->shape[2 + i];
        f->stride[i] = ost_layer_attr_int(layer, "stride", i);
        f->dilation[i] = ost_layer_attr_int(layer, "dilation", i);
        f->padding[i] = ost_layer_attr_int(layer, "padding", i);
        f->taps *= f->kernel[i];
    }
    f->groups = ost_value_blocks(layer->out) * layer->out->block / LANES;
    f->width = f->in[1] + 2 * f->padding[1];
    f->row_step = (f->channels * f->kernel[0] * f->width + 15) / 16 * 16;
    f->pieces = f->items * f->out[0] < PIECES ? f->items * f->out[0] : PIECES;
    f->piece_step = f->groups * (f->taps + 1) * LANES;
    return f;
}

ost_rc ost_conv_few(ost_layer *layer, ost_err *err)
{
    size_t f32 = sizeof(float);
    size_t threads = (size_t)layer->backend->threads;
    few *f;
    ost_rc rc = OST_OK;

    layer->in_block[0] = 1;
    layer->out->block = ost_cpu_block(layer->backend);
    layer->forward = forward;
    layer->backward = backward;
    layer->release = few_release;
    layer->state = f = few_of(layer);
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(
            layer, i, ost_weight_count(layer->weights[i]), NULL, err);
    ost_layer_memory(layer, threads * (size_t)f->row_step * f32, OST_LIFE_SAVED,
                     &f->rows);
    ost_layer_memory(layer, (size_t)(f->groups * f->taps * LANES) * f32,
                     OST_LIFE_FORWARD, &f->weights);
    ost_layer_memory(layer, (size_t)(f->groups * LANES) * f32, OST_LIFE_FORWARD,
                     &f->bias);
    if (layer->training)
        ost_layer_memory(layer, (size_t)(f->pieces * f->piece_step) * f32,
                         OST_LIFE_BACKWARD, &f->sums);
    return rc;
}
