/* tests/unit/test_network_learning.c - weights and memory at work */
/* links: stages kernels base */
/* on: cpu cuda */
#include "kernels/optimizer.h"
#include "tests/support/backend_case.h"
#include "tests/support/network_text.h"

#include <math.h>
#include <stdio.h>

#include "base/banned.h"

static ost_backend *backend;

/* A network that is ready to learn. */
typedef struct learner {
    ost_network *network;
    ost_weights *weights;
    ost_net *net;
} learner;

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

static void learner_init(learner *l, const char *text, int ndim,
                         const int64_t *shape)
{
    ost_err err = { 0 };

    l->network = network_of(text, NULL);
    l->weights = ost_weights_new(backend);
    if (ost_network_build(l->network, l->weights, ndim, shape, OST_NET_TRAIN,
                          &l->net, &err) ||
        ost_weights_init(l->weights, 7, &err))
        fail_msg("%s", err.text);
}

static void learner_release(learner *l)
{
    ost_net_free(l->net);
    ost_weights_free(l->weights);
    ost_network_free(l->network);
}

static void fill(ost_tensor t, uint64_t key)
{
    float *v = ost_xalloc((size_t)ost_tensor_count(&t) * sizeof(*v));

    for (int64_t i = 0; i < ost_tensor_count(&t); i++)
        v[i] = sinf((float)(i * 37 + 11) * 0.61f + (float)key) * 0.8f;
    device_fill(backend, &t, v);
    ost_free(v);
}

/* The same number everywhere. */
static void level(ost_tensor t, float number)
{
    float *v = ost_xalloc((size_t)ost_tensor_count(&t) * sizeof(*v));

    for (int64_t i = 0; i < ost_tensor_count(&t); i++)
        v[i] = number;
    device_fill(backend, &t, v);
    ost_free(v);
}

/* Number `i` of what comes out. */
static float output_at(ost_net *net, int64_t i)
{
    float v;

    device_get(backend, (const float *)ost_net_output(net).data + i, &v, 1);
    return v;
}

/* Forward and backward from fixed numbers. */
static void pass(learner *l)
{
    fill(ost_net_input(l->net), 1);
    assert_int_equal(ost_net_forward(l->net, 1, NULL), OST_OK);
    fill(ost_net_output_grad(l->net), 2);
    assert_int_equal(ost_net_backward(l->net, NULL), OST_OK);
}

static int64_t get(const learner *l, const char *name, ost_weight_part part,
                   float **numbers)
{
    ost_weight *w = ost_weights_find(l->weights, name);

    if (!w)
        fail_msg("no weight %s", name);
    *numbers = ost_xalloc((size_t)ost_weight_count(w) * sizeof(float));
    assert_int_equal(ost_weights_get(l->weights, w, part, *numbers, NULL),
                     OST_OK);
    return ost_weight_count(w);
}

static void copy_weight(const learner *from, const char *name, learner *to,
                        const char *as)
{
    float *numbers;

    get(from, name, OST_PART_DATA, &numbers);
    assert_int_equal(ost_weights_set(to->weights,
                                     ost_weights_find(to->weights, as),
                                     OST_PART_DATA, numbers, NULL),
                     OST_OK);
    ost_free(numbers);
}

static const char unrolled[] =
    "'layers': [\n"
    "{'name': 'time', 'repeat': 3, 'as': 't', 'weights': 'shared', "
    "'carry': {'state': null}, 'layers': [\n"
    "  {'op': 'slice', 'in': 'input', 'axis': 2, 'index': '${t}'},\n"
    "  {'op': 'conv_lstm', 'name': 'state', 'in': ['previous', 'state'], "
    "'hidden': 4, 'kernel': 3}]},\n"
    "{'op': 'slice', 'in': 'state', 'to': 4}, {'op': 'global_avg_pool'},\n"
    "{'op': 'dense', 'name': 'head', 'out': 2}]";

static const char written_out[] =
    "'layers': [\n"
    "{'op': 'slice', 'axis': 2, 'index': 0},\n"
    "{'op': 'conv_lstm', 'name': 's0', 'hidden': 4, 'kernel': 3},\n"
    "{'op': 'slice', 'in': 'input', 'axis': 2, 'index': 1},\n"
    "{'op': 'conv_lstm', 'name': 's1', 'in': ['previous', 's0'], "
    "'hidden': 4, 'kernel': 3},\n"
    "{'op': 'slice', 'in': 'input', 'axis': 2, 'index': 2},\n"
    "{'op': 'conv_lstm', 'name': 's2', 'in': ['previous', 's1'], "
    "'hidden': 4, 'kernel': 3},\n"
    "{'op': 'slice', 'to': 4}, {'op': 'global_avg_pool'},\n"
    "{'op': 'dense', 'name': 'head', 'out': 2}]";

/* A shared weight's gradient is the sum of those that copies of it get. */
static void expect_sum(const learner *a, const learner *b, const char *suffix)
{
    char name[3][32];
    float *sum;
    float *part[3];
    double most = 0.0;
    int64_t n;

    snprintf(name[0], sizeof(name[0]), "time.state.%s", suffix);
    n = get(a, name[0], OST_PART_GRAD, &sum);
    for (int k = 0; k < 3; k++) {
        snprintf(name[k], sizeof(name[k]), "s%d.%s", k, suffix);
        assert_int_equal(get(b, name[k], OST_PART_GRAD, &part[k]), n);
    }
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)sum[i]));
    assert_true(most > 1e-6);
    for (int64_t i = 0; i < n; i++) {
        double want =
            (double)part[0][i] + (double)part[1][i] + (double)part[2][i];

        assert_true(fabs((double)sum[i] - want) <= 1e-5 * most);
    }
    for (int k = 0; k < 3; k++)
        ost_free(part[k]);
    ost_free(sum);
}

static void a_recurrent_network_is_its_passes(void **state)
{
    const int64_t shape[] = { 2, 1, 3, 6, 7 };
    learner a;
    learner b;
    float x[4];
    float y[4];

    (void)state;
    learner_init(&a, unrolled, 5, shape);
    learner_init(&b, written_out, 5, shape);
    assert_int_equal(a.weights->len, 4); /* of the cell and of the head */
    for (int k = 0; k < 3; k++) {
        char name[32];

        snprintf(name, sizeof(name), "s%d.weight", k);
        copy_weight(&a, "time.state.weight", &b, name);
        snprintf(name, sizeof(name), "s%d.bias", k);
        copy_weight(&a, "time.state.bias", &b, name);
    }
    copy_weight(&a, "head.weight", &b, "head.weight");
    copy_weight(&a, "head.bias", &b, "head.bias");
    pass(&a);
    pass(&b);
    device_get(backend, ost_net_output(a.net).data, x, 4);
    device_get(backend, ost_net_output(b.net).data, y, 4);
    assert_memory_equal(x, y, sizeof(x));
    expect_sum(&a, &b, "weight");
    expect_sum(&a, &b, "bias");
    learner_release(&b);
    learner_release(&a);
}

/* What a kind needs, where that is more than nothing. */
typedef struct need {
    const char *kind;
    const char *attrs;
    int ndim;
} need;

static const need needs[] = {
    { "conv2d", ", 'out': 5, 'kernel': 3", 4 },
    { "conv3d", ", 'out': 5, 'kernel': 3", 5 },
    { "conv_lstm", ", 'hidden': 3", 4 },
    { "conv_transpose2d", ", 'out': 5, 'kernel': 2, 'stride': 2", 4 },
    { "dense", ", 'out': 3", 2 },
    { "instance_norm", ", 'affine': true", 4 },
};

static const need *need_of(const char *kind)
{
    static need none;

    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (strcmp(needs[i].kind, kind) == 0)
            return &needs[i];
    none = (need){ kind, "", 4 };
    return &none;
}

/* The gradient of what stands before a layer of a kind; NULL when the kind has
 * no weights. */
static float *gradient_before(const need *k, bool frozen, int64_t *count)
{
    const int64_t shape[] = { 2, 4, 6, 5, 4 };
    char *text = ost_xprintf(
        "'layers': [{'op': 'batch_norm', 'name': 'before'},\n"
        "{'op': '%s', 'name': 'kind', 'in': 'before', 'frozen': %s%s}]",
        k->kind, frozen ? "true" : "false", k->attrs);
    float *grad = NULL;
    learner l;
    bool any = false;

    learner_init(&l, text, k->ndim, shape);
    pass(&l);
    for (size_t i = 0; i < l.weights->len; i++) {
        const ost_weight *w = l.weights->data[i];

        if (strncmp(w->name, "kind.", 5) != 0)
            continue;
        any |= w->learned || w->frozen;
        if (frozen)
            assert_null(w->grad);
    }
    if (any)
        *count = get(&l, "before.weight", OST_PART_GRAD, &grad);
    learner_release(&l);
    ost_free(text);
    return grad;
}

static bool has_weights(const need *k)
{
    char *text = ost_xprintf("'layers': [{'op': '%s'%s}]", k->kind, k->attrs);
    ost_network *n = network_of(text, NULL);
    ost_weights *w = ost_weights_new(backend);
    ost_net *net = NULL;
    bool has = !ost_network_build(n, w, k->ndim, (int64_t[]){ 2, 4, 6, 5, 4 },
                                  OST_NET_PLAN | OST_NET_TRAIN, &net, NULL) &&
               w->len > 0;

    ost_net_free(net);
    ost_weights_free(w);
    ost_network_free(n);
    ost_free(text);
    return has;
}

static void every_kind_may_be_frozen(void **state)
{
    const ost_layer_kind *kind;
    int found = 0;

    (void)state;
    for (size_t i = 0; (kind = ost_layer_kind_at(i)); i++) {
        const need *k = need_of(kind->name);
        float *grad[2];
        int64_t count = 0;

        if (!has_weights(k))
            continue;
        grad[0] = gradient_before(k, false, &count);
        grad[1] = gradient_before(k, true, &count);
        assert_non_null(grad[0]);
        assert_memory_equal(grad[0], grad[1], (size_t)count * sizeof(float));
        ost_free(grad[1]);
        ost_free(grad[0]);
        found++;
    }
    assert_in_range(found, 7, 1000);
}

/* Two batch sizes in turn, and what is judged between them. */
static void learn_in_turn(unsigned flags, float *judged)
{
    static const int64_t sizes[] = { 5, 4, 3 };
    static const ost_optimizer sgd = { .rate = 0.05, .momentum = 0.9 };
    ost_network *network =
        network_of("'layers': [{'op': 'conv2d', 'out': 8, 'kernel': 3},"
                   "{'op': 'batch_norm'}, {'op': 'relu'},"
                   "{'op': 'conv2d', 'out': 12, 'kernel': 3},"
                   "{'op': 'global_avg_pool'}, {'op': 'dropout', 'p': 0.5},"
                   "{'op': 'dense', 'out': 2}]",
                   NULL);
    ost_weights *w = ost_weights_new(backend);
    ost_net *nets[3];
    ost_err err = { 0 };

    for (int i = 0; i < 3; i++) {
        const char *at;
        const char *from;

        assert_ok(ost_network_build(
                      network, w, 4, (int64_t[]){ sizes[i], 1, 12, 12 },
                      flags | (i < 2 ? OST_NET_TRAIN : 0u), &nets[i], &err),
                  &err);
        at = ost_net_output(nets[i]).data;
        from = w->shared;
        assert_true((from && at >= from && at < from + w->shared_bytes) ==
                    (flags == OST_NET_SHARE));
    }
    assert_ok(ost_weights_init(w, 1, &err), &err);
    for (int i = 0; i < 6; i++, judged += 6) {
        learner l = { network, w, nets[i % 2] };

        pass(&l);
        assert_ok(ost_optimizer_step(&sgd, w, &err), &err);
        fill(ost_net_input(nets[2]), 3);
        assert_ok(ost_net_forward(nets[2], 0, &err), &err);
        device_get(backend, ost_net_output(nets[2]).data, judged, 6);
    }
    for (int i = 0; i < 3; i++)
        ost_net_free(nets[i]);
    ost_weights_free(w);
    ost_network_free(network);
}

static void networks_share_memory_and_nothing_else(void **state)
{
    float judged[2][36];

    (void)state;
    learn_in_turn(0, judged[0]);
    learn_in_turn(OST_NET_SHARE, judged[1]);
    assert_memory_equal(judged[0], judged[1], sizeof(judged[0]));
    assert_memory_not_equal(judged[0], judged[0] + 30, 6 * sizeof(float));
}

/* What a network for inference gives, whose weights another network may have
 * laid out for its own use before. */
static void judge(const char *text, bool trained, unsigned flags, float *judged)
{
    const int64_t shape[] = { 2, 1, 9, 8 };
    ost_network *network = network_of(text, NULL);
    ost_weights *w = ost_weights_new(backend);
    ost_net *before = NULL;
    ost_net *net = NULL;
    ost_err err = { 0 };

    if (trained)
        assert_ok(ost_network_build(network, w, 4, shape, flags, &before, &err),
                  &err);
    assert_ok(ost_network_build(network, w, 4, shape, 0, &net, &err), &err);
    assert_ok(ost_weights_init(w, 5, &err), &err);
    fill(ost_net_input(net), 3);
    assert_ok(ost_net_forward(net, 0, &err), &err);
    device_get(backend, ost_net_output(net).data, judged, 4);
    ost_net_free(net);
    ost_net_free(before);
    ost_weights_free(w);
    ost_network_free(network);
}

static void weights_are_the_same_for_networks_built_otherwise(void **state)
{
    static const struct {
        const char *text;
        unsigned flags;
    } cases[] = {
        /* Gradients go back to what has one channel, in training alone. */
        { "'layers': [{'op': 'conv2d', 'out': 12, 'kernel': 3},"
          "{'op': 'mean', 'axes': [1]},"
          "{'op': 'conv2d', 'out': 12, 'kernel': 3},"
          "{'op': 'global_avg_pool'}, {'op': 'dense', 'out': 2}]",
          OST_NET_TRAIN },
        { "'layers': [{'op': 'conv2d', 'out': 12, 'kernel': 3},"
          "{'op': 'global_avg_pool'}, {'op': 'dense', 'out': 2}]",
          OST_NET_TRAIN | OST_NET_INPUT_GRAD },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        float alone[4];
        float after[4];

        judge(cases[i].text, false, 0, alone);
        judge(cases[i].text, true, cases[i].flags, after);
        for (int k = 0; k < 4; k++)
            assert_true(fabsf(alone[k] - after[k]) <
                        1e-5f * (1.0f + fabsf(alone[k])));
    }
}

/* The first numbers that a network of one item gives. */
static float first_output(const char *text, unsigned flags)
{
    const int64_t shape[] = { 1, 16, 3, 3 };
    learner l = { network_of(text, NULL), ost_weights_new(backend), NULL };
    ost_err err = { 0 };
    float first;

    assert_ok(
        ost_network_build(l.network, l.weights, 4, shape, flags, &l.net, &err),
        &err);
    level(ost_net_input(l.net), 3.0f);
    assert_ok(ost_net_forward(l.net, 0, &err), &err);
    first = output_at(l.net, 0);
    learner_release(&l);
    return first;
}

/* The second input may be written over, the first one not. */
static void values_of_one_position_are_not_lost(void **state)
{
    static const char sum[] =
        "'layers': [{'op': 'adaptive_avg_pool2d', 'size': 1, 'name': 'a'},"
        "{'op': 'scale', 'by': 5, 'name': 'b'},"
        "{'op': '%s', 'in': ['a', 'b'], 'name': 'c'},"
        "{'op': 'concat', 'in': ['a', 'c']}, {'op': 'slice', 'from': 16}]";
    char *add = ost_xprintf(sum, "add");
    char *multiply = ost_xprintf(sum, "multiply");

    (void)state;
    for (unsigned flags = 0; flags <= OST_NET_TRAIN; flags++) {
        assert_true(first_output(add, flags) == 18.0f);
        assert_true(first_output(multiply, flags) == 45.0f);
    }
    ost_free(multiply);
    ost_free(add);
}

/* Channels that do not fill a block, whose positions go one side after the
 * other. */
static void the_last_position_is_a_row(void **state)
{
    static const char *const texts[] = {
        "'layers': [{'op': 'adaptive_max_pool2d', 'size': 2},"
        "{'op': 'slice', 'axis': 3, 'index': 0},"
        "{'op': 'slice', 'axis': 2, 'index': 0},"
        "{'op': 'dense', 'out': 1, 'init': 'ones'}]",
        "'layers': [{'op': 'adaptive_max_pool2d', 'size': 2},"
        "{'op': 'slice', 'axis': 3, 'index': 0},"
        "{'op': 'slice', 'axis': 2, 'index': 0}]",
    };
    static const float want[] = { 3.0f * 6 + 1.0f, 4.0f };
    static const float four = 4.0f;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const int64_t shape[] = { 2, 6, 3, 3 };
        learner l = { network_of(texts[i], NULL), ost_weights_new(backend),
                      NULL };
        ost_err err = { 0 };
        ost_tensor x;
        ost_tensor y;

        assert_ok(ost_network_build(l.network, l.weights, 4, shape,
                                    OST_NET_TRAIN, &l.net, &err),
                  &err);
        assert_ok(ost_weights_init(l.weights, 1, &err), &err);
        x = ost_net_input(l.net);
        level(x, 3.0f);
        /* first of the second item */
        device_put(backend, (float *)x.data + (ptrdiff_t)6 * 9, &four, 1);
        assert_ok(ost_net_forward(l.net, 0, &err), &err);
        y = ost_net_output(l.net);
        assert_true(output_at(l.net, ost_tensor_count(&y) / 2) == want[i]);
        learner_release(&l);
    }
}

/* Many numbers of one sign, whose rounded sums would drift. */
static void means_over_some_sides_are_exact(void **state)
{
    const int64_t shape[] = { 1, 64, 512, 4 };
    learner l = { network_of("'layers': [{'op': 'mean', 'axes': [1, 2]}]",
                             NULL),
                  ost_weights_new(backend), NULL };
    ost_err err = { 0 };

    (void)state;
    assert_ok(
        ost_network_build(l.network, l.weights, 4, shape, 0, &l.net, &err),
        &err);
    level(ost_net_input(l.net), 0.1f);
    assert_ok(ost_net_forward(l.net, 0, &err), &err);
    for (int i = 0; i < 4; i++)
        assert_true(output_at(l.net, i) == 0.1f);
    learner_release(&l);
}

static void scales_of_a_batch_norm_begin_around_one(void **state)
{
    const int64_t shape[] = { 2, 400, 3, 3 };
    double mean = 0.0;
    double deviation = 0.0;
    learner l;
    float *exact;
    float *around;

    (void)state;
    learner_init(&l,
                 "'layers': [{'op': 'batch_norm', 'name': 'a'}, "
                 "{'op': 'batch_norm', 'name': 'b', 'sigma': 0.02}]",
                 4, shape);
    assert_int_equal(get(&l, "a.weight", OST_PART_DATA, &exact), 400);
    assert_int_equal(get(&l, "b.weight", OST_PART_DATA, &around), 400);
    for (int i = 0; i < 400; i++) {
        assert_true(exact[i] == 1.0f);
        mean += (double)around[i] / 400.0;
    }
    for (int i = 0; i < 400; i++)
        deviation += pow((double)around[i] - mean, 2.0) / 400.0;
    assert_true(fabs(mean - 1.0) < 0.004);
    assert_true(fabs(sqrt(deviation) - 0.02) < 0.003);
    ost_free(around);
    ost_free(exact);
    learner_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recurrent_network_is_its_passes),
        cmocka_unit_test(every_kind_may_be_frozen),
        cmocka_unit_test(scales_of_a_batch_norm_begin_around_one),
        cmocka_unit_test(networks_share_memory_and_nothing_else),
        cmocka_unit_test(weights_are_the_same_for_networks_built_otherwise),
        cmocka_unit_test(values_of_one_position_are_not_lost),
        cmocka_unit_test(the_last_position_is_a_row),
        cmocka_unit_test(means_over_some_sides_are_exact),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
