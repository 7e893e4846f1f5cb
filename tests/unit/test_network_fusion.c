/* tests/unit/test_network_fusion.c - convolutions that finish what follows make
 * the same numbers, bit for bit */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/rng.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_spec.h"

#include <math.h>
#include <stdio.h>

#include "base/banned.h"

/* The layers of a network that is built, and which of them runs its end on the
 * CPU: the convolution (0), the normalization (1) or each its own (-1). */
typedef struct fusion {
    const char *name;
    void (*make)(net_spec *s, int channels, int kernel);
    int tail; /* index of the layer in whose place the leader runs */
    int leader;
} fusion;

static void conv_norm(net_spec *s, int channels, int kernel)
{
    net_conv(s, OST_NET_INPUT, channels, kernel, 1, false);
    net_next(s, "batch_norm");
}

static void conv_bias_norm_relu(net_spec *s, int channels, int kernel)
{
    net_conv(s, OST_NET_INPUT, channels, kernel, 1, true);
    net_next(s, "batch_norm");
    net_next(s, "relu");
}

static void conv_norm_add_relu(net_spec *s, int channels, int kernel)
{
    int left = net_conv(s, OST_NET_INPUT, channels, 1, 1, false);

    net_conv(s, OST_NET_INPUT, channels, kernel, 1, true);
    net_next(s, "batch_norm");
    net_layer(s, "add", s->n - 1, left);
    net_next(s, "relu");
}

/* It is not waited for: there would be more in memory at once. */
static void add_what_comes_later(net_spec *s, int channels, int kernel)
{
    int left;

    net_conv(s, OST_NET_INPUT, channels, kernel, 1, true);
    left = net_next(s, "batch_norm");
    net_conv(s, OST_NET_INPUT, channels, 1, 1, false);
    net_next(s, "batch_norm");
    net_layer(s, "add", left, s->n - 1);
    net_next(s, "relu");
}

/* Nor does it matter who could not take the addition along. */
static void add_what_comes_bare(net_spec *s, int channels, int kernel)
{
    int left;

    net_conv(s, OST_NET_INPUT, channels, kernel, 1, true);
    left = net_next(s, "batch_norm");
    net_conv(s, OST_NET_INPUT, channels, 1, 1, false);
    net_layer(s, "add", left, s->n - 1);
    net_next(s, "relu");
}

/* The second operand is what is written over, the first is read twice. */
static void add_to_what_others_read(net_spec *s, int channels, int kernel)
{
    int first = net_conv(s, OST_NET_INPUT, channels, 1, 1, true);

    net_conv(s, OST_NET_INPUT, channels, kernel, 1, true);
    net_next(s, "batch_norm");
    net_layer(s, "add", first, s->n - 1);
    net_layer(s, "add", first, s->n - 1);
}

static void conv_read_twice(net_spec *s, int channels, int kernel)
{
    int conv = net_conv(s, OST_NET_INPUT, channels, kernel, 1, false);

    net_next(s, "batch_norm");
    net_next(s, "relu");
    net_layer(s, "add", conv, s->n - 1);
}

static void norm_read_twice(net_spec *s, int channels, int kernel)
{
    int norm;

    net_conv(s, OST_NET_INPUT, channels, kernel, 1, false);
    norm = net_next(s, "batch_norm");
    net_next(s, "relu");
    net_layer(s, "add", norm, s->n - 1);
}

static void relu_first(net_spec *s, int channels, int kernel)
{
    net_conv(s, OST_NET_INPUT, channels, kernel, 1, false);
    net_next(s, "relu");
    net_next(s, "batch_norm");
}

static void frozen(net_spec *s, int channels, int kernel)
{
    conv_bias_norm_relu(s, channels, kernel);
    s->layers[0].frozen = s->layers[1].frozen = true;
}

static void grouped(net_spec *s, int channels, int kernel)
{
    net_conv(s, OST_NET_INPUT, channels, 1, 1, false);
    net_conv(s, 0, channels, kernel, 1, false);
    net_attr(s, "groups", 2);
    net_next(s, "batch_norm");
    net_next(s, "relu");
}

static void two_norms(net_spec *s, int channels, int kernel)
{
    conv_norm(s, channels, kernel);
    net_next(s, "batch_norm");
    net_next(s, "relu");
    net_next(s, "relu");
}

static void conv_is_the_output(net_spec *s, int channels, int kernel)
{
    conv_norm(s, channels, kernel);
    net_next(s, "relu");
    net_conv(s, s->n - 1, channels, kernel, 1, true);
}

static const fusion fusions[] = {
    { "norm", conv_norm, 1, 0 },
    { "bias, norm, relu", conv_bias_norm_relu, 2, 0 },
    { "norm, add, relu", conv_norm_add_relu, 4, 1 },
    { "add what comes later", add_what_comes_later, 1, 0 },
    { "add what comes bare", add_what_comes_bare, 1, 0 },
    { "add to what others read", add_to_what_others_read, 3, 1 },
    { "read twice", conv_read_twice, 2, 1 },
    { "norm read twice", norm_read_twice, 1, 0 },
    { "relu first", relu_first, 2, 2 },
    { "frozen", frozen, 2, 0 },
    { "grouped", grouped, 3, 2 },
    { "two norms", two_norms, 1, 0 },
    { "conv is the output", conv_is_the_output, 2, 0 },
};

/* Inputs: one channel goes through loops of our own, many Winograd's way, three
 * oneDNN's.  Sides that tiles do not fill are among them. */
static const struct {
    int64_t in[4];
    int channels;
    int kernel;
    bool takes; /* the convolution takes what follows */
} shapes[] = {
    { { 7, 1, 13, 21 }, 20, 3, true },  { { 7, 2, 12, 9 }, 16, 5, true },
    { { 7, 32, 13, 18 }, 32, 3, true }, { { 7, 32, 11, 9 }, 48, 5, true },
    { { 7, 48, 4, 4 }, 64, 3, true },   { { 7, 3, 10, 9 }, 24, 3, false },
    { { 7, 32, 9, 10 }, 32, 1, false },
};

/* Random numbers; variances above 0. */
static void set_weights(ost_weights *w, uint64_t key)
{
    for (size_t i = 0; i < w->len; i++) {
        int64_t n = ost_weight_count(w->data[i]);
        float *v = ost_xalloc((size_t)n * sizeof(*v));
        bool variance = strstr(w->data[i]->name, "running_var") != NULL;
        ost_rng r = ost_rng_of(key, i);

        for (int64_t k = 0; k < n; k++)
            v[k] = (float)(variance ? ost_rng_range(&r, 0.2, 2.0)
                                    : ost_rng_normal(&r));
        assert_int_equal(ost_weights_set(w, w->data[i], OST_PART_DATA, v, NULL),
                         OST_OK);
        ost_free(v);
    }
}

typedef struct judge {
    ost_weights *weights;
    ost_net *net;
} judge;

static judge judge_of(ost_backend *b, const ost_net_spec *spec, int ndim,
                      const int64_t *shape, unsigned flags)
{
    judge j = { .weights = ost_weights_new(b) };
    ost_err err = { 0 };

    if (ost_net_new(j.weights, spec, ndim, shape, flags, &j.net, NULL, &err))
        fail_msg("%s", err.text);
    set_weights(j.weights, 1);
    return j;
}

static void judge_free(judge *j)
{
    ost_net_free(j->net);
    ost_weights_free(j->weights);
}

/* Numbers of items from the `first` on. */
static float *items_from(const judge *j, int64_t first)
{
    ost_tensor x = ost_net_input(j->net);
    int64_t item = ost_tensor_count(&x) / x.shape[0];
    float *v = ost_xalloc((size_t)ost_tensor_count(&x) * sizeof(*v));

    for (int64_t n = 0; n < x.shape[0]; n++) {
        ost_rng r = ost_rng_of(5, (uint64_t)(first + n));

        for (int64_t i = 0; i < item; i++)
            v[n * item + i] = (float)ost_rng_normal(&r);
    }
    return v;
}

/* What comes out of numbers; frees them.  Caller frees with ost_free(). */
static float *run(const judge *j, float *v)
{
    ost_backend *b = j->weights->backend;
    ost_tensor x = ost_net_input(j->net);
    ost_tensor y = ost_net_output(j->net);

    device_fill(b, &x, v);
    ost_free(v);
    assert_int_equal(ost_net_forward(j->net, 0, NULL), OST_OK);
    return device_numbers(b, &y);
}

static size_t output_bytes(const judge *j)
{
    ost_tensor y = ost_net_output(j->net);

    return (size_t)ost_tensor_count(&y) * sizeof(float);
}

static void same(const judge *a, const judge *b, const char *what)
{
    float *x = run(a, items_from(a, 0));
    float *y = run(b, items_from(b, 0));

    if (memcmp(x, y, output_bytes(a)))
        fail_msg("%s: other numbers", what);
    ost_free(y);
    ost_free(x);
}

static const ost_layer *layer_of(const ost_net *net, int index)
{
    for (int i = 0; i < ost_net_layers(net); i++)
        if (ost_net_layer(net, i)->index == index)
            return ost_net_layer(net, i);
    fail();
    return NULL;
}

static void one(const fusion *f, size_t s)
{
    ost_backend *b = backend_case_open(2);
    net_spec layers = { 0 };
    ost_net_spec spec;
    const ost_layer *runs;
    judge fused;
    judge apart;

    f->make(&layers, shapes[s].channels, shapes[s].kernel);
    spec = net_done(&layers);
    fused = judge_of(b, &spec, 4, shapes[s].in, 0);
    apart = judge_of(b, &spec, 4, shapes[s].in, OST_NET_KEEP);
    same(&fused, &apart, f->name);
    set_weights(fused.weights, 2);
    set_weights(apart.weights, 2);
    same(&fused, &apart, "after other weights");
    runs = layer_of(fused.net, f->tail)->runs;
    if (shapes[s].takes && backend_case_is_cpu()) {
        assert_non_null(runs);
        assert_int_equal(runs->index, f->leader);
    }
    /* Five factors of each channel are there while the convolution runs. */
    assert_true(!backend_case_is_cpu() ||
                ost_net_memory(fused.net) <=
                    ost_net_memory(apart.net) +
                        5 * sizeof(float) * (size_t)shapes[s].channels +
                        5 * 64);
    judge_free(&fused);
    judge_free(&apart);
    ost_backend_close(b);
}

static void the_same_numbers_in_fewer_passes(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof(fusions) / sizeof(fusions[0]); f++)
        for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
            one(&fusions[f], s);
}

static void networks_with_depth(void **state)
{
    static const int channels[] = { 1, 32 };
    ost_backend *b = backend_case_open(2);

    (void)state;
    for (int i = 0; i < 2; i++) {
        int64_t shape[] = { 2, channels[i], 5, 9, 10 };
        net_spec layers = { 0 };
        ost_net_spec spec;
        judge fused;
        judge apart;

        net_layer(&layers, "conv3d", OST_NET_INPUT, -2);
        net_attr(&layers, "out", 32);
        net_attr(&layers, "kernel", 3);
        net_attr(&layers, "padding", 1);
        net_next(&layers, "batch_norm");
        net_next(&layers, "relu");
        spec = net_done(&layers);
        fused = judge_of(b, &spec, 5, shape, 0);
        apart = judge_of(b, &spec, 5, shape, OST_NET_KEEP);
        if (backend_case_is_cpu())
            assert_int_equal(layer_of(fused.net, 2)->runs->index, 0);
        same(&fused, &apart, "depth");
        judge_free(&fused);
        judge_free(&apart);
    }
    ost_backend_close(b);
}

/* Of a residual block: any number of threads, and an item by itself. */
static void threads_and_neighbors_change_nothing(void **state)
{
    enum { ITEM = 32 * 18 * 21 };
    static float expected[7 * ITEM];
    net_spec layers = { 0 };
    ost_net_spec spec;

    (void)state;
    conv_norm_add_relu(&layers, 32, 3);
    spec = net_done(&layers);
    for (int threads = 1; threads <= 3; threads++)
        for (int n = 0; n <= 7; n++) {
            ost_backend *b = backend_case_open(threads);
            int64_t shape[] = { n ? 1 : 7, 32, 18, 21 };
            judge j = judge_of(b, &spec, 4, shape, 0);
            float *y = run(&j, items_from(&j, n ? n - 1 : 0));

            if (threads == 1 && !n)
                memcpy(expected, y, sizeof(expected));
            assert_memory_equal(y, expected + (n ? n - 1 : 0) * ITEM,
                                output_bytes(&j));
            ost_free(y);
            judge_free(&j);
            ost_backend_close(b);
        }
}

/* What is not a number stays so: a broken model does not look sound. */
static void not_a_number_stays(void **state)
{
    static const int channels[] = { 1, 32 };
    ost_backend *b = backend_case_open(2);

    (void)state;
    for (int i = 0; i < 2; i++) {
        net_spec layers = { 0 };
        ost_net_spec spec;
        judge j;
        float *x;
        float *y;

        conv_bias_norm_relu(&layers, 32, 3);
        spec = net_done(&layers);
        j = judge_of(b, &spec, 4, (int64_t[]){ 1, channels[i], 16, 16 }, 0);
        x = items_from(&j, 0);
        x[0] = NAN;
        y = run(&j, x);
        assert_true(isnan(y[0]));
        ost_free(y);
        judge_free(&j);
    }
    ost_backend_close(b);
}

/* A network for training has to keep what its backward reads. */
static void training_takes_nothing(void **state)
{
    ost_backend *b;
    net_spec layers = { 0 };
    ost_net_spec spec;
    judge j;

    (void)state;
    cpu_alone(); /* who takes what is each device's choice */
    b = backend_case_open(2);
    conv_bias_norm_relu(&layers, 32, 3);
    spec = net_done(&layers);
    j = judge_of(b, &spec, 4, (int64_t[]){ 2, 32, 12, 12 }, OST_NET_TRAIN);
    assert_int_equal(layer_of(j.net, 0)->runs->index, 0);
    assert_int_equal(layer_of(j.net, 2)->runs->index, 1);
    judge_free(&j);
    ost_backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_numbers_in_fewer_passes),
        cmocka_unit_test(networks_with_depth),
        cmocka_unit_test(threads_and_neighbors_change_nothing),
        cmocka_unit_test(not_a_number_stays),
        cmocka_unit_test(training_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
