/* tests/unit/test_network_pool.c - networks share what a call needs */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/rng.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_spec.h"

#include <string.h>

#include "base/banned.h"

enum { NETS = 2 };

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

/* Two networks that run by turns. */
typedef struct pair {
    ost_pool pool;
    ost_weights *weights[NETS];
    ost_net *net[NETS];
    size_t bytes; /* of all memory but weights */
} pair;

static void describe(net_spec *s, int which)
{
    static const int blocks[] = { 1, 1 };

    if (which) {
        net_resnet(s, blocks, 2, 20, 3);
        return;
    }
    net_conv(s, OST_NET_INPUT, 32, 3, 1, true);
    net_next(s, "batch_norm");
    net_next(s, "relu");
    net_conv(s, s->n - 1, 32, 4, 2, true);
    net_next(s, "dropout");
    net_next(s, "leaky_relu");
    net_next(s, "conv_transpose2d");
    net_attr(s, "out", 32);
    net_attr(s, "kernel", 4);
    net_attr(s, "padding", 2);
    net_attr(s, "stride", 2);
    net_layer(s, "concat", 2, s->n - 1);
    net_conv(s, s->n - 1, 3, 1, 1, true);
}

static void build(pair *p, bool pooled)
{
    for (int i = 0; i < NETS; i++) {
        net_spec s = { 0 };
        ost_net_spec spec;
        ost_err err = { 0 };

        describe(&s, i);
        spec = net_done(&s);
        p->weights[i] = ost_weights_new(backend);
        p->weights[i]->pool = pooled ? &p->pool : NULL;
        if (ost_net_new(p->weights[i], &spec, 4, (int64_t[]){ 2, 1, 24, 24 },
                        OST_NET_TRAIN | OST_NET_INPUT_GRAD, &p->net[i], NULL,
                        &err))
            fail_msg("%s", err.text);
        assert_int_equal(ost_weights_init(p->weights[i], 7, NULL), OST_OK);
        p->bytes += ost_net_memory(p->net[i]);
    }
    p->bytes += p->pool.bytes;
}

static void drop(pair *p)
{
    for (int i = 0; i < NETS; i++) {
        ost_net_free(p->net[i]);
        ost_weights_free(p->weights[i]);
    }
    ost_pool_release(&p->pool, backend);
}

static void fill(ost_tensor t, uint64_t stream)
{
    ost_rng r = ost_rng_of(3, stream);
    float *v = ost_xalloc((size_t)ost_tensor_count(&t) * sizeof(*v));

    for (int64_t i = 0; i < ost_tensor_count(&t); i++)
        v[i] = (float)ost_rng_normal(&r);
    device_fill(backend, &t, v);
    ost_free(v);
}

/* What is in the pool between calls is nobody's: numbers that are none. */
static void spoil(pair *p)
{
    void *trash;

    if (!p->pool.memory)
        return;
    trash = ost_xalloc(p->pool.bytes);
    memset(trash, 0xff, p->pool.bytes);
    device_put(backend, p->pool.memory, trash,
               (int64_t)(p->pool.bytes / sizeof(float)));
    ost_free(trash);
}

static void forward(pair *p, int i)
{
    spoil(p);
    assert_int_equal(ost_net_forward(p->net[i], 5, NULL), OST_OK);
    spoil(p);
}

static void backward(pair *p, int i)
{
    spoil(p);
    assert_int_equal(ost_net_backward(p->net[i], NULL), OST_OK);
    spoil(p);
}

/* A forward, all of the other, the backward. */
static void run(pair *p)
{
    for (int i = 0; i < NETS; i++)
        fill(ost_net_input(p->net[i]), (uint64_t)i);
    forward(p, 0);
    fill(ost_net_output_grad(p->net[0]), 10);
    forward(p, 1);
    fill(ost_net_output_grad(p->net[1]), 11);
    backward(p, 1);
    backward(p, 0);
}

static void same(ost_tensor a, ost_tensor b)
{
    float *v = device_numbers(backend, &a);
    float *w = device_numbers(backend, &b);

    assert_memory_equal(v, w, (size_t)ost_tensor_count(&a) * sizeof(float));
    ost_free(w);
    ost_free(v);
}

static void pooled_networks_compute_the_same_by_turns(void **state)
{
    pair a = { 0 };
    pair b = { 0 };

    (void)state;
    build(&a, true);
    build(&b, false);
    for (int step = 0; step < 2; step++) {
        run(&a);
        run(&b);
    }
    for (int i = 0; i < NETS; i++) {
        same(ost_net_output(a.net[i]), ost_net_output(b.net[i]));
        same(ost_net_input_grad(a.net[i]), ost_net_input_grad(b.net[i]));
        for (size_t k = 0; k < a.weights[i]->len; k++) {
            const ost_weight *v = a.weights[i]->data[k];
            const ost_weight *w = b.weights[i]->data[k];

            if (v->grad)
                same(ost_tensor_of(v->grad, OST_F32, 1, &v->stored),
                     ost_tensor_of(w->grad, OST_F32, 1, &w->stored));
        }
    }
    assert_true(a.pool.bytes > 0 && a.bytes < b.bytes + a.pool.bytes);
    drop(&a);
    drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pooled_networks_compute_the_same_by_turns),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
