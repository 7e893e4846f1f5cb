/* kernels/cpu/conv_lstm.c - from gates and a state to the next state
 *
 * Gates and halves of the state are runs of equal length when the hidden
 * channels fill blocks; else all values are plain.  What is not kept of the
 * forward pass is computed again backward.  The loops over numbers are compiled
 * for several widths of vectors, and give the same bytes for all of them.
 */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"
#include "kernels/cpu/wide.h"
#include "kernels/exponential.h"

#include <string.h>

#include "base/banned.h"

/* The state before where there is none. */
static const float zeros[OST_CPU_CHUNK];

/* Where the runs of a part of an item begin. */
typedef struct cell {
    const float *i; /* gates */
    const float *f;
    const float *o;
    const float *g;
    const float *c; /* the state before */
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
                   .c = state ? state + n * 2 * run + run + at : zeros };
}

OST_WIDE_BODY(step, (const cell *x, float *h, float *c, int64_t n))
{
    OST_APART
    for (int64_t k = 0; k < n; k++) {
        float next = ost_logistic(x->f[k]) * x->c[k] +
                     ost_logistic(x->i[k]) * ost_tanh(x->g[k]);

        c[k] = next;
        h[k] = ost_logistic(x->o[k]) * ost_tanh(next);
    }
}
OST_WIDE(step, (const cell *x, float *h, float *c, int64_t n), (x, h, c, n))

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

/* Gradients of the next state, and what becomes of them. */
typedef struct cell_grad {
    const float *h;
    const float *c;
    float *i; /* of the gates */
    float *f;
    float *o;
    float *g;
    float *before; /* of the state's c */
} cell_grad;

OST_WIDE_BODY(step_back, (const cell *x, const cell_grad *d, int64_t n))
{
    OST_APART
    for (int64_t k = 0; k < n; k++) {
        float i = ost_logistic(x->i[k]);
        float f = ost_logistic(x->f[k]);
        float o = ost_logistic(x->o[k]);
        float g = ost_tanh(x->g[k]);
        float c = x->c[k];
        float t = ost_tanh(f * c + i * g);
        float dh = d->h[k];
        float all = d->c[k] + dh * (o * (1.0f - t * t));

        d->i[k] = all * g * (i * (1.0f - i));
        d->f[k] = all * c * (f * (1.0f - f));
        d->o[k] = dh * t * (o * (1.0f - o));
        d->g[k] = all * i * (1.0f - g * g);
        d->before[k] = all * f;
    }
}
OST_WIDE(step_back, (const cell *x, const cell_grad *d, int64_t n), (x, d, n))

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
        float *gates = layer->in_grad[0] + n * 4 * run + at;
        float *before = state ? state + n * 2 * run + at : NULL;
        float unwanted[OST_CPU_CHUNK];
        cell_grad d = { .h = dh,
                        .c = dh + run,
                        .i = gates,
                        .f = gates + run,
                        .o = gates + 2 * run,
                        .g = gates + 3 * run,
                        .before = before ? before + run : unwanted };

        step_back(&x, &d, length);
        if (before) /* h goes through the convolution */
            memset(before, 0, (size_t)length * sizeof(float));
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
