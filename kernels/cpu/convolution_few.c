/* kernels/cpu/convolution_few.c - convolutions of one or two input channels
 *
 * What stands first in a network of gray pictures: too few channels to fill a
 * vector, so oneDNN would compute with seven times as many zeros.  Here eight
 * output channels are a vector and every input number is one factor for all of
 * them.
 *
 * Input rows are copied into a margin of zeros first.  One thread takes a row
 * of the output, two vectors of channels and six positions at a time.  For the
 * gradient of the weights the rows of the batch are cut into PIECES by their
 * number alone; each has partial sums of its own, which are added pairwise in a
 * fixed tree.  A flat convolution is one of depth 1.
 */
#include "base/alloc.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/convolution_end.h"
#include "kernels/cpu/eights.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

enum { LANES = OST_EIGHT, TILE = 6, PAIR = 2, PIECES = 16, CHANNELS = 2 };

typedef struct few {
    int64_t items;
    int64_t channels;
    int64_t in[3]; /* depth, height, width */
    int64_t out[3];
    int64_t kernel[3];
    int64_t stride[3];
    int64_t dilation[3];
    int64_t padding[3];
    int64_t groups;   /* of LANES output channels */
    int64_t taps;     /* channels * kernel sides */
    int64_t width;    /* of a padded row */
    int64_t row_step; /* floats of a thread's padded rows */
    int64_t lines;    /* rows of the whole output */
    int64_t pieces;
    int64_t piece_step;           /* floats of a piece's sums, bias included */
    int64_t *offsets;             /* of each tap in the padded rows */
    ost_conversion plain_weights; /* where another network has laid them out, */
    ost_conversion weight_grad;   /* and back */
    float *made;    /* gradient of the weights, when it is to be converted */
    float *rows;    /* for each thread: channel, kernel row, column */
    float *weights; /* group, tap, lane */
    float *bias;    /* group, lane */
    float *sums;    /* piece: group, tap, lane, then the bias */
    ost_finish finish;
} few;

static void few_release(ost_layer *layer)
{
    few *f = layer->state;

    if (!f)
        return;
    ost_conversion_release(&f->weight_grad);
    ost_conversion_release(&f->plain_weights);
    ost_free(f->offsets);
    ost_free(f);
    layer->state = NULL;
}

/* The rows that row `line` of the output reads, with zeros around. */
static const float *pad_rows(const few *f, const float *x, int64_t line)
{
    float *rows = f->rows + omp_get_thread_num() * f->row_step;
    int64_t y = line % f->out[1] * f->stride[1] - f->padding[1];
    int64_t z = line / f->out[1] % f->out[0] * f->stride[0] - f->padding[0];
    int64_t n = line / f->out[1] / f->out[0];
    int64_t count = f->channels * f->kernel[0] * f->kernel[1];

    for (int64_t i = 0; i < count; i++) {
        float *row = rows + i * f->width;
        int64_t c = n * f->channels + i / f->kernel[1] / f->kernel[0];
        int64_t from_z = z + i / f->kernel[1] % f->kernel[0] * f->dilation[0];
        int64_t from_y = y + i % f->kernel[1] * f->dilation[1];

        memset(row, 0, (size_t)f->width * sizeof(*row));
        if (from_z >= 0 && from_z < f->in[0] && from_y >= 0 &&
            from_y < f->in[1])
            memcpy(row + f->padding[2],
                   x + ((c * f->in[0] + from_z) * f->in[1] + from_y) * f->in[2],
                   (size_t)f->in[2] * sizeof(*row));
    }
    return rows;
}

/* `n` neighboring outputs (at most TILE) of `pair` groups, whose outputs are
 * y_group floats apart. */
OST_EIGHT_INLINE void tile_forward(const few *f, const float *rows,
                                   const float *w, const float *bias, int n,
                                   int pair, float *y, int64_t y_step,
                                   int64_t y_group)
{
    ost_eight sum[TILE][PAIR];
    ost_eight factor[PAIR];

    for (int g = 0; g < pair; g++)
        for (int i = 0; i < n; i++)
            sum[i][g] = ost_eight_load(bias + g * LANES);
    for (int64_t t = 0; t < f->taps; t++) {
        const float *x = rows + f->offsets[t];

        for (int g = 0; g < pair; g++)
            factor[g] = ost_eight_load(w + (g * f->taps + t) * LANES);
        for (int i = 0; i < n; i++)
            for (int g = 0; g < pair; g++)
                sum[i][g] = ost_eight_fma(
                    factor[g], ost_eight_of(x[i * f->stride[2]]), sum[i][g]);
    }
    for (int g = 0; g < pair; g++)
        for (int i = 0; i < n; i++)
            ost_eight_store(y + g * y_group + i * y_step, sum[i][g]);
}

OST_EIGHT_INLINE void row_forward(const few *f, const float *rows,
                                  int64_t group, int pair, float *y,
                                  int64_t y_step, int64_t y_group)
{
    const float *w = f->weights + group * f->taps * LANES;
    const float *bias = f->bias + group * LANES;
    int64_t i = 0;

    for (; i + TILE <= f->out[2]; i += TILE)
        tile_forward(f, rows + i * f->stride[2], w, bias, TILE, pair,
                     y + i * y_step, y_step, y_group);
    for (; i < f->out[2]; i++)
        tile_forward(f, rows + i * f->stride[2], w, bias, 1, pair,
                     y + i * y_step, y_step, y_group);
}

/* Where a row of the output has the channels of a group. */
static int64_t out_at(const ost_layer *layer, const few *f, int64_t line,
                      int64_t group)
{
    int64_t block = layer->out->block;
    int64_t blocks = ost_value_blocks(layer->out);
    int64_t rows = f->out[0] * f->out[1];
    int64_t c = group * LANES;

    return ((line / rows * blocks + c / block) * rows + line % rows) *
               f->out[2] * block +
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

static void line_forward(const ost_layer *layer, const few *f, int64_t line)
{
    const float *rows = pad_rows(f, layer->in[0]->data, line);
    int64_t step = layer->out->block;
    int64_t g = 0;

    for (; g + PAIR <= f->groups; g += PAIR) {
        int64_t at = out_at(layer, f, line, g);

        row_forward(f, rows, g, PAIR, layer->out->data + at, step,
                    out_at(layer, f, line, g + 1) - at);
    }
    for (; g < f->groups; g++)
        row_forward(f, rows, g, 1, layer->out->data + out_at(layer, f, line, g),
                    step, 0);
}

/* What follows, on a row of the output. */
static void finish_line(const ost_layer *layer, const few *f, int64_t line)
{
    int block = layer->out->block;
    const float *z = f->finish.addend ? f->finish.addend->data : NULL;

    for (int64_t c = 0; c < f->groups * LANES; c += block) {
        int64_t at = out_at(layer, f, line, c / LANES);
        ost_line factors = { f->finish.line.a + c, f->finish.line.b + c, NULL };
        float *y = layer->out->data + at;

        ost_segment_finish(y, z ? z + at : NULL, f->finish.relu, y,
                           f->out[2] * block, block, &factors);
    }
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    few *f = layer->state;

    return ost_finish_take(&f->finish, layer, next);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    few *f = layer->state;
    int64_t out = layer->weights[0]->shape[0];
    float *weights;
    ost_rc rc = ost_conversion_weights(&f->plain_weights, layer, &weights, err);

    (void)pass;
    if (rc)
        return rc;
    pack(f, out, weights, f->weights);
    memset(f->bias, 0, (size_t)(f->groups * LANES) * sizeof(*f->bias));
    if (layer->n_weights > 1)
        memcpy(f->bias, layer->weights[1]->data,
               (size_t)out * sizeof(*f->bias));
    ost_finish_begin(&f->finish);
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < f->lines; i++) {
        line_forward(layer, f, i);
        if (f->finish.norm)
            finish_line(layer, f, i);
    }
    return OST_OK;
}

/* Adds what one row gives to `n` taps (at most TILE), of `pair` groups. */
OST_EIGHT_INLINE void taps_backward(const few *f, const float *rows, int64_t t,
                                    int n, int pair, const float *dy,
                                    int64_t dy_step, int64_t dy_group,
                                    float *sums)
{
    ost_eight sum[TILE][PAIR];
    ost_eight give[PAIR];
    const float *x[TILE];

    for (int i = 0; i < n; i++) {
        x[i] = rows + f->offsets[t + i];
        for (int g = 0; g < pair; g++)
            sum[i][g] = ost_eight_load(sums + (g * f->taps + t + i) * LANES);
    }
    for (int64_t p = 0; p < f->out[2]; p++) {
        for (int g = 0; g < pair; g++)
            give[g] = ost_eight_load(dy + g * dy_group + p * dy_step);
        for (int i = 0; i < n; i++)
            for (int g = 0; g < pair; g++)
                sum[i][g] = ost_eight_fma(
                    give[g], ost_eight_of(x[i][p * f->stride[2]]), sum[i][g]);
    }
    for (int i = 0; i < n; i++)
        for (int g = 0; g < pair; g++)
            ost_eight_store(sums + (g * f->taps + t + i) * LANES, sum[i][g]);
}

OST_EIGHT_INLINE void row_backward(const few *f, const float *rows, int pair,
                                   const float *dy, int64_t dy_step,
                                   int64_t dy_group, float *sums)
{
    int64_t t = 0;

    for (; t + TILE <= f->taps; t += TILE)
        taps_backward(f, rows, t, TILE, pair, dy, dy_step, dy_group, sums);
    for (; t + TILE / 2 <= f->taps; t += TILE / 2)
        taps_backward(f, rows, t, TILE / 2, pair, dy, dy_step, dy_group, sums);
    for (; t < f->taps; t++)
        taps_backward(f, rows, t, 1, pair, dy, dy_step, dy_group, sums);
}

static void bias_backward(const few *f, const float *dy, int64_t dy_step,
                          float *sums)
{
    ost_eight sum = ost_eight_load(sums);

    for (int64_t p = 0; p < f->out[2]; p++)
        sum += ost_eight_load(dy + p * dy_step);
    ost_eight_store(sums, sum);
}

static void line_backward(const ost_layer *layer, const few *f, int64_t line,
                          float *sums)
{
    const float *rows = pad_rows(f, layer->in[0]->data, line);
    float *bias = sums + f->groups * f->taps * LANES;
    const float *grad = layer->out->grad;
    int64_t step = layer->out->block;
    int64_t g = 0;

    for (; g + PAIR <= f->groups; g += PAIR) {
        int64_t at = out_at(layer, f, line, g);

        row_backward(f, rows, PAIR, grad + at, step,
                     out_at(layer, f, line, g + 1) - at,
                     sums + g * f->taps * LANES);
    }
    for (; g < f->groups; g++)
        row_backward(f, rows, 1, grad + out_at(layer, f, line, g), step, 0,
                     sums + g * f->taps * LANES);
    for (g = 0; layer->n_weights > 1 && g < f->groups; g++)
        bias_backward(f, grad + out_at(layer, f, line, g), step,
                      bias + g * LANES);
}

static void piece_backward(const ost_layer *layer, const few *f, int64_t piece)
{
    float *sums = f->sums + piece * f->piece_step;

    memset(sums, 0, (size_t)f->piece_step * sizeof(*sums));
    for (int64_t i = f->lines * piece / f->pieces;
         i < f->lines * (piece + 1) / f->pieces; i++)
        line_backward(layer, f, i, sums);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    few *f = layer->state;
    float *grad = f->made ? f->made : layer->weight_grad[0];

    (void)pass;
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
    unpack(f, layer->weights[0]->shape[0], f->sums, grad);
    if (layer->n_weights > 1)
        memcpy(layer->weight_grad[1], f->sums + f->groups * f->taps * LANES,
               (size_t)layer->weights[1]->stored * sizeof(float));
    if (!f->made)
        return OST_OK;
    return ost_conversion_run(&f->weight_grad, layer, grad,
                              layer->weight_grad[0], err);
}

bool ost_conv_is_few(const ost_layer *layer)
{
    const ost_value *in = layer->in[0];

    return (in->ndim == 4 || in->ndim == 5) && in->block == 1 &&
           !in->wants_grad && ost_value_channels(in) <= CHANNELS &&
           ost_conv_groups(layer) == 1;
}

/* Where each tap finds its first number in the padded rows. */
static int64_t *tap_offsets(const few *f)
{
    int64_t *offsets = ost_xalloc((size_t)f->taps * sizeof(*offsets));

    for (int64_t t = 0; t < f->taps; t++)
        offsets[t] =
            t / f->kernel[2] * f->width + t % f->kernel[2] * f->dilation[2];
    return offsets;
}

static few *few_of(const ost_layer *layer)
{
    const ost_value *in = layer->in[0];
    int flat = in->ndim == 4;
    few *f = ost_xalloc(sizeof(*f));

    f->items = in->shape[0];
    f->channels = in->shape[1];
    f->taps = f->channels;
    f->in[0] = f->out[0] = f->kernel[0] = f->stride[0] = f->dilation[0] = 1;
    for (int i = flat; i < 3; i++) {
        f->in[i] = in->shape[2 + i - flat];
        f->out[i] = layer->out->shape[2 + i - flat];
        f->kernel[i] = layer->weights[0]->shape[2 + i - flat];
        f->stride[i] = ost_layer_attr_int(layer, "stride", i - flat);
        f->dilation[i] = ost_layer_attr_int(layer, "dilation", i - flat);
        f->padding[i] = ost_layer_attr_int(layer, "padding", i - flat);
        f->taps *= f->kernel[i];
    }
    f->groups = ost_value_blocks(layer->out) * layer->out->block / LANES;
    f->width = f->in[2] + 2 * f->padding[2];
    f->row_step =
        (f->channels * f->kernel[0] * f->kernel[1] * f->width + 15) / 16 * 16;
    f->lines = f->items * f->out[0] * f->out[1];
    f->pieces = f->lines < PIECES ? f->lines : PIECES;
    f->piece_step = f->groups * (f->taps + 1) * LANES;
    f->offsets = tap_offsets(f);
    return f;
}

/* Weights are plain, unless another network of theirs wanted them otherwise. */
static ost_rc prepare_weights(ost_layer *layer, few *f, ost_err *err)
{
    const ost_weight *w = layer->weights[0];
    dnnl_memory_desc_t plain = ost_dnnl_plain(w->ndim, w->shape);
    dnnl_memory_desc_t kept;
    ost_rc rc = OST_OK;

    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(
            layer, i, ost_weight_count(layer->weights[i]), NULL, err);
    if (!rc)
        rc = ost_conversion_init_weights(&f->plain_weights, layer, &plain,
                                         OST_LIFE_FORWARD, err);
    if (rc || !layer->training)
        return rc;
    kept = ost_conv_weight_kept(layer);
    rc = ost_conversion_init(&f->weight_grad, layer, &plain, &kept,
                             OST_LIFE_BACKWARD, err);
    if (!rc && ost_conversion_needed(&f->weight_grad))
        ost_layer_memory(layer, dnnl_memory_desc_get_size(&plain),
                         OST_LIFE_BACKWARD, &f->made);
    return rc;
}

ost_rc ost_conv_few(ost_layer *layer, ost_err *err)
{
    size_t f32 = sizeof(float);
    size_t threads = (size_t)layer->backend->threads;
    few *f;

    layer->in_block[0] = 1;
    layer->out->block = ost_cpu_block(layer->backend);
    layer->forward = forward;
    layer->backward = backward;
    if (!layer->training)
        layer->fuse = fuse;
    layer->release = few_release;
    layer->state = f = few_of(layer);
    ost_layer_memory(layer, threads * (size_t)f->row_step * f32, OST_LIFE_SAVED,
                     &f->rows);
    ost_layer_memory(layer, (size_t)(f->groups * f->taps * LANES) * f32,
                     OST_LIFE_FORWARD, &f->weights);
    ost_layer_memory(layer, (size_t)(f->groups * LANES) * f32, OST_LIFE_FORWARD,
                     &f->bias);
    if (layer->training)
        ost_layer_memory(layer, (size_t)(f->pieces * f->piece_step) * f32,
                         OST_LIFE_BACKWARD, &f->sums);
    return prepare_weights(layer, f, err);
}
