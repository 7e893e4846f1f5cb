/* tests/unit/test_network_live.c - networks that run as in training, without a
 * backward */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/rng.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_spec.h"

#include <stdio.h>

#include "base/banned.h"

enum { NUMBERS = 2 * 3 * 20 * 20 };

static const int64_t shape[] = { 2, 3, 20, 20 };

static ost_backend *backend;
static float input[NUMBERS];

static int open_backend(void **state)
{
    ost_rng r = ost_rng_of(5, 1);

    (void)state;
    for (int i = 0; i < NUMBERS; i++)
        input[i] = (float)ost_rng_normal(&r);
    backend = backend_case_open(2);
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

/* Convolutions that would take all that follows them along in inference. */
static ost_net_spec describe(net_spec *s)
{
    for (int i = 0; i < 2; i++) {
        net_conv(s, i ? s->n - 1 : OST_NET_INPUT, 16, 3, 1, false);
        net_next(s, "batch_norm");
        net_next(s, "relu");
        net_next(s, "dropout");
        net_attr(s, "p", 0.5);
    }
    net_conv(s, s->n - 1, 2, 1, 1, true);
    return net_done(s);
}

static ost_net *build(ost_weights *w, net_spec *s, unsigned flags)
{
    ost_net_spec spec = describe(s);
    ost_err err = { 0 };
    ost_net *net = NULL;

    if (ost_net_new(w, &spec, 4, shape, flags, &net, NULL, &err))
        fail_msg("%s", err.text);
    return net;
}

static ost_tensor run(ost_net *net, uint64_t draw)
{
    ost_tensor x = ost_net_input(net);

    device_fill(backend, &x, input);
    assert_int_equal(ost_net_forward(net, draw, NULL), OST_OK);
    return ost_net_output(net);
}

static float *copy_of(const ost_tensor *t)
{
    return device_numbers(backend, t);
}

static int compare(const ost_tensor *t, const float *with)
{
    float *v = copy_of(t);
    int differs = memcmp(v, with, (size_t)ost_tensor_count(t) * sizeof(float));

    ost_free(v);
    return differs;
}

static void gives_the_numbers_of_training(void **state)
{
    net_spec s[2] = { 0 };
    ost_weights *w = ost_weights_new(backend);
    ost_net *live = build(w, &s[0], OST_NET_LIVE);
    ost_net *trains = build(w, &s[1], OST_NET_TRAIN);
    ost_tensor y;
    float *want;

    (void)state;
    assert_int_equal(ost_weights_init(w, 7, NULL), OST_OK);
    y = run(trains, 3);
    want = copy_of(&y);
    y = run(live, 3);
    assert_int_equal(compare(&y, want), 0);
    y = run(live, 4);
    assert_int_not_equal(compare(&y, want), 0);
    y = run(live, 3);
    assert_int_equal(compare(&y, want), 0);
    assert_true(ost_net_memory(live) < ost_net_memory(trains));
    ost_free(want);
    ost_net_free(trains);
    ost_net_free(live);
    ost_weights_free(w);
}

static void leaves_the_weights_as_they_were(void **state)
{
    net_spec s[2] = { 0 };
    ost_weights *w = ost_weights_new(backend);
    ost_net *live = build(w, &s[0], OST_NET_LIVE);
    ost_net *plain = build(w, &s[1], 0);
    ost_tensor y;
    float *want;

    (void)state;
    assert_int_equal(ost_weights_init(w, 7, NULL), OST_OK);
    y = run(plain, 0);
    want = copy_of(&y);
    y = run(live, 0);
    assert_int_not_equal(compare(&y, want), 0);
    y = run(plain, 0);
    assert_int_equal(compare(&y, want), 0);
    for (size_t i = 0; i < w->len; i++)
        assert_null(w->data[i]->grad);
    ost_free(want);
    ost_net_free(plain);
    ost_net_free(live);
    ost_weights_free(w);
}

static void one_value_has_no_deviation(void **state)
{
    static const int64_t one[] = { 1, 3, 1, 1 };
    net_spec s = { 0 };
    ost_net_spec spec = describe(&s);
    ost_weights *w = ost_weights_new(backend);
    ost_err err = { 0 };
    ost_net *net = NULL;

    (void)state;
    assert_int_equal(
        ost_net_new(w, &spec, 4, one, OST_NET_LIVE, &net, NULL, &err),
        OST_EINPUT);
    assert_non_null(strstr(err.text, "more than one value"));
    assert_null(net);
    ost_weights_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_numbers_of_training),
        cmocka_unit_test(leaves_the_weights_as_they_were),
        cmocka_unit_test(one_value_has_no_deviation),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
