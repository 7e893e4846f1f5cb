/* tests/unit/test_network_back.c - layers that run backward with others make
 * the same gradients, bit for bit */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/rng.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_spec.h"

#include <stdio.h>

#include "base/banned.h"

enum { LAYERS = 12, ALONE = -1 };

/* The layers of a network, and for each the one whose backward does its own on
 * a GPU. */
typedef struct company {
    const char *name;
    void (*make)(net_spec *layers);
    int leader[LAYERS];
} company;

static void slope(net_spec *s, double v)
{
    net_attr(s, "slope", v);
}

static void conv_relu(net_spec *s)
{
    net_conv(s, OST_NET_INPUT, 12, 3, 1, true);
    net_next(s, "relu");
}

static void conv_without_bias(net_spec *s)
{
    net_conv(s, OST_NET_INPUT, 12, 3, 1, false);
    net_next(s, "leaky_relu");
    slope(s, 0.2);
}

static void conv_scale_tanh(net_spec *s)
{
    net_conv(s, OST_NET_INPUT, 5, 3, 1, true);
    net_next(s, "scale");
    net_attr(s, "by", -0.75);
    net_next(s, "tanh");
    net_conv(s, s->n - 1, 7, 1, 1, true);
}

static void norm_relu(net_spec *s)
{
    net_conv(s, OST_NET_INPUT, 8, 3, 1, true);
    net_next(s, "batch_norm");
    net_next(s, "leaky_relu");
    slope(s, 0.1);
    net_next(s, "instance_norm");
    net_next(s, "relu");
}

static void add_relu(net_spec *s)
{
    int left = net_conv(s, OST_NET_INPUT, 6, 3, 1, true);
    int right = net_conv(s, OST_NET_INPUT, 6, 1, 1, true);

    net_layer(s, "add", left, right);
    net_next(s, "relu");
    net_next(s, "scale");
    net_attr(s, "by", 0.5);
}

/* The value before the ReLU is read twice, so that its gradient is not all that
 * the ReLU gives. */
static void read_twice(net_spec *s)
{
    int conv = net_conv(s, OST_NET_INPUT, 6, 3, 1, true);

    net_layer(s, "relu", conv, -2);
    net_layer(s, "add", conv, s->n - 1);
    net_next(s, "sigmoid");
}

/* Gradients that are added to: of one value three times, and of the input. */
static void read_often(net_spec *s)
{
    int conv = net_conv(s, OST_NET_INPUT, 6, 3, 1, true);
    int tanh = net_next(s, "tanh");
    int sum = net_layer(s, "add", tanh, conv);

    net_layer(s, "multiply", sum, tanh);
    net_layer(s, "concat", s->n - 1, tanh);
    net_layer(s, "concat", s->n - 1, s->n - 1);
}

/* Others run between the two, and have gradients of their own meanwhile, which
 * would find room where the large output is. */
static void far_apart(net_spec *s)
{
    int early = net_conv(s, OST_NET_INPUT, 48, 3, 1, true);

    for (int i = 0; i < 4; i++)
        net_conv(s, i ? s->n - 1 : OST_NET_INPUT, 6, 3, 1, true);
    net_layer(s, "tanh", early, -2);
    net_layer(s, "concat", s->n - 2, s->n - 1);
}

static void frozen(net_spec *s)
{
    conv_relu(s);
    s->layers[0].frozen = true;
}

static const company companies[] = {
    { "conv, relu", conv_relu, { ALONE, 0 } },
    { "conv without bias", conv_without_bias, { ALONE, 0 } },
    { "conv, scale, tanh", conv_scale_tanh, { ALONE, 0, 0, ALONE } },
    { "norm, relu", norm_relu, { ALONE, ALONE, 1, ALONE, 3 } },
    { "add, relu, scale", add_relu, { ALONE, ALONE, ALONE, 2, 2 } },
    { "read twice", read_twice, { ALONE, ALONE, ALONE, 2 } },
    { "read often", read_often, { ALONE, ALONE, ALONE, ALONE, ALONE, ALONE } },
    { "far apart", far_apart, { ALONE, ALONE, ALONE, ALONE, ALONE, 0, ALONE } },
    { "frozen", frozen, { ALONE, 0 } },
};

typedef struct learner {
    ost_backend *backend;
    ost_weights *weights;
    ost_net *net;
} learner;

static void fill(const learner *l, ost_tensor t, uint64_t key)
{
    int64_t count = ost_tensor_count(&t);
    float *v = ost_xalloc((size_t)count * sizeof(*v));
    ost_rng r = ost_rng_of(key, 0);

    for (int64_t i = 0; i < count; i++)
        v[i] = (float)ost_rng_normal(&r);
    device_fill(l->backend, &t, v);
    ost_free(v);
}

static learner learner_of(ost_backend *b, const ost_net_spec *spec,
                          const int64_t *shape, unsigned flags)
{
    learner l = { .backend = b, .weights = ost_weights_new(b) };
    ost_err err = { 0 };

    if (ost_net_new(l.weights, spec, 4, shape, flags, &l.net, NULL, &err))
        fail_msg("%s", err.text);
    assert_ok(ost_weights_init(l.weights, 3, &err), &err);
    return l;
}

static void learner_free(learner *l)
{
    ost_net_free(l->net);
    ost_weights_free(l->weights);
}

static void learn(const learner *l, uint64_t key)
{
    ost_err err = { 0 };

    fill(l, ost_net_input(l->net), key);
    assert_ok(ost_net_forward(l->net, key, &err), &err);
    fill(l, ost_net_output_grad(l->net), key + 100);
    assert_ok(ost_net_backward(l->net, &err), &err);
}

static void expect_same(const learner *a, const learner *b, const char *what)
{
    ost_tensor x = ost_net_input_grad(a->net);
    ost_tensor y = ost_net_input_grad(b->net);
    float *v = device_numbers(a->backend, &x);
    float *w = device_numbers(b->backend, &y);
    ost_err err = { 0 };

    if (memcmp(v, w, (size_t)ost_tensor_count(&x) * sizeof(*v)) != 0)
        fail_msg("%s: the input has another gradient", what);
    ost_free(w);
    ost_free(v);
    for (size_t i = 0; i < a->weights->len; i++) {
        const ost_weight *weight = a->weights->data[i];
        size_t bytes = (size_t)ost_weight_count(weight) * sizeof(float);

        v = ost_xalloc(bytes);
        w = ost_xalloc(bytes);
        assert_ok(ost_weights_get(a->weights, weight, OST_PART_GRAD, v, &err),
                  &err);
        assert_ok(ost_weights_get(b->weights, b->weights->data[i],
                                  OST_PART_GRAD, w, &err),
                  &err);
        if (memcmp(v, w, bytes) != 0)
            fail_msg("%s: %s has another gradient", what, weight->name);
        ost_free(w);
        ost_free(v);
    }
}

/* Which layer of the description leads layer `index`. */
static int leader_of(const ost_net *net, int index)
{
    for (int i = 0; i < ost_net_layers(net); i++) {
        const ost_layer *l = ost_net_layer(net, i);

        if (l->index == index)
            return l->led_by ? l->led_by->index : ALONE;
    }
    fail();
    return ALONE;
}

static void expect_same_alone(const company *c, const int64_t *shape,
                              unsigned more)
{
    const unsigned flags = OST_NET_TRAIN | OST_NET_INPUT_GRAD | more;
    ost_backend *b = backend_case_open(2);
    net_spec layers = { 0 };
    ost_net_spec spec;
    learner together;
    learner apart;

    c->make(&layers);
    spec = net_done(&layers);
    together = learner_of(b, &spec, shape, flags);
    apart = learner_of(b, &spec, shape, flags | OST_NET_KEEP);
    for (int i = 0; i < spec.n_layers; i++) {
        assert_int_equal(leader_of(together.net, i),
                         backend_case_is_cpu() ? ALONE : c->leader[i]);
        assert_int_equal(leader_of(apart.net, i), ALONE);
    }
    for (uint64_t pass = 0; pass < 3; pass++) {
        learn(&together, pass);
        learn(&apart, pass);
        expect_same(&together, &apart, c->name);
    }
    learner_free(&apart);
    learner_free(&together);
    ost_backend_close(b);
}

static void gradients_are_the_same_together(void **state)
{
    /* Rows of whole packs of four, and others. */
    static const int64_t shapes[][4] = { { 2, 3, 8, 12 }, { 3, 4, 5, 7 } };

    (void)state;
    for (size_t i = 0; i < sizeof(companies) / sizeof(companies[0]); i++)
        for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
            expect_same_alone(&companies[i], shapes[s], 0);
            expect_same_alone(&companies[i], shapes[s], OST_NET_ADD_GRAD);
        }
}

/* Channels that blocks go through in parts. */
static void large_channels_are_no_other(void **state)
{
    (void)state;
    expect_same_alone(&companies[0], (int64_t[]){ 2, 1, 150, 128 }, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_the_same_together),
        cmocka_unit_test(large_channels_are_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
