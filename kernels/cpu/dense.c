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

/* Rows of x and of W that one pass multiplies. */
enum { X_ROWS = 4, W_ROWS = 2, STEP = 8, OUTPUTS = 16 };

typedef float lanes __attribute__((vector_size(STEP * sizeof(float))));

static inline __attribute__((always_inline)) float add_lanes(lanes v)
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* Dot products of `nx` rows at x with `nw` rows at w, all of length k. */
static inline __attribute__((always_inline)) void
dot_rows(const float *x, int nx, const float *w, int nw, int64_t k, float *y,
         int64_t y_step)
{
    lanes sum[X_ROWS][W_ROWS] = { { { 0 } } };
    lanes a[X_ROWS];
    lanes b[W_ROWS];
    int64_t rest = k % STEP;

    for (int64_t i = 0; i < k; i += STEP) {
        size_t bytes = sizeof(lanes);

        if (i + STEP > k) {
            bytes = (size_t)rest * sizeof(float);
            memset(a, 0, sizeof(a));
            memset(b, 0, sizeof(b));
        }
        for (int r = 0; r < nx; r++)
            memcpy(&a[r], x + r * k + i, bytes);
        for (int c = 0; c < nw; c++)
            memcpy(&b[c], w + c * k + i, bytes);
        for (int r = 0; r < nx; r++)
            for (int c = 0; c < nw; c++)
                sum[r][c] += a[r] * b[c];
    }
    for (int r = 0; r < nx; r++)
        for (int c = 0; c < nw; c++)
            y[r * y_step + c] = add_lanes(sum[r][c]);
}

/* All items' outputs from `o` to `end`. */
static void dot_outputs(const ost_layer *layer, int64_t o, int64_t end)
{
    const float *x = layer->in[0]->data;
    const float *w = layer->weights[0]->data;
    int64_t n = layer->in[0]->shape[0];
    int64_t k = layer->in[0]->shape[1];
    int64_t out = layer->out->shape[1];
    float *y = layer->out->data;
    int64_t i;

    for (; o + W_ROWS <= end; o += W_ROWS) {
        for (i = 0; i + X_ROWS <= n; i += X_ROWS)
            dot_rows(x + i * k, X_ROWS, w + o * k, W_ROWS, k, y + i * out + o,
                     out);
        for (; i < n; i++)
            dot_rows(x + i * k, 1, w + o * k, W_ROWS, k, y + i * out + o, out);
    }
    for (; o < end; o++)
        for (i = 0; i < n; i++)
            dot_rows(x + i * k, 1, w + o * k, 1, k, y + i * out + o, out);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t n = layer->in[0]->shape[0];
    int64_t out = layer->out->shape[1];
    float *y = layer->out->data;
    const float *bias = layer->n_weights > 1 ? layer->weights[1]->data : NULL;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t o = 0; o < out; o += OUTPUTS)
        dot_outputs(layer, o, o + OUTPUTS < out ? o + OUTPUTS : out);
    for (int64_t i = 0; bias && i < n; i++)
        for (int64_t o = 0; o < out; o++)
            y[i * out + o] += bias[o];
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
