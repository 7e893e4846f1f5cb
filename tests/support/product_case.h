/* tests/support/product_case.h - small networks of layers that multiply, and
 * what they give on a device
 */
#ifndef OST_TESTS_SUPPORT_PRODUCT_CASE_H
#define OST_TESTS_SUPPORT_PRODUCT_CASE_H

#include "base/alloc.h"
#include "base/rng.h"
#include "base/vec.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_spec.h"

#include <math.h>
#include <stdio.h>

typedef struct product_case {
    const char *name;
    int ndim;
    int64_t shape[OST_MAX_DIMS];
    void (*make)(net_spec *s);
    bool gates; /* a number near 0 has all of a gradient or nothing */
} product_case;

/* Everything that comes out, one after the other: the output, the gradient of
 * the input, those of the weights.  Caller frees with ost_vec_release(). */
typedef OST_VEC(float) product_numbers;

typedef struct product_parts {
    product_numbers v;
    size_t first[32]; /* of each part */
    int parts;
    char code[512]; /* of all layers, forward / data / weights */
} product_parts;

static inline void product_add(product_parts *p, const float *v, int64_t count)
{
    p->first[p->parts++] = p->v.len;
    p->first[p->parts] = p->v.len + (size_t)count;
    for (int64_t i = 0; i < count; i++)
        ost_vec_push(&p->v, v[i]);
}

static inline void product_add_tensor(product_parts *p, ost_backend *b,
                                      ost_tensor t)
{
    float *v = device_numbers(b, &t);

    product_add(p, v, ost_tensor_count(&t));
    ost_free(v);
}

static inline void product_add_code(product_parts *p, const ost_net *net)
{
    size_t at = 0;

    for (int i = 0; i < ost_net_layers(net); i++)
        for (int k = 0; k < 3; k++) {
            const char *code = ost_net_layer(net, i)->code[k];

            at += (size_t)snprintf(p->code + at, sizeof(p->code) - at, "%s%s",
                                   k    ? " / "
                                   : at ? "; "
                                        : "",
                                   code ? code : "loops");
            assert_true(at < sizeof(p->code));
        }
}

/* Random numbers of a stream, times `scale`. */
static inline void product_fill(ost_backend *b, ost_tensor t, uint64_t stream,
                                double scale)
{
    ost_rng rng = ost_rng_of(7, stream);
    int64_t count = ost_tensor_count(&t);
    float *v = ost_xalloc((size_t)count * sizeof(*v));

    for (int64_t i = 0; i < count; i++)
        v[i] = (float)((double)(float)ost_rng_range(&rng, -1.0, 1.0) * scale);
    device_fill(b, &t, v);
    ost_free(v);
}

/* Runs a case forward and backward, `runs` times from gradients of the output
 * up to `scale`; those of more than one add up. */
static inline product_parts product_run(ost_backend *b, const product_case *c,
                                        double scale, int runs)
{
    unsigned flags = OST_NET_TRAIN | OST_NET_INPUT_GRAD |
                     (runs > 1 ? (unsigned)OST_NET_ADD_GRAD : 0);
    ost_weights *weights = ost_weights_new(b);
    net_spec s = { 0 };
    ost_net_spec spec;
    ost_net *net;
    product_parts p = { 0 };
    ost_err err = { 0 };

    c->make(&s);
    spec = net_done(&s);
    if (ost_net_new(weights, &spec, c->ndim, c->shape, flags, &net, NULL, &err))
        fail_msg("%s: %s", c->name, err.text);
    assert_ok(ost_weights_init(weights, 11, &err), &err);
    product_fill(b, ost_net_input(net), 1, 1.0);
    for (int i = 0; i < runs; i++) {
        assert_ok(ost_net_forward(net, 1, &err), &err);
        if (i == 0)
            product_add_tensor(&p, b, ost_net_output(net));
        product_fill(b, ost_net_output_grad(net), 2, scale);
        assert_ok(ost_net_backward(net, &err), &err);
    }
    product_add_tensor(&p, b, ost_net_input_grad(net));
    for (size_t i = 0; i < weights->len; i++) {
        int64_t count = ost_weight_count(weights->data[i]);
        float *v = ost_xalloc((size_t)count * sizeof(*v));

        assert_ok(
            ost_weights_get(weights, weights->data[i], OST_PART_GRAD, v, &err),
            &err);
        product_add(&p, v, count);
        ost_free(v);
    }
    product_add_code(&p, net);
    ost_net_free(net);
    ost_weights_free(weights);
    return p;
}

/* The largest difference in any of the first `parts`, in parts of its largest
 * number. */
static inline double product_distance(const product_parts *a,
                                      const product_parts *b, int parts)
{
    double most = 0.0;

    assert_int_equal(a->v.len, b->v.len);
    for (int k = 0; k < parts; k++) {
        double largest = 0.0;
        double worst = 0.0;

        for (size_t i = a->first[k]; i < a->first[k + 1]; i++) {
            largest = fmax(largest, fabs((double)a->v.data[i]));
            worst =
                fmax(worst, fabs((double)a->v.data[i] - (double)b->v.data[i]));
            if (isnan(b->v.data[i]))
                return INFINITY;
        }
        assert_true(largest > 0.0);
        most = fmax(most, worst / largest);
    }
    return most;
}

/* --- the cases ------------------------------------------------------------ */

static inline void product_attr(net_spec *s, const char *name, int count,
                                const double *v)
{
    ost_layer_spec *l = &s->layers[s->n - 1];
    ost_net_attr *a = &s->attrs[s->n - 1][l->n_attrs++];

    assert_true(l->n_attrs <= NET_SPEC_ATTRS);
    *a = (ost_net_attr){ .name = name, .count = count };
    memcpy(a->v, v, (size_t)count * sizeof(*v));
}

static inline void product_conv_relu(net_spec *s)
{
    net_conv(s, OST_NET_INPUT, 6, 3, 1, true);
    net_next(s, "relu");
    net_conv(s, s->n - 1, 4, 3, 1, true);
}

/* Sides of their own, a stride that does not come out even, no bias. */
static inline void product_conv_uneven(net_spec *s)
{
    net_layer(s, "conv2d", OST_NET_INPUT, -2);
    net_attr(s, "out", 6);
    product_attr(s, "kernel", 2, (double[]){ 5, 2 });
    product_attr(s, "stride", 2, (double[]){ 2, 3 });
    product_attr(s, "padding", 2, (double[]){ 2, 1 });
    net_attr(s, "groups", 2);
    net_attr(s, "bias", 0);
}

static inline void product_conv_dilated(net_spec *s)
{
    net_layer(s, "conv2d", OST_NET_INPUT, -2);
    net_attr(s, "out", 8);
    net_attr(s, "kernel", 3);
    net_attr(s, "padding", 2);
    net_attr(s, "dilation", 2);
    net_attr(s, "groups", 4);
    net_next(s, "sigmoid");
}

static inline void product_conv_volume(net_spec *s)
{
    net_layer(s, "conv3d", OST_NET_INPUT, -2);
    net_attr(s, "out", 3);
    product_attr(s, "kernel", 3, (double[]){ 2, 3, 1 });
    product_attr(s, "stride", 3, (double[]){ 1, 2, 2 });
    product_attr(s, "padding", 3, (double[]){ 1, 1, 0 });
    net_next(s, "relu");
}

static inline void product_transposed(net_spec *s)
{
    net_layer(s, "conv_transpose2d", OST_NET_INPUT, -2);
    net_attr(s, "out", 6);
    product_attr(s, "kernel", 2, (double[]){ 4, 3 });
    net_attr(s, "stride", 2);
    net_attr(s, "padding", 1);
    net_attr(s, "groups", 2);
    product_attr(s, "output_padding", 2, (double[]){ 0, 1 });
    net_next(s, "tanh");
}

static inline void product_dense(net_spec *s)
{
    net_layer(s, "dense", OST_NET_INPUT, -2);
    net_attr(s, "out", 19);
    net_next(s, "relu");
    net_next(s, "dense");
    net_attr(s, "out", 8);
    net_attr(s, "bias", 0);
    net_next(s, "sigmoid");
    net_next(s, "dense");
    net_attr(s, "out", 3);
}

static inline void product_smooth(net_spec *s)
{
    net_layer(s, "dense", OST_NET_INPUT, -2);
    net_attr(s, "out", 17);
    net_next(s, "tanh");
    net_next(s, "dense");
    net_attr(s, "out", 6);
}

/* A value that several layers read: its gradient is a sum. */
static inline void product_branches(net_spec *s)
{
    int stem = net_conv(s, OST_NET_INPUT, 5, 3, 1, false);
    int left = net_conv(s, stem, 3, 3, 1, true);
    int right = net_conv(s, stem, 3, 1, 1, true);
    int sum = net_layer(s, "add", left, right);

    left = net_layer(s, "conv_transpose2d", stem, -2);
    net_attr(s, "out", 3);
    net_attr(s, "kernel", 1);
    net_layer(s, "add", sum, left);
}

static inline void product_forks(net_spec *s)
{
    int left = net_layer(s, "dense", OST_NET_INPUT, -2);

    net_attr(s, "out", 4);
    net_layer(s, "dense", OST_NET_INPUT, -2);
    net_attr(s, "out", 4);
    net_layer(s, "add", left, s->n - 1);
}

/* Sums that several blocks share. */
static inline void product_large_sums(net_spec *s)
{
    net_conv(s, OST_NET_INPUT, 2, 1, 1, true);
    net_next(s, "leaky_relu");
}

static const product_case product_cases[] = {
    { "relu", 4, { 3, 4, 9, 10 }, product_conv_relu, true },
    { "uneven", 4, { 4, 4, 11, 10 }, product_conv_uneven, false },
    { "dilated", 4, { 2, 4, 9, 8 }, product_conv_dilated, false },
    { "volume", 5, { 2, 2, 5, 7, 6 }, product_conv_volume, true },
    { "transposed", 4, { 2, 4, 5, 6 }, product_transposed, false },
    { "dense", 2, { 5, 37 }, product_dense, true },
    { "smooth", 2, { 7, 33 }, product_smooth, false },
    { "branches", 4, { 2, 3, 6, 7 }, product_branches, false },
    { "forks", 2, { 3, 11 }, product_forks, false },
    { "large", 4, { 4, 1, 96, 90 }, product_large_sums, true },
};

enum { PRODUCT_CASES = sizeof(product_cases) / sizeof(product_cases[0]) };

#endif
