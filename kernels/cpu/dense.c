/* kernels/cpu/dense.c - y = x W' + b
 *
 * Forward, every output is the dot product of two rows, summed in an order that
 * hangs on their length alone: an item's outputs are the same bytes in any
 * place of any batch.  A general matrix product does not promise that.
 *
 * Backward, a thread takes a range of columns: of the weights' gradient, which
 * it writes once, and of the weights, which it reads once and copies in small
 * squares, so that all items find them in the cache.
 */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/eights.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

/* Rows of x and of W that stay in registers; numbers of a row that one pass
 * reads, so that the items' stay in the cache; outputs and items of a task. */
enum { X_ROWS = 4, W_ROWS = 3, LENGTH = 512, OUTPUTS = 12, ITEMS = 32 };

static inline __attribute__((always_inline)) float add_lanes(ost_eight v)
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* Adds the products of `nx` rows at x and `nw` rows at w, all in rows of
 * memory of length k, over their first `n` numbers. */
OST_EIGHT_INLINE void dot_rows(const float *x, int nx, const float *w, int nw,
                               int64_t k, int64_t n, ost_eight (*sums)[OUTPUTS])
{
    ost_eight sum[X_ROWS][W_ROWS];
    ost_eight a;
    ost_eight b[W_ROWS];

    for (int r = 0; r < nx; r++)
        for (int c = 0; c < nw; c++)
            sum[r][c] = sums[r][c];
    for (int64_t i = 0; i + OST_EIGHT <= n; i += OST_EIGHT) {
        for (int c = 0; c < nw; c++)
            b[c] = ost_eight_load(w + c * k + i);
        for (int r = 0; r < nx; r++) {
            a = ost_eight_load(x + r * k + i);
            for (int c = 0; c < nw; c++)
                sum[r][c] = ost_eight_fma(a, b[c], sum[r][c]);
        }
    }
    for (int64_t i = n - n % OST_EIGHT; i < n; i++)
        for (int r = 0; r < nx; r++)
            for (int c = 0; c < nw; c++)
                sum[r][c][i % OST_EIGHT] = __builtin_fmaf(
                    x[r * k + i], w[c * k + i], sum[r][c][i % OST_EIGHT]);
    for (int r = 0; r < nx; r++)
        for (int c = 0; c < nw; c++)
            sums[r][c] = sum[r][c];
}

/* `nw` outputs of `items` items. */
OST_EIGHT_INLINE void dot_items(const float *x, int64_t items, const float *w,
                                int nw, int64_t k, int64_t n,
                                ost_eight (*sums)[OUTPUTS])
{
    int64_t i = 0;

    for (; i + X_ROWS <= items; i += X_ROWS)
        dot_rows(x + i * k, X_ROWS, w, nw, k, n, sums + i);
    for (; i < items; i++)
        dot_rows(x + i * k, 1, w, nw, k, n, sums + i);
}

/* Outputs [o, end), at most OUTPUTS, of items [first, first + items). */
static void dot_outputs(const ost_layer *layer, int64_t o, int64_t end,
                        int64_t first, int64_t items)
{
    int64_t k = layer->in[0]->shape[1];
    int64_t out = layer->out->shape[1];
    const float *x = layer->in[0]->data + first * k;
    const float *w = layer->weights[0]->data + o * k;
    const float *bias = layer->n_weights > 1 ? layer->weights[1]->data : NULL;
    float *y = layer->out->data + first * out;
    ost_eight sums[ITEMS][OUTPUTS];

    memset(sums, 0, sizeof(sums));
    for (int64_t from = 0; from < k; from += LENGTH) {
        int64_t n = k - from < LENGTH ? k - from : LENGTH;
        int64_t i = 0;

        for (; i + W_ROWS <= end - o; i += W_ROWS)
            dot_items(x + from, items, w + i * k + from, W_ROWS, k, n,
                      (ost_eight(*)[OUTPUTS]) & sums[0][i]);
        for (; i < end - o; i++)
            dot_items(x + from, items, w + i * k + from, 1, k, n,
                      (ost_eight(*)[OUTPUTS]) & sums[0][i]);
    }
    for (int64_t i = 0; i < items; i++)
        for (int64_t c = o; c < end; c++)
            y[i * out + c] =
                add_lanes(sums[i][c - o]) + (bias ? bias[c] : 0.0f);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t n = layer->in[0]->shape[0];
    int64_t out = layer->out->shape[1];
    int64_t parts = (n + ITEMS - 1) / ITEMS;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t t = 0; t < (out + OUTPUTS - 1) / OUTPUTS * parts; t++) {
        int64_t o = t / parts * OUTPUTS;
        int64_t first = t % parts * ITEMS;

        dot_outputs(layer, o, o + OUTPUTS < out ? o + OUTPUTS : out, first,
                    first + ITEMS < n ? ITEMS : n - first);
    }
    return OST_OK;
}

static void bias_grad(const ost_layer *layer, float *grad)
{
    int64_t n = layer->out->shape[0];
    int64_t out = layer->out->shape[1];
    const float *dy = layer->out->grad;

    for (int64_t o = 0; o < out; o++) {
        double sum = 0.0;

        for (int64_t i = 0; i < n; i++)
            sum += (double)dy[i * out + o];
        grad[o] = (float)sum;
    }
}

/* Columns of a task and rows of a square, backward; what stays in registers. */
enum { COLUMNS = 512, WIDTH = 64, HEIGHT = 64, HOLD = 4, PAIR = 2 };

/* dW of rows [o, o + rows) and 16 columns: sums over the items. */
OST_EIGHT_INLINE void weight_square(const float *x, int64_t k, const float *dy,
                                    int64_t out, int64_t items, int rows,
                                    float *grad)
{
    ost_eight sum[HOLD][PAIR] = { { { 0 } } };
    ost_eight b[PAIR];

    for (int64_t n = 0; n < items; n++) {
        for (int c = 0; c < PAIR; c++)
            b[c] = ost_eight_load(x + n * k + c * OST_EIGHT);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < PAIR; c++)
                sum[r][c] = ost_eight_fma(ost_eight_of(dy[n * out + r]), b[c],
                                          sum[r][c]);
    }
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < PAIR; c++)
            ost_eight_store(grad + r * k + c * OST_EIGHT, sum[r][c]);
}

/* All rows of columns [from, from + count) of dW. */
static void weight_columns(const ost_layer *layer, int64_t from, int64_t count)
{
    int64_t items = layer->in[0]->shape[0];
    int64_t k = layer->in[0]->shape[1];
    int64_t out = layer->out->shape[1];
    const float *x = layer->in[0]->data + from;
    const float *dy = layer->out->grad;
    float *grad = layer->weight_grad[0] + from;
    int64_t whole = count - count % (PAIR * OST_EIGHT);

    for (int64_t o = 0; o < out; o += HOLD) {
        int64_t rows = out - o < HOLD ? out - o : HOLD;
        int64_t c = 0;

        for (; c < whole; c += PAIR * OST_EIGHT)
            if (rows == HOLD)
                weight_square(x + c, k, dy + o, out, items, HOLD,
                              grad + o * k + c);
            else
                for (int64_t r = o; r < o + rows; r++)
                    weight_square(x + c, k, dy + r, out, items, 1,
                                  grad + r * k + c);
        for (int64_t r = o; r < o + rows; r++)
            for (c = whole; c < count; c++) {
                float sum = 0.0f;

                for (int64_t n = 0; n < items; n++)
                    sum = __builtin_fmaf(dy[n * out + r], x[n * k + c], sum);
                grad[r * k + c] = sum;
            }
    }
}

/* Adds to dx of `rows` items and 16 columns what `height` rows of W give. */
OST_EIGHT_INLINE void data_square(const float *w, const float *dy, int64_t out,
                                  int64_t height, int rows, float *dx)
{
    ost_eight sum[HOLD][PAIR] = { { { 0 } } };
    ost_eight b[PAIR];

    for (int64_t o = 0; o < height; o++) {
        for (int c = 0; c < PAIR; c++)
            b[c] = ost_eight_load(w + o * WIDTH + c * OST_EIGHT);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < PAIR; c++)
                sum[r][c] = ost_eight_fma(ost_eight_of(dy[r * out + o]), b[c],
                                          sum[r][c]);
    }
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < PAIR; c++) {
            float *to = dx + r * WIDTH + c * OST_EIGHT;

            ost_eight_store(to, ost_eight_load(to) + sum[r][c]);
        }
}

/* Columns [from, from + count), at most WIDTH, of dx of up to ITEMS items. */
static void data_columns(const ost_layer *layer, int64_t first, int64_t items,
                         int64_t from, int64_t count)
{
    int64_t k = layer->in[0]->shape[1];
    int64_t out = layer->out->shape[1];
    const float *dy = layer->out->grad + first * out;
    float w[HEIGHT * WIDTH] = { 0 };
    float dx[ITEMS * WIDTH] = { 0 };

    for (int64_t o = 0; o < out; o += HEIGHT) {
        int64_t height = out - o < HEIGHT ? out - o : HEIGHT;

        for (int64_t r = 0; r < height; r++)
            memcpy(w + r * WIDTH, layer->weights[0]->data + (o + r) * k + from,
                   (size_t)count * sizeof(*w));
        for (int64_t c = 0; c < count; c += PAIR * OST_EIGHT) {
            int64_t n = 0;

            for (; n + HOLD <= items; n += HOLD)
                data_square(w + c, dy + n * out + o, out, height, HOLD,
                            dx + n * WIDTH + c);
            for (; n < items; n++)
                data_square(w + c, dy + n * out + o, out, height, 1,
                            dx + n * WIDTH + c);
        }
    }
    for (int64_t n = 0; n < items; n++)
        memcpy(layer->in_grad[0] + (first + n) * k + from, dx + n * WIDTH,
               (size_t)count * sizeof(*dx));
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t n = layer->in[0]->shape[0];
    int64_t k = layer->in[0]->shape[1];
    int64_t parts = (n + ITEMS - 1) / ITEMS;

    (void)pass;
    (void)err;
    if (layer->weight_grad[0]) {
        OST_OMP("omp parallel for schedule(dynamic, 1)")
        for (int64_t c = 0; c < k; c += COLUMNS)
            weight_columns(layer, c, k - c < COLUMNS ? k - c : COLUMNS);
    }
    if (layer->n_weights > 1 && layer->weight_grad[1])
        bias_grad(layer, layer->weight_grad[1]);
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t t = 0; t < (k + WIDTH - 1) / WIDTH * parts; t++) {
        int64_t from = t / parts * WIDTH;
        int64_t first = t % parts * ITEMS;

        data_columns(layer, first, first + ITEMS < n ? ITEMS : n - first, from,
                     from + WIDTH < k ? WIDTH : k - from);
    }
    return OST_OK;
}

ost_rc ost_cpu_dense(ost_layer *layer, ost_err *err)
{
    ost_rc rc = OST_OK;

    layer->forward = forward;
    layer->backward = backward;
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(
            layer, i, ost_weight_count(layer->weights[i]), NULL, err);
    return rc;
}
