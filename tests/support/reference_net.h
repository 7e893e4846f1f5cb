/* tests/support/reference_net.h - networks in plain loops, in double precision
 *
 * Runs the layers of a net_case forward, as they are defined and without any
 * cleverness, to compare faster code with: no layouts, no blocks, no threads.
 * Values are row-major.  What is differentiated by hand elsewhere is
 * differentiated here by moving a number a little.
 */
#ifndef OST_TESTS_SUPPORT_REFERENCE_NET_H
#define OST_TESTS_SUPPORT_REFERENCE_NET_H

#include "tests/support/net_case.h"

#include <math.h>

typedef struct ref_value {
    int ndim;
    int64_t shape[OST_MAX_DIMS];
    double *v;
} ref_value;

/* A weight, named as in ost_weights. */
typedef struct ref_weight {
    const char *name;
    int64_t count;
    double *v;
} ref_weight;

typedef OST_VEC(ref_weight) ref_weights;

/* What an operator may look at; it fills `out`. */
typedef struct ref_layer {
    const ost_layer_spec *spec;
    int n_inputs;
    const ref_value *in[OST_LAYER_INPUTS];
    const double *weight; /* NULL where there is none */
    const double *bias;
    ref_value *out;
} ref_layer;

static inline int64_t ref_count(const ref_value *a)
{
    int64_t n = 1;

    for (int i = 0; i < a->ndim; i++)
        n *= a->shape[i];
    return n;
}

/* Positions of a channel. */
static inline int64_t ref_area(const ref_value *a)
{
    return ref_count(a) / a->shape[0] / a->shape[1];
}

/* Number `side` of an attribute, or `dflt` when it is not given. */
static inline int64_t ref_attr_side(const ref_layer *l, const char *name,
                                    int side, int64_t dflt)
{
    for (int i = 0; i < l->spec->n_attrs; i++) {
        const ost_net_attr *a = &l->spec->attrs[i];

        if (strcmp(a->name, name) == 0)
            return (int64_t)a->v[a->count > 1 ? side : 0];
    }
    return dflt;
}

static inline double ref_attr(const ref_layer *l, const char *name, double dflt)
{
    for (int i = 0; i < l->spec->n_attrs; i++)
        if (strcmp(l->spec->attrs[i].name, name) == 0)
            return l->spec->attrs[i].v[0];
    return dflt;
}

/* Gives the output its shape and its memory. */
static inline void ref_make(ref_value *out, int ndim, const int64_t *shape)
{
    out->ndim = ndim;
    memcpy(out->shape, shape, (size_t)ndim * sizeof(*shape));
    out->v = ost_xalloc((size_t)ref_count(out) * sizeof(double));
}

static inline void ref_like(const ref_layer *l)
{
    ref_make(l->out, l->in[0]->ndim, l->in[0]->shape);
}

static inline double ref_sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static inline double ref_bend(const ref_layer *l, double x)
{
    if (strcmp(l->spec->kind, "relu") == 0)
        return x > 0.0 ? x : 0.0;
    if (strcmp(l->spec->kind, "leaky_relu") == 0)
        return x > 0.0 ? x : ref_attr(l, "slope", 0.01) * x;
    return strcmp(l->spec->kind, "tanh") == 0 ? tanh(x) : ref_sigmoid(x);
}

static inline void ref_pointwise(const ref_layer *l)
{
    ref_like(l);
    for (int64_t i = 0; i < ref_count(l->out); i++)
        l->out->v[i] = ref_bend(l, l->in[0]->v[i]);
}

/* The output channel o of item n at (y, x), of a padded input. */
static inline double ref_window(const ref_value *in, const double *weight,
                                const int64_t *kernel, const int64_t *dilation,
                                int64_t n, int64_t top, int64_t left)
{
    int64_t h = in->shape[2];
    int64_t w = in->shape[3];
    double sum = 0.0;

    for (int64_t c = 0; c < in->shape[1]; c++)
        for (int64_t i = 0; i < kernel[0]; i++)
            for (int64_t j = 0; j < kernel[1]; j++) {
                int64_t y = top + i * dilation[0];
                int64_t x = left + j * dilation[1];

                if (y >= 0 && y < h && x >= 0 && x < w)
                    sum += weight[(c * kernel[0] + i) * kernel[1] + j] *
                           in->v[((n * in->shape[1] + c) * h + y) * w + x];
            }
    return sum;
}

/* A convolution of two spatial sides with `out` channels. */
static inline void ref_convolve(const ref_value *in, int64_t out,
                                const double *weight, const double *bias,
                                const int64_t *kernel, const int64_t *stride,
                                const int64_t *padding, const int64_t *dilation,
                                ref_value *to)
{
    int64_t shape[4] = { in->shape[0], out };
    int64_t filter = in->shape[1] * kernel[0] * kernel[1];
    double *v;

    for (int i = 0; i < 2; i++)
        shape[2 + i] = (in->shape[2 + i] + 2 * padding[i] -
                        dilation[i] * (kernel[i] - 1) - 1) /
                           stride[i] +
                       1;
    ref_make(to, 4, shape);
    v = to->v;
    for (int64_t n = 0; n < shape[0]; n++)
        for (int64_t o = 0; o < out; o++)
            for (int64_t y = 0; y < shape[2]; y++)
                for (int64_t x = 0; x < shape[3]; x++)
                    *v++ = (bias ? bias[o] : 0.0) +
                           ref_window(in, weight + o * filter, kernel, dilation,
                                      n, y * stride[0] - padding[0],
                                      x * stride[1] - padding[1]);
}

static inline void ref_conv2d(const ref_layer *l)
{
    int64_t kernel[2], stride[2], padding[2], dilation[2];

    for (int i = 0; i < 2; i++) {
        kernel[i] = ref_attr_side(l, "kernel", i, 0);
        stride[i] = ref_attr_side(l, "stride", i, 1);
        padding[i] = ref_attr_side(l, "padding", i, 0);
        dilation[i] = ref_attr_side(l, "dilation", i, 1);
    }
    ref_convolve(l->in[0], ref_attr_side(l, "out", 0, 0), l->weight, l->bias,
                 kernel, stride, padding, dilation, l->out);
}

static inline void ref_dense(const ref_layer *l)
{
    int64_t items = l->in[0]->shape[0];
    int64_t k = l->in[0]->shape[1];
    int64_t out = ref_attr_side(l, "out", 0, 0);

    ref_make(l->out, 2, (int64_t[]){ items, out });
    for (int64_t n = 0; n < items; n++)
        for (int64_t o = 0; o < out; o++) {
            double sum = l->bias ? l->bias[o] : 0.0;

            for (int64_t i = 0; i < k; i++)
                sum += l->weight[o * k + i] * l->in[0]->v[n * k + i];
            l->out->v[n * out + o] = sum;
        }
}

/* The numbers that share a mean and a variance with number i: those of a
 * channel, of an item or of both. */
static inline int64_t ref_norm_group(const ref_layer *l, int64_t i)
{
    int64_t row = i / ref_area(l->in[0]);
    int64_t channels = l->in[0]->shape[1];

    if (strcmp(l->spec->kind, "instance_norm") == 0)
        return row;
    return strcmp(l->spec->kind, "layer_norm") == 0 ? row / channels
                                                    : row % channels;
}

/* Mean 0 and variance 1 of each group; then each channel's scale and shift. */
static inline void ref_normalize(const ref_layer *l)
{
    const ref_value *in = l->in[0];
    int64_t count = ref_count(in);
    int64_t rows = in->shape[0] * in->shape[1]; /* at most as many groups */
    double epsilon = ref_attr(l, "epsilon", 1e-5);
    double *sum = ost_xalloc((size_t)rows * 3 * sizeof(double));
    double *square = sum + rows;
    double *m = square + rows; /* numbers of each group */

    ref_like(l);
    for (int64_t i = 0; i < count; i++) {
        sum[ref_norm_group(l, i)] += in->v[i];
        m[ref_norm_group(l, i)] += 1.0;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t g = ref_norm_group(l, i);
        double d = in->v[i] - sum[g] / m[g];

        square[g] += d * d;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / ref_area(in) % in->shape[1];
        int64_t g = ref_norm_group(l, i);
        double d = in->v[i] - sum[g] / m[g];

        l->out->v[i] = d / sqrt(square[g] / m[g] + epsilon) *
                           (l->weight ? l->weight[c] : 1.0) +
                       (l->bias ? l->bias[c] : 0.0);
    }
    ost_free(sum);
}

static inline void ref_max_pool2d(const ref_layer *l)
{
    const ref_value *in = l->in[0];
    int64_t k[2], stride[2], padding[2];
    int64_t shape[4] = { in->shape[0], in->shape[1] };
    double *v;

    for (int i = 0; i < 2; i++) {
        k[i] = ref_attr_side(l, "kernel", i, 0);
        stride[i] = ref_attr_side(l, "stride", i, 0);
        stride[i] = stride[i] ? stride[i] : k[i];
        padding[i] = ref_attr_side(l, "padding", i, 0);
        shape[2 + i] =
            (in->shape[2 + i] + 2 * padding[i] - k[i]) / stride[i] + 1;
    }
    ref_make(l->out, 4, shape);
    v = l->out->v;
    for (int64_t p = 0; p < shape[0] * shape[1]; p++)
        for (int64_t i = 0; i < shape[2] * shape[3]; i++, v++) {
            int64_t top = i / shape[3] * stride[0] - padding[0];
            int64_t left = i % shape[3] * stride[1] - padding[1];

            *v = -INFINITY;
            for (int64_t y = top; y < top + k[0]; y++)
                for (int64_t x = left; x < left + k[1]; x++)
                    if (y >= 0 && y < in->shape[2] && x >= 0 &&
                        x < in->shape[3])
                        *v = fmax(
                            *v,
                            in->v[(p * in->shape[2] + y) * in->shape[3] + x]);
        }
}

static inline void ref_global_pool(const ref_layer *l)
{
    const ref_value *in = l->in[0];
    bool mean = strcmp(l->spec->kind, "global_avg_pool") == 0;
    int64_t area = ref_area(in);

    ref_make(l->out, 2, in->shape);
    for (int64_t i = 0; i < ref_count(l->out); i++) {
        double best = in->v[i * area];
        double sum = 0.0;

        for (int64_t s = 0; s < area; s++) {
            best = fmax(best, in->v[i * area + s]);
            sum += in->v[i * area + s];
        }
        l->out->v[i] = mean ? sum / (double)area : best;
    }
}

/* The index in `b` of index i of `a`: sides of 1 do not move. */
static inline int64_t ref_within(const ref_value *a, const ref_value *b,
                                 int64_t i)
{
    int64_t at = 0;
    int64_t step = 1;
    int64_t index[OST_MAX_DIMS];

    for (int k = a->ndim - 1; k >= 0; k--) {
        index[k] = i % a->shape[k];
        i /= a->shape[k];
    }
    for (int k = b->ndim - 1; k >= 0; k--) {
        at += b->shape[k] == 1 ? 0 : index[k] * step;
        step *= b->shape[k];
    }
    return at;
}

/* add and multiply; (N, C) goes with (N, C, ...). */
static inline void ref_broadcast(const ref_layer *l)
{
    bool multiply = strcmp(l->spec->kind, "multiply") == 0;
    int ndim = l->in[0]->ndim;
    int64_t shape[OST_MAX_DIMS];

    for (int k = 1; k < l->n_inputs; k++)
        ndim = l->in[k]->ndim > ndim ? l->in[k]->ndim : ndim;
    for (int i = 0; i < ndim; i++) {
        shape[i] = 1;
        for (int k = 0; k < l->n_inputs; k++)
            if (i < l->in[k]->ndim && l->in[k]->shape[i] > shape[i])
                shape[i] = l->in[k]->shape[i];
    }
    ref_make(l->out, ndim, shape);
    for (int64_t i = 0; i < ref_count(l->out); i++) {
        double y = multiply ? 1.0 : 0.0;

        for (int k = 0; k < l->n_inputs; k++) {
            double x = l->in[k]->v[ref_within(l->out, l->in[k], i)];

            y = multiply ? y * x : y + x;
        }
        l->out->v[i] = y;
    }
}

/* mean, sum and max over axes that stay as sides of 1. */
static inline void ref_reduce(const ref_layer *l)
{
    const ref_value *in = l->in[0];
    bool max = strcmp(l->spec->kind, "max") == 0;
    bool mean = strcmp(l->spec->kind, "mean") == 0;
    int64_t shape[OST_MAX_DIMS];
    double parts;

    memcpy(shape, in->shape, sizeof(shape));
    for (int i = 0; i < l->spec->attrs[0].count; i++)
        shape[(int)l->spec->attrs[0].v[i]] = 1;
    ref_make(l->out, in->ndim, shape);
    parts = (double)ref_count(in) / (double)ref_count(l->out);
    for (int64_t i = 0; max && i < ref_count(l->out); i++)
        l->out->v[i] = -INFINITY;
    for (int64_t i = 0; i < ref_count(in); i++) {
        double *y = &l->out->v[ref_within(in, l->out, i)];

        *y = max ? fmax(*y, in->v[i]) : *y + in->v[i] / (mean ? parts : 1.0);
    }
}

/* Copies places of axis `axis`: `side` from `from` on of `a` to `to` on of b.
 */
static inline void ref_copy(const ref_value *a, int64_t from, int64_t side,
                            ref_value *b, int64_t to, int axis)
{
    int64_t inner = 1;
    int64_t outer = 1;

    for (int i = 0; i < a->ndim; i++)
        if (i < axis)
            outer *= a->shape[i];
        else if (i > axis)
            inner *= a->shape[i];
    for (int64_t i = 0; i < outer; i++)
        memcpy(b->v + (i * b->shape[axis] + to) * inner,
               a->v + (i * a->shape[axis] + from) * inner,
               (size_t)(side * inner) * sizeof(double));
}

static inline void ref_concat(const ref_layer *l)
{
    int axis = (int)ref_attr_side(l, "axis", 0, 1);
    int64_t shape[OST_MAX_DIMS];
    int64_t at = 0;

    memcpy(shape, l->in[0]->shape, sizeof(shape));
    for (int k = 1; k < l->n_inputs; k++)
        shape[axis] += l->in[k]->shape[axis];
    ref_make(l->out, l->in[0]->ndim, shape);
    for (int k = 0; k < l->n_inputs; k++) {
        ref_copy(l->in[k], 0, l->in[k]->shape[axis], l->out, at, axis);
        at += l->in[k]->shape[axis];
    }
}

static inline void ref_slice(const ref_layer *l)
{
    int axis = (int)ref_attr_side(l, "axis", 0, 1);
    int64_t from = ref_attr_side(l, "from", 0, 0);
    int64_t shape[OST_MAX_DIMS];

    memcpy(shape, l->in[0]->shape, sizeof(shape));
    shape[axis] = ref_attr_side(l, "to", 0, shape[axis]) - from;
    ref_make(l->out, l->in[0]->ndim, shape);
    ref_copy(l->in[0], from, shape[axis], l->out, 0, axis);
}

/* The equations of kernels/layers/conv_lstm_layer.c. */
static inline void ref_conv_lstm(const ref_layer *l)
{
    const ref_value *x = l->in[0];
    int64_t hidden = ref_attr_side(l, "hidden", 0, 0);
    int64_t kernel[2], padding[2], one[2] = { 1, 1 };
    int64_t shape[4] = { x->shape[0], x->shape[1] + hidden, x->shape[2],
                         x->shape[3] };
    int64_t run = hidden * ref_area(x);
    ref_value joined;
    ref_value gates;

    for (int i = 0; i < 2; i++) {
        kernel[i] = ref_attr_side(l, "kernel", i, 3);
        padding[i] = (kernel[i] - 1) / 2;
    }
    ref_make(&joined, 4, shape);
    ref_copy(x, 0, x->shape[1], &joined, 0, 1);
    if (l->n_inputs > 1)
        ref_copy(l->in[1], 0, hidden, &joined, x->shape[1], 1);
    ref_convolve(&joined, 4 * hidden, l->weight, l->bias, kernel, one, padding,
                 one, &gates);
    shape[1] = 2 * hidden;
    ref_make(l->out, 4, shape);
    for (int64_t n = 0; n < shape[0]; n++)
        for (int64_t k = 0; k < run; k++) {
            const double *g = gates.v + n * 4 * run + k;
            double before =
                l->n_inputs > 1 ? l->in[1]->v[n * 2 * run + run + k] : 0.0;
            double c = ref_sigmoid(g[run]) * before +
                       ref_sigmoid(g[0]) * tanh(g[3 * run]);

            l->out->v[n * 2 * run + k] = ref_sigmoid(g[2 * run]) * tanh(c);
            l->out->v[n * 2 * run + run + k] = c;
        }
    ost_free(gates.v);
    ost_free(joined.v);
}

static const struct {
    const char *kind;
    void (*run)(const ref_layer *l);
} ref_operators[] = {
    { "add", ref_broadcast },
    { "batch_norm", ref_normalize },
    { "concat", ref_concat },
    { "conv2d", ref_conv2d },
    { "conv_lstm", ref_conv_lstm },
    { "dense", ref_dense },
    { "global_avg_pool", ref_global_pool },
    { "global_max_pool", ref_global_pool },
    { "instance_norm", ref_normalize },
    { "layer_norm", ref_normalize },
    { "leaky_relu", ref_pointwise },
    { "max", ref_reduce },
    { "max_pool2d", ref_max_pool2d },
    { "mean", ref_reduce },
    { "multiply", ref_broadcast },
    { "relu", ref_pointwise },
    { "sigmoid", ref_pointwise },
    { "slice", ref_slice },
    { "sum", ref_reduce },
    { "tanh", ref_pointwise },
};

static inline const double *ref_weight_find(const ref_weights *weights,
                                            const ost_layer_spec *spec,
                                            int index, const char *suffix)
{
    char *name = spec->name ? ost_xprintf("%s.%s", spec->name, suffix)
                            : ost_xprintf("%d.%s", index, suffix);
    const double *found = NULL;

    for (size_t i = 0; i < weights->len; i++)
        if (strcmp(weights->data[i].name, name) == 0)
            found = weights->data[i].v;
    ost_free(name);
    return found;
}

static inline void ref_run_layer(const net_case *c, int index,
                                 const ref_weights *weights,
                                 const ref_value *input, ref_value *values)
{
    const ost_layer_spec *spec = &c->layers[index];
    ref_layer l = { .spec = spec,
                    .n_inputs = spec->n_inputs,
                    .weight = ref_weight_find(weights, spec, index, "weight"),
                    .bias = ref_weight_find(weights, spec, index, "bias"),
                    .out = &values[index] };

    for (int i = 0; i < spec->n_inputs; i++)
        l.in[i] = spec->inputs[i] < 0 ? input : &values[spec->inputs[i]];
    for (size_t i = 0; i < sizeof(ref_operators) / sizeof(ref_operators[0]);
         i++)
        if (strcmp(ref_operators[i].kind, spec->kind) == 0) {
            ref_operators[i].run(&l);
            return;
        }
    fail_msg("no reference of '%s'", spec->kind);
}

/* Runs the layers, batch norm with the batch's statistics; caller frees out->v
 * with ost_free(). */
static inline void ref_run(const net_case *c, const ref_weights *weights,
                           const ref_value *input, ref_value *out)
{
    ref_value values[CASE_LAYERS] = { 0 };

    for (int i = 0; i < c->n_layers; i++)
        ref_run_layer(c, i, weights, input, values);
    *out = values[c->n_layers - 1];
    for (int i = 0; i + 1 < c->n_layers; i++)
        ost_free(values[i].v);
}

#endif
