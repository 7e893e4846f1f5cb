/* tests/unit/test_network_settle.c - what is made again is the same again */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/rng.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_spec.h"

#include <stdio.h>

#include "base/banned.h"

enum { CLASSES = 3, STEPS = 3 };

static ost_backend *backend;

static int open_backend(void **state)
{
    (void)state;
    backend = backend_case_open(2);
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

/* A network and what it has computed. */
typedef struct trained {
    ost_weights *weights;
    ost_net *net;
    float *input_grad;
    int64_t inputs;
    float output[64];
    size_t outputs;
} trained;

static void release(trained *t)
{
    ost_free(t->input_grad);
    ost_net_free(t->net);
    ost_weights_free(t->weights);
}

static void step(trained *t, uint64_t draw)
{
    static const ost_optimizer sgd = { .kind = OST_SGD,
                                       .rate = 0.05,
                                       .momentum = 0.9 };
    int32_t classes[16];
    ost_class_loss loss = { .logits = ost_net_output(t->net),
                            .grad = ost_net_output_grad(t->net).data };
    ost_tensor x = ost_net_input(t->net);
    ost_rng r = ost_rng_of(draw, 1);
    float *v = ost_xalloc((size_t)ost_tensor_count(&x) * sizeof(*v));

    for (int64_t i = 0; i < ost_tensor_count(&x); i++)
        v[i] = (float)ost_rng_normal(&r);
    device_fill(backend, &x, v);
    ost_free(v);
    for (int i = 0; i < 16; i++)
        classes[i] = i % CLASSES;
    loss.classes = device_lent(backend, classes, sizeof(classes));
    assert_int_equal(ost_net_forward(t->net, draw, NULL), OST_OK);
    assert_int_equal(backend->softmax_cross_entropy(&loss, NULL), OST_OK);
    assert_int_equal(ost_net_backward(t->net, NULL), OST_OK);
    assert_int_equal(ost_optimizer_step(&sgd, t->weights, NULL), OST_OK);
    device_finish(backend);
}

static void train(const net_spec *s, const int64_t *shape, unsigned flags,
                  trained *t)
{
    ost_net_spec spec = net_done(s);
    ost_err err = { 0 };
    ost_tensor y;
    ost_tensor dx;

    t->weights = ost_weights_new(backend);
    if (ost_net_new(t->weights, &spec, 4, shape,
                    OST_NET_TRAIN | OST_NET_INPUT_GRAD | flags, &t->net, NULL,
                    &err))
        fail_msg("%s", err.text);
    assert_int_equal(ost_weights_init(t->weights, 7, NULL), OST_OK);
    for (int i = 0; i < STEPS; i++)
        step(t, (uint64_t)i);
    y = ost_net_output(t->net);
    dx = ost_net_input_grad(t->net);
    t->outputs = (size_t)ost_tensor_count(&y);
    assert_true(t->outputs <= 64);
    device_get(backend, y.data, t->output, (int64_t)t->outputs);
    t->inputs = ost_tensor_count(&dx);
    t->input_grad = device_numbers(backend, &dx);
}

static bool same(const float *a, const float *b, int64_t count)
{
    float *v = ost_xalloc((size_t)count * sizeof(*v));
    float *w = ost_xalloc((size_t)count * sizeof(*w));
    bool equal;

    device_get(backend, a, v, count);
    device_get(backend, b, w, count);
    equal = memcmp(v, w, (size_t)count * sizeof(*v)) == 0;
    ost_free(w);
    ost_free(v);
    return equal;
}

static void same_weights(const trained *a, const trained *b)
{
    for (size_t i = 0; i < a->weights->len; i++) {
        const ost_weight *v = a->weights->data[i];
        const ost_weight *w = b->weights->data[i];

        if (!same(v->data, w->data, v->stored) ||
            (v->grad && !same(v->grad, w->grad, v->stored)))
            fail_msg("weight '%s' differs", v->name);
    }
}

/* Trains with and without OST_NET_KEEP; returns the share of the memory that is
 * needed without. */
static double compare(const net_spec *s, const int64_t *shape)
{
    trained a = { 0 };
    trained b = { 0 };
    double share;

    train(s, shape, 0, &a);
    train(s, shape, OST_NET_KEEP, &b);
    assert_memory_equal(a.output, b.output, a.outputs * sizeof(float));
    assert_memory_equal(a.input_grad, b.input_grad,
                        (size_t)a.inputs * sizeof(float));
    same_weights(&a, &b);
    share = (double)ost_net_memory(a.net) / (double)ost_net_memory(b.net);
    release(&a);
    release(&b);
    return share;
}

/* Wide enough that values fill the memory, not what the machine's convolutions
 * need besides (0.9 MB for the first of these with AVX-512), and no multiple of
 * any machine's block of channels. */
static void residual_networks_learn_the_same(void **state)
{
    static const int blocks[] = { 2, 3 };
    net_spec s = { 0 };

    (void)state;
    net_resnet(&s, blocks, 2, 20, CLASSES);
    assert_true(compare(&s, (int64_t[]){ 3, 1, 48, 40 }) < 0.8);
}

static void head(net_spec *s)
{
    net_next(s, "global_avg_pool");
    net_next(s, "dense");
    net_attr(s, "out", CLASSES);
}

static void dropout_drops_the_same_again(void **state)
{
    net_spec s = { 0 };

    (void)state;
    net_conv(&s, OST_NET_INPUT, 20, 3, 1, true);
    net_next(&s, "batch_norm");
    net_next(&s, "relu");
    net_next(&s, "dropout");
    net_attr(&s, "p", 0.4);
    net_conv(&s, s.n - 1, 16, 3, 2, true);
    net_next(&s, "batch_norm");
    net_next(&s, "dropout");
    net_attr(&s, "p", 0.3);
    net_conv(&s, s.n - 1, 16, 3, 1, true);
    head(&s);
    compare(&s, (int64_t[]){ 5, 3, 20, 20 });
}

/* The states of all steps are kept, not their gates. */
static void recurrent_networks_keep_states_alone(void **state)
{
    net_spec s = { 0 };

    (void)state;
    net_conv(&s, OST_NET_INPUT, 16, 3, 1, true);
    net_layer(&s, "conv_lstm", 0, -2);
    net_attr(&s, "hidden", 16);
    for (int i = 0; i < 5; i++) {
        net_layer(&s, "conv_lstm", 0, s.n - 1);
        net_attr(&s, "hidden", 16);
        s.layers[s.n - 1].name = "cell";
        s.layers[s.n - 1].shared = true;
    }
    head(&s);
    assert_true(compare(&s, (int64_t[]){ 2, 1, 48, 40 }) < 0.75);
}

static void pooling_takes_a_relu_along(void **state)
{
    static const int kernels[] = { 2, 3, 17 };

    (void)state;
    for (int i = 0; i < 3; i++) {
        net_spec s = { 0 };

        net_conv(&s, OST_NET_INPUT, 10, 3, 1, true);
        net_next(&s, "relu");
        net_next(&s, "max_pool2d");
        net_attr(&s, "kernel", kernels[i]);
        net_attr(&s, "stride", 2);
        net_conv(&s, s.n - 1, 12, 3, 1, true);
        net_next(&s, "relu");
        head(&s);
        compare(&s, (int64_t[]){ 4, 2, 36, 36 });
    }
}

/* The value of a normalization that two read, and a sum that is used twice. */
static void values_with_several_readers_stay(void **state)
{
    net_spec s = { 0 };
    int a;
    int b;
    int c;

    (void)state;
    net_conv(&s, OST_NET_INPUT, 16, 3, 1, false);
    a = net_next(&s, "batch_norm");
    net_next(&s, "relu");
    b = net_conv(&s, s.n - 1, 16, 3, 1, false);
    c = net_layer(&s, "add", a, b);
    net_conv(&s, c, 16, 3, 1, false);
    net_next(&s, "batch_norm");
    net_layer(&s, "add", c, s.n - 1);
    net_next(&s, "relu");
    net_layer(&s, "add", s.n - 1, s.n - 1);
    net_next(&s, "batch_norm");
    net_conv(&s, s.n - 1, 16, 1, 1, true);
    head(&s);
    compare(&s, (int64_t[]){ 2, 4, 24, 16 });
}

static void branches_that_go_nowhere_learn_nothing(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    net_spec s = { 0 };
    ost_net_spec spec;
    ost_net *net = NULL;
    int a;

    (void)state;
    a = net_conv(&s, OST_NET_INPUT, 8, 3, 1, true);
    net_next(&s, "relu");
    net_conv(&s, s.n - 1, 8, 3, 1, true);
    net_layer(&s, "global_avg_pool", a, -2);
    net_next(&s, "dense");
    net_attr(&s, "out", CLASSES);
    spec = net_done(&s);
    assert_int_equal(ost_net_new(w, &spec, 4, (int64_t[]){ 2, 1, 8, 8 },
                                 OST_NET_TRAIN, &net, NULL, NULL),
                     OST_OK);
    for (int i = 0; i < ost_net_layers(net); i++) {
        const ost_layer *l = ost_net_layer(net, i);

        assert_int_equal(l->learns, l->index == 0 || l->index > 2 ||
                                        (l->index < 0 && i > 2));
    }
    ost_net_free(net);
    ost_weights_free(w);
}

static void infer(const net_spec *s, ost_weights *w, unsigned flags,
                  float out[CLASSES])
{
    ost_net_spec spec = net_done(s);
    ost_net *net = NULL;
    float v[48 * 40];
    ost_tensor x;

    assert_int_equal(ost_net_new(w, &spec, 4, (int64_t[]){ 1, 1, 48, 40 },
                                 flags, &net, NULL, NULL),
                     OST_OK);
    x = ost_net_input(net);
    for (int i = 0; i < 48 * 40; i++)
        v[i] = (float)(i % 37) * 0.1f;
    device_fill(backend, &x, v);
    assert_int_equal(ost_net_forward(net, 0, NULL), OST_OK);
    device_get(backend, ost_net_output(net).data, out, CLASSES);
    ost_net_free(net);
}

static void inference_is_the_same_in_fewer_passes(void **state)
{
    static const int blocks[] = { 2, 2 };
    float alone[CLASSES];
    float apart[CLASSES];
    trained t = { 0 };
    net_spec s = { 0 };

    (void)state;
    net_resnet(&s, blocks, 2, 20, CLASSES);
    train(&s, (int64_t[]){ 3, 1, 48, 40 }, 0, &t);
    infer(&s, t.weights, 0, alone);
    infer(&s, t.weights, OST_NET_KEEP, apart);
    assert_memory_equal(alone, apart, sizeof(alone));
    release(&t);
}

/* In halves of ticks. */
static int begin(const ost_net_span *s)
{
    return 2 * s->from + (s->part == 2);
}

static int end(const ost_net_span *s)
{
    return 2 * s->to + (s->part != 1);
}

/* No two spans that are in use at the same time share a byte. */
static void spans_do_not_meet(void **state)
{
    static const int blocks[] = { 1, 2 };
    trained t = { 0 };
    net_spec s = { 0 };
    int n;

    (void)state;
    net_resnet(&s, blocks, 2, 8, CLASSES);
    train(&s, (int64_t[]){ 2, 1, 40, 40 }, 0, &t);
    n = ost_net_spans(t.net);
    assert_true(n > 40);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) {
            ost_net_span a = ost_net_span_at(t.net, i);
            ost_net_span b = ost_net_span_at(t.net, k);

            assert_true(end(&a) < begin(&b) || end(&b) < begin(&a) ||
                        a.offset + a.bytes <= b.offset ||
                        b.offset + b.bytes <= a.offset);
            assert_true(a.offset + a.bytes <= ost_net_memory(t.net));
        }
    release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual_networks_learn_the_same),
        cmocka_unit_test(dropout_drops_the_same_again),
        cmocka_unit_test(recurrent_networks_keep_states_alone),
        cmocka_unit_test(pooling_takes_a_relu_along),
        cmocka_unit_test(values_with_several_readers_stay),
        cmocka_unit_test(branches_that_go_nowhere_learn_nothing),
        cmocka_unit_test(inference_is_the_same_in_fewer_passes),
        cmocka_unit_test(spans_do_not_meet),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
