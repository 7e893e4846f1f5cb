/* tests/unit/test_spectral.c - weights divided by their largest singular value
 *
 * That the numbers are PyTorch's is checked with those of the other layers
 * (parity/operators/spectral.txt).
 */
/* links: stages kernels base */
/* on: cpu cuda checked */
#include "kernels/optimizer.h"
#include "kernels/spectral.h"
#include "tests/support/backend_case.h"
#include "tests/support/network_text.h"

#include <math.h>

#include "base/banned.h"

static ost_backend *backend;

static const char judge[] =
    "'layers': [{'op': 'conv2d', 'out': 8, 'kernel': 3, 'padding': 1,"
    "            'spectral_norm': true},"
    "{'op': 'leaky_relu', 'slope': 0.2}, {'op': 'flatten'},"
    "{'op': 'dense', 'out': 2, 'spectral_norm': true}]";

static int setup(void **state)
{
    (void)state;
    backend = backend_case_open(2);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

static ost_net *built(ost_network *network, ost_weights *w, int64_t items,
                      unsigned flags)
{
    ost_net *net = NULL;
    ost_err err = { 0 };

    assert_ok(ost_network_build(network, w, 4, (int64_t[]){ items, 2, 6, 6 },
                                flags, &net, &err),
              &err);
    return net;
}

static void fill(ost_tensor t, uint64_t key)
{
    int64_t count = ost_tensor_count(&t);
    float *v = ost_xalloc((size_t)count * sizeof(*v));

    for (int64_t i = 0; i < count; i++)
        v[i] = sinf((float)(i * 37 + 11) * 0.61f + (float)key) * 0.8f;
    device_fill(backend, &t, v);
    ost_free(v);
}

static void forward(ost_net *net, uint64_t key)
{
    ost_err err = { 0 };

    fill(ost_net_input(net), key);
    assert_ok(ost_net_forward(net, 0, &err), &err);
}

static void backward(ost_net *net)
{
    ost_err err = { 0 };

    fill(ost_net_output_grad(net), 5);
    assert_ok(ost_net_backward(net, &err), &err);
}

/* Plain numbers of a weight; caller frees. */
static float *numbers(ost_weights *w, const char *name, ost_weight_part part)
{
    const ost_weight *weight = ost_weights_find(w, name);
    ost_err err = { 0 };
    float *v;

    assert_non_null(weight);
    v = ost_xalloc((size_t)ost_weight_count(weight) * sizeof(*v));
    assert_ok(ost_weights_get(w, weight, part, v, &err), &err);
    return v;
}

static void expect_same(ost_weights *a, ost_weights *b, const char *name,
                        ost_weight_part part, bool same)
{
    float *x = numbers(a, name, part);
    float *y = numbers(b, name, part);
    size_t bytes =
        (size_t)ost_weight_count(ost_weights_find(a, name)) * sizeof(float);

    if ((memcmp(x, y, bytes) == 0) != same)
        fail_msg("'%s' is %s", name, same ? "different" : "the same");
    ost_free(y);
    ost_free(x);
}

typedef struct pair {
    ost_network *network;
    ost_weights *w[2];
    ost_net *net[2];
} pair;

static void pair_init(pair *p, const char *text, const unsigned flags[2])
{
    ost_err err = { 0 };

    p->network = network_of(text, NULL);
    for (int i = 0; i < 2; i++) {
        p->w[i] = ost_weights_new(backend);
        p->net[i] = built(p->network, p->w[i], 3, flags[i]);
        assert_ok(ost_weights_init(p->w[i], 3, &err), &err);
    }
}

static void pair_release(pair *p)
{
    for (int i = 0; i < 2; i++) {
        ost_net_free(p->net[i]);
        ost_weights_free(p->w[i]);
    }
    ost_network_free(p->network);
}

/* What is learned is counted, what is iterated is kept beside it. */
static void vectors_are_running_statistics(void **state)
{
    pair p;
    const ost_weight *w;

    (void)state;
    pair_init(&p, judge, (unsigned[]){ OST_NET_TRAIN, 0 });
    assert_int_equal(p.w[0]->len, 8);
    w = ost_weights_find(p.w[0], "0.weight_u");
    assert_non_null(w);
    assert_false(w->learned || w->frozen);
    assert_int_equal(ost_weight_count(w), 8);
    w = ost_weights_find(p.w[0], "0.weight_v");
    assert_int_equal(ost_weight_count(w), 2 * 9);
    assert_true(ost_weights_find(p.w[0], "3.weight")->learned);
    pair_release(&p);
}

/* Before anything was trained both begin with the same warm steps; only
 * training writes down where they led. */
static void inference_iterates_nothing(void **state)
{
    pair p;
    float *v;

    (void)state;
    pair_init(&p, judge, (unsigned[]){ 0, OST_NET_TRAIN });
    forward(p.net[0], 1);
    v = numbers(p.w[0], "0.weight_v", OST_PART_DATA);
    for (int i = 0; i < 2 * 9; i++)
        assert_true(v[i] == 0.0f);
    ost_free(v);
    forward(p.net[1], 1);
    expect_same(p.w[0], p.w[1], "0.weight", OST_PART_DATA, true);
    expect_same(p.w[0], p.w[1], "0.weight_v", OST_PART_DATA, false);
    pair_release(&p);
}

/* Another network's pass between a forward and its backward changes the
 * vectors, but not the gradient. */
static void a_pass_keeps_its_own_vectors(void **state)
{
    static const char *const names[] = { "0.weight", "3.weight", "3.bias" };
    pair p;
    ost_net *other;

    (void)state;
    pair_init(&p, judge, (unsigned[]){ OST_NET_TRAIN, OST_NET_TRAIN });
    other = built(p.network, p.w[1], 2, OST_NET_TRAIN);
    forward(p.net[0], 1);
    forward(p.net[1], 1);
    forward(other, 2);
    forward(other, 3);
    expect_same(p.w[0], p.w[1], "0.weight_u", OST_PART_DATA, false);
    backward(p.net[0]);
    backward(p.net[1]);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        expect_same(p.w[0], p.w[1], names[i], OST_PART_GRAD, true);
    ost_net_free(other);
    pair_release(&p);
}

static void gradients_add_up(void **state)
{
    pair p;
    float *sum;
    float *one;

    (void)state;
    pair_init(&p, judge,
              (unsigned[]){ OST_NET_TRAIN | OST_NET_ADD_GRAD, OST_NET_TRAIN });
    sum = ost_xalloc(8 * 2 * 9 * sizeof(*sum));
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 2; k++) {
            forward(p.net[k], (uint64_t)i);
            backward(p.net[k]);
        }
        one = numbers(p.w[1], "0.weight", OST_PART_GRAD);
        for (int k = 0; k < 8 * 2 * 9; k++)
            sum[k] += one[k];
        ost_free(one);
    }
    one = numbers(p.w[0], "0.weight", OST_PART_GRAD);
    assert_memory_equal(sum, one, 8 * 2 * 9 * sizeof(*sum));
    ost_free(one);
    ost_free(sum);
    pair_release(&p);
}

/* A frozen layer is normalized all the same, learns nothing and lets the
 * gradient through. */
static void frozen_layers_are_normalized(void **state)
{
    static const char frozen[] =
        "'layers': [{'op': 'conv2d', 'out': 8, 'kernel': 3, 'padding': 1,"
        "            'spectral_norm': true, 'frozen': true},"
        "{'op': 'leaky_relu', 'slope': 0.2}, {'op': 'flatten'},"
        "{'op': 'dense', 'out': 2, 'spectral_norm': true}]";
    ost_network *network = network_of(frozen, NULL);
    ost_weights *w = ost_weights_new(backend);
    ost_net *still = built(network, w, 3, OST_NET_TRAIN | OST_NET_INPUT_GRAD);
    ost_err err = { 0 };
    pair p;
    ost_tensor a;
    ost_tensor b;
    float *x;
    float *y;

    (void)state;
    assert_ok(ost_weights_init(w, 3, &err), &err);
    pair_init(&p, judge, (unsigned[]){ OST_NET_TRAIN | OST_NET_INPUT_GRAD, 0 });
    forward(p.net[0], 1);
    forward(still, 1);
    expect_same(p.w[0], w, "0.weight_u", OST_PART_DATA, true);
    backward(p.net[0]);
    backward(still);
    assert_false(ost_weights_find(w, "0.weight")->grad_set);
    a = ost_net_input_grad(p.net[0]);
    b = ost_net_input_grad(still);
    x = device_numbers(backend, &a);
    y = device_numbers(backend, &b);
    assert_memory_equal(x, y, (size_t)ost_tensor_count(&a) * sizeof(*x));
    ost_free(y);
    ost_free(x);
    pair_release(&p);
    ost_net_free(still);
    ost_weights_free(w);
    ost_network_free(network);
}

/* The fast ways of a convolution work with the normalized weight, too: its
 * outputs are those of the weight times one number. */
static void every_way_of_a_convolution_is_normalized(void **state)
{
    static const char *const texts[] = {
        "'layers': [{'op': 'conv2d', 'name': 'c', 'out': 32, 'kernel': 1},"
        "{'op': 'conv2d', 'name': 'd', 'out': 32, 'kernel': 3, 'bias': false}]",
        "'layers': [{'op': 'conv2d', 'name': 'c', 'out': 32, 'kernel': 1},"
        "{'op': 'conv2d', 'name': 'd', 'out': 32, 'kernel': 3, 'bias': false,"
        " 'spectral_norm': true}]",
    };
    float *out[2];
    int64_t count = 0;
    double scale = 0.0;
    ost_err err = { 0 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        ost_network *network = network_of(texts[i], NULL);
        ost_weights *w = ost_weights_new(backend);
        ost_net *net;
        ost_tensor y;

        assert_ok(ost_network_build(network, w, 4, (int64_t[]){ 2, 1, 18, 18 },
                                    0, &net, &err),
                  &err);
        assert_ok(ost_weights_init(w, 3, &err), &err);
        forward(net, 1);
        y = ost_net_output(net);
        count = ost_tensor_count(&y);
        out[i] = device_numbers(backend, &y);
        ost_net_free(net);
        ost_weights_free(w);
        ost_network_free(network);
    }
    for (int64_t k = 0; k < count; k++)
        if (fabsf(out[0][k]) > 1.0f)
            scale = (double)out[1][k] / (double)out[0][k];
    /* Of a matrix of 32 by 288 numbers of variance 2 / 288: about
     * sqrt(2) (1 + sqrt(32 / 288)) = 1.9 is the largest singular value. */
    assert_true(scale > 0.4 && scale < 0.7);
    for (int64_t k = 0; k < count; k++)
        assert_true(fabs((double)out[1][k] - scale * (double)out[0][k]) < 1e-5);
    ost_free(out[1]);
    ost_free(out[0]);
}

static void a_weight_of_zeros_stays_so(void **state)
{
    ost_network *network = network_of(judge, NULL);
    ost_weights *w = ost_weights_new(backend);
    ost_net *net = built(network, w, 3, OST_NET_TRAIN);
    float *grad;
    float *out;
    ost_tensor y;

    (void)state;
    forward(net, 1);
    backward(net);
    y = ost_net_output(net);
    out = device_numbers(backend, &y);
    grad = numbers(w, "0.weight", OST_PART_GRAD);
    for (int i = 0; i < 8 * 2 * 9; i++)
        assert_true(isfinite(grad[i]));
    for (int64_t i = 0; i < ost_tensor_count(&y); i++)
        assert_true(out[i] == 0.0f);
    ost_free(out);
    ost_free(grad);
    ost_net_free(net);
    ost_weights_free(w);
    ost_network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_running_statistics),
        cmocka_unit_test(inference_iterates_nothing),
        cmocka_unit_test(a_pass_keeps_its_own_vectors),
        cmocka_unit_test(gradients_add_up),
        cmocka_unit_test(frozen_layers_are_normalized),
        cmocka_unit_test(every_way_of_a_convolution_is_normalized),
        cmocka_unit_test(a_weight_of_zeros_stays_so),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
