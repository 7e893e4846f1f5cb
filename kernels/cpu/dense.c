/* kernels/cpu/dense.c - y = x W' + b
 *
 * Forward, every output is the dot product of two rows, summed in an order that
 * hangs on their length alone: an item's outputs are the same bytes in any
 * place of any batch.  A general matrix product does not promise that.
 *
 * Backward, the products are cut into tiles of the output, each one a matrix
 * product on one thread over the whole inner side: which thread takes it
 * changes nothing.
 */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/eights.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

enum { TILE = 128 };

typedef struct product {
    char op_a, op_b;
    int64_t m, n, k;
    const float *a;
    int64_t lda;
    const float *b;
    int64_t ldb;
    float *c;
    int64_t ldc;
} product;

/* Tile of columns `j`, and of rows `i` when A is not transposed. */
static ost_rc run_tile(const product *p, int64_t i, int64_t j)
{
    int64_t row = i * TILE;
    int64_t col = j * TILE;
    int64_t m = p->m - row < TILE ? p->m - row : TILE;
    int64_t n = p->n - col < TILE ? p->n - col : TILE;

    return ost_cpu_sgemm(p->op_a, p->op_b, m, n, p->k,
                         p->op_a == 'N' ? p->a + row * p->lda : p->a + row,
                         p->lda,
                         p->op_b == 'N' ? p->b + col : p->b + col * p->ldb,
                         p->ldb, p->c + row * p->ldc + col, p->ldc);
}

static ost_rc run_product(const product *p, ost_err *err)
{
    int64_t rows = (p->m + TILE - 1) / TILE;
    int64_t cols = (p->n + TILE - 1) / TILE;
    ost_rc failed = OST_OK;

    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t t = 0; t < rows * cols; t++) {
        ost_rc rc = run_tile(p, t / cols, t % cols);

        if (rc) {
            OST_OMP("omp atomic write")
            failed = rc;
        }
    }
    if (failed)
        return ost_fail(err, failed, "oneDNN cannot multiply matrices");
    return OST_OK;
}

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

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t n = layer->in[0]->shape[0];
    int64_t k = layer->in[0]->shape[1];
    int64_t out = layer->out->shape[1];
    const float *dy = layer->out->grad;
    ost_rc rc = OST_OK;

    (void)pass;
    if (layer->weight_grad[0]) {
        product p = { 'T', 'N',
                      out, k,
                      n,   dy,
                      out, layer->in[0]->data,
                      k,   layer->weight_grad[0],
                      k };

        rc = run_product(&p, err);
    }
    if (!rc && layer->n_weights > 1 && layer->weight_grad[1])
        bias_grad(layer, layer->weight_grad[1]);
    if (!rc && layer->in_grad[0]) {
        product p = { 'N', 'N',
                      n,   k,
                      out, dy,
                      out, layer->weights[0]->data,
                      k,   layer->in_grad[0],
                      k };

        rc = run_product(&p, err);
    }
    return rc;
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
