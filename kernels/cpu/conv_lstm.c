/* kernels/cpu/conv_lstm.c - from gates and a state to the next state
 *
 * Gates and halves of the state are runs of equal length when the hidden
 * channels fill blocks; else all values are plain.  What is not kept of the
 * forward pass is computed again backward.
 */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/exponential.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

/* Where the runs of a part of an item begin. */
typedef struct cell {
    const float *i; /* gates */
    const float *f;
    const float *o;
    const float *g;
    const float *c; /* the state before; NULL: zeros */
} cell;

/* Floats of a run: the hidden channels of an item. */
static int64_t run_of(const ost_layer *layer)
{
    return ost_value_stored(layer->out) / layer->out->shape[0] / 2;
}

static cell cell_at(const ost_layer *layer, int64_t n, int64_t at)
{
    int64_t run = run_of(layer);
    const float *gates = layer->in[0]->data + n * 4 * run + at;
    const float *state = layer->n_inputs > 1 ? layer->in[1]->data : NULL;

    return (cell){ .i = gates,
                   .f = gates + run,
                   .o = gates + 2 * run,
                   .g = gates + 3 * run,
                   .c = state ? state + n * 2 * run + run + at : NULL };
}

static void step(const cell *x, float *h, float *c, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        float before = x->c ? x->c[k] : 0.0f;
        float next = ost_logistic(x->f[k]) * before +
                     ost_logistic(x->i[k]) * ost_tanh(x->g[k]);

        c[k] = next;
        h[k] = ost_logistic(x->o[k]) * ost_tanh(next);
    }
}

/* Chunk t of all items: its item, first float and length. */
static int64_t chunk(int64_t run, int64_t t, int64_t *n, int64_t *at)
{
    int64_t chunks = ost_cpu_chunks(run);

    *n = t / chunks;
    *at = t % chunks * OST_CPU_CHUNK;
    return run - *at < OST_CPU_CHUNK ? run - *at : OST_CPU_CHUNK;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t run = run_of(layer);
    int64_t tasks = layer->out->shape[0] * ost_cpu_chunks(run);

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        int64_t n;
        int64_t at;
        int64_t length = chunk(run, t, &n, &at);
        cell x = cell_at(layer, n, at);
        float *h = layer->out->data + n * 2 * run + at;

        step(&x, h, h + run, length);
    }
    return OST_OK;
}

/* `dh` and `dc` come in; the gates' gradients go to `d`, `run` apart, and that
 * of the state's c to `before`, unless it is NULL. */
static void step_back(const cell *x, const float *dh, const float *dc, float *d,
                      int64_t run, float *before, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        float i = ost_logistic(x->i[k]);
        float f = ost_logistic(x->f[k]);
        float o = ost_logistic(x->o[k]);
        float g = ost_tanh(x->g[k]);
        float c = x->c ? x->c[k] : 0.0f;
        float t = ost_tanh(f * c + i * g);
        float all = dc[k] + dh[k] * (o * (1.0f - t * t));

        d[k] = all * g * (i * (1.0f - i));
        d[run + k] = all * c * (f * (1.0f - f));
        d[2 * run + k] = dh[k] * t * (o * (1.0f - o));
        d[3 * run + k] = all * i * (1.0f - g * g);
        if (before)
            before[k] = all * f;
    }
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    int64_t run = run_of(layer);
    int64_t tasks = layer->out->shape[0] * ost_cpu_chunks(run);
    float *state = layer->n_inputs > 1 ? layer->in_grad[1] : NULL;

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        int64_t n;
        int64_t at;
        int64_t length = chunk(run, t, &n, &at);
        cell x = cell_at(layer, n, at);
        const float *dh = layer->out->grad + n * 2 * run + at;
        float *dh_before = state ? state + n * 2 * run + at : NULL;

        step_back(&x, dh, dh + run, layer->in_grad[0] + n * 4 * run + at, run,
                  dh_before ? dh_before + run : NULL, length);
        if (dh_before) /* h goes through the convolution */
            memset(dh_before, 0, (size_t)length * sizeof(float));
    }
    return OST_OK;
}

ost_rc ost_cpu_conv_lstm(ost_layer *layer, ost_err *err)
{
    int block = ost_cpu_common_block(layer);
    int64_t hidden = ost_layer_attr_int(layer, "hidden", 0);

    (void)err;
    if (hidden % block)
        block = 1;
    for (int i = 0; i < layer->n_inputs; i++)
        layer->in_block[i] = block;
    layer->out->block = block;
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
