/* tests/unit/test_cost.c - what layers cost on a GPU, against numbers by hand
 *
 * The network, for a batch of 2 images of 1x8x8:
 *     conv2d, 4 channels, 3x3, padding 1    (w 36, b 4: 40 numbers)
 *     relu
 *     max_pool2d 2
 *     flatten
 *     dense, 3                              (w 192, b 3: 195 numbers)
 * Values have 128, 512, 512, 128, 128 and 6 numbers.
 */
/* links: base kernels */
#include "kernels/ceilings.h"
#include "kernels/cost.h"
#include "kernels/plan_backend.h"
#include "tests/support/check.h"
#include "tests/support/net_spec.h"

#include "base/banned.h"

enum { F = sizeof(float) };

static const ost_ceilings slow = {
    .name = "slow",
    .title = "round numbers",
    .rates = { 1000.0, 2000.0, 0.0, 4000.0 },
    .bandwidth = 100.0,
    .memory = 1e6,
    .launch = 1.0,
};

typedef struct planned {
    ost_backend *backend;
    ost_weights *weights;
    ost_net *net;
} planned;

static planned plan_net(const net_spec *s, const int64_t *shape, unsigned flags)
{
    planned p = { .backend = ost_plan_backend() };
    ost_net_spec spec = net_done(s);

    p.weights = ost_weights_new(p.backend);
    assert_int_equal(ost_net_new(p.weights, &spec, 4, shape,
                                 flags | OST_NET_PLAN, &p.net, NULL, NULL),
                     OST_OK);
    return p;
}

static planned plan_small(unsigned flags)
{
    static const int64_t shape[] = { 2, 1, 8, 8 };
    net_spec s = { 0 };

    net_conv(&s, OST_NET_INPUT, 4, 3, 1, true);
    net_next(&s, "relu");
    net_next(&s, "max_pool2d");
    net_attr(&s, "kernel", 2);
    net_next(&s, "flatten");
    net_next(&s, "dense");
    net_attr(&s, "out", 3);
    return plan_net(&s, shape, flags);
}

static void release(planned *p)
{
    ost_net_free(p->net);
    ost_weights_free(p->weights);
    ost_backend_close(p->backend);
}

static ost_layer_cost cost_of(const planned *p, int layer, ost_units units)
{
    ost_layer_cost cost = { 0 };

    ost_layer_cost_add(&cost, p->net, layer, &slow, units);
    return cost;
}

static void check_cost(const ost_cost *c, double flops, double numbers,
                       int launches)
{
    if (c->flops != flops || c->bytes != F * numbers)
        fail_msg("%g operations on %g numbers, not %g on %g", c->flops,
                 c->bytes / F, flops, numbers);
    assert_int_equal(c->launches, launches);
}

/* Inputs, weights and output once each; the ReLU goes along with the
 * convolution, the flattened numbers stay where they are. */
static void inference_moves_each_number_once(void **state)
{
    planned p = plan_small(0);
    ost_layer_cost c;

    (void)state;
    c = cost_of(&p, 0, OST_UNITS_F32);
    check_cost(&c.forward, 2.0 * 512 * 9, 128 + 40 + 512, 1);
    check_cost(&c.data, 0, 0, 0);
    c = cost_of(&p, 1, OST_UNITS_F32);
    check_cost(&c.forward, 0, 0, 0);
    c = cost_of(&p, 2, OST_UNITS_F32);
    check_cost(&c.forward, 0, 512 + 128, 1);
    c = cost_of(&p, 3, OST_UNITS_F32);
    check_cost(&c.forward, 0, 0, 0);
    c = cost_of(&p, 4, OST_UNITS_F32);
    check_cost(&c.forward, 2.0 * 2 * 64 * 3, 128 + 195 + 6, 1);
    release(&p);
}

/* With OST_NET_KEEP each layer runs by itself and nothing is made again. */
static void training_adds_gradients_of_values_and_of_weights(void **state)
{
    planned p = plan_small(OST_NET_TRAIN | OST_NET_KEEP);
    ost_layer_cost c;

    (void)state;
    c = cost_of(&p, 4, OST_UNITS_F32);
    check_cost(&c.data, 768, 6 + 195 + 128, 1);
    check_cost(&c.weights, 768, 6 + 128 + 195, 1);
    c = cost_of(&p, 3, OST_UNITS_F32);
    check_cost(&c.data, 0, 0, 0);
    c = cost_of(&p, 2, OST_UNITS_F32);
    check_cost(&c.data, 0, 128 + 512, 1);
    c = cost_of(&p, 1, OST_UNITS_F32);
    check_cost(&c.forward, 0, 512 + 512, 1);
    check_cost(&c.data, 0, 512 + 512 + 512, 1);
    c = cost_of(&p, 0, OST_UNITS_F32);
    check_cost(&c.again, 0, 0, 0);
    check_cost(&c.data, 0, 0, 0); /* nobody wants the input's */
    check_cost(&c.weights, 9216, 512 + 128 + 40 + 512, 2);
    release(&p);
}

/* x -> relu -> (leaky_relu, itself) -> add: the gradient of the first one's
 * output comes from two layers, of 2x1x8x8 numbers each. */
static void gradients_of_shared_values_are_added(void **state)
{
    static const int64_t shape[] = { 2, 1, 8, 8 };
    net_spec s = { 0 };
    planned p;
    ost_layer_cost c;

    (void)state;
    net_conv(&s, OST_NET_INPUT, 1, 1, 1, false);
    net_next(&s, "leaky_relu");
    net_layer(&s, "add", 0, 1);
    p = plan_net(&s, shape, OST_NET_TRAIN | OST_NET_KEEP);
    /* Of leaky_relu: dy, y, what is there, dx. */
    c = cost_of(&p, 1, OST_UNITS_F32);
    check_cost(&c.data, 0, 4 * 128, 1);
    release(&p);
}

/* A bias and a leaky ReLU behind a convolution are a kernel of their own, which
 * reads and writes what the convolution made; backward the slope and the bias
 * go together.  Behind a norm they cost nothing. */
static void what_follows_a_product_is_a_kernel(void **state)
{
    static const int64_t shape[] = { 2, 1, 8, 8 };
    net_spec s = { 0 };
    planned p;
    ost_layer_cost c;

    (void)state;
    net_conv(&s, OST_NET_INPUT, 4, 3, 1, true);
    net_next(&s, "leaky_relu");
    net_next(&s, "batch_norm");
    net_next(&s, "relu");
    p = plan_net(&s, shape, OST_NET_TRAIN);
    c = cost_of(&p, 0, OST_UNITS_F32);
    check_cost(&c.forward, 9216, 128 + 40 + 512 + 2 * 512, 2);
    check_cost(&c.weights, 9216, 512 + 128 + 40 + 2 * 512, 2);
    c = cost_of(&p, 1, OST_UNITS_F32);
    check_cost(&c.forward, 0, 0, 0);
    check_cost(&c.data, 0, 512, 0);
    c = cost_of(&p, 3, OST_UNITS_F32);
    check_cost(&c.forward, 0, 0, 0);
    check_cost(&c.data, 0, 512, 0);
    release(&p);
}

/* What is made again costs what it cost the first time. */
static void what_is_made_again_is_counted_again(void **state)
{
    static const int64_t shape[] = { 4, 3, 64, 64 };
    net_spec s = { 0 };
    planned p;
    double again = 0.0;
    double values = 0.0;

    (void)state;
    net_resnet(&s, (const int[]){ 2, 2 }, 2, 16, 3);
    p = plan_net(&s, shape, OST_NET_TRAIN);
    for (int i = 0; i < ost_net_layers(p.net); i++) {
        ost_layer_cost c = cost_of(&p, i, OST_UNITS_F32);

        again += c.again.bytes;
        assert_true((c.again.launches > 0) == (c.again.bytes > 0.0));
    }
    for (int i = 0; i < ost_net_spans(p.net); i++)
        if (strcmp(ost_net_span_at(p.net, i).what, "value again") == 0)
            values += (double)ost_net_span_at(p.net, i).bytes;
    assert_true(values > 0.0);
    /* Each is written once, and is made from as much at least. */
    assert_true(again >= 2.0 * values);
    release(&p);
}

static void time_is_bounded_by_the_slower_of_two(void **state)
{
    planned p = plan_small(0);
    ost_ceilings fast = slow;
    ost_layer_cost c = { 0 };

    (void)state;
    c = cost_of(&p, 0, OST_UNITS_F32);
    assert_true(c.forward.seconds == F * 680 / 100.0);
    /* Factors to 16 bits, the product of these, the result to 32 bits. */
    c = cost_of(&p, 0, OST_UNITS_F16);
    check_cost(&c.forward, 9216, 1.5 * 168 + 0.5 * 680 + 1.5 * 512, 3);
    assert_in_range(c.forward.seconds * 1e6, F * 13.6e6 - 1, F * 13.6e6 + 1);
    fast.bandwidth = 1e6;
    c = (ost_layer_cost){ 0 };
    ost_layer_cost_add(&c, p.net, 0, &fast, OST_UNITS_F32);
    assert_true(c.forward.seconds == 9.216);
    c = (ost_layer_cost){ 0 };
    ost_layer_cost_add(&c, p.net, 0, &fast, OST_UNITS_TF32);
    assert_true(c.forward.seconds == 4.608);
    release(&p);
}

static void losses_and_updates_move_what_they_must(void **state)
{
    planned p = plan_small(OST_NET_TRAIN);
    ost_cost c = ost_loss_cost(p.net, &slow);

    (void)state;
    check_cost(&c, 0, 3 * 6, 1);
    c = ost_update_cost(235, 2, &slow); /* w, g, m, v in; w, m, v out */
    check_cost(&c, 0, 7 * 235, 1);
    c = ost_update_cost(235, 1, &slow);
    check_cost(&c, 0, 5 * 235, 1);
    assert_true(c.seconds == F * 5 * 235 / 100.0);
    release(&p);
}

/* Peaks of narrower numbers are no lower, and names are sorted. */
static void tables_of_devices_make_sense(void **state)
{
    const ost_ceilings *d;

    (void)state;
    for (size_t i = 0; (d = ost_ceilings_at(i)); i++) {
        if (i)
            assert_true(strcmp(ost_ceilings_at(i - 1)->name, d->name) < 0);
        assert_true(d->rates[OST_UNITS_F32] > 1e12);
        assert_true(d->rates[OST_UNITS_F16] > d->rates[OST_UNITS_F32]);
        assert_true(!(d->rates[OST_UNITS_TF32] > 0.0) ||
                    d->rates[OST_UNITS_TF32] >= d->rates[OST_UNITS_F32]);
        assert_true(d->memory >= 16e9 && d->bandwidth >= 300e9);
        assert_true(d->link >= 16e9 && d->link <= 64e9 && d->launch > 0.0);
    }
}

static void unknown_devices_and_units_are_told(void **state)
{
    const ost_ceilings *d = NULL;
    ost_err err = { 0 };
    ost_units units;

    (void)state;
    assert_int_equal(ost_ceilings_find("h100", &d, &err), OST_OK);
    assert_string_equal(d->title, "NVIDIA H100 SXM");
    assert_int_equal(ost_units_find("bf16", d, &units, &err), OST_OK);
    assert_int_equal(units, OST_UNITS_BF16);
    assert_int_equal(ost_units_find("f8", d, &units, &err), OST_EUSAGE);
    assert_non_null(strstr(err.text, "it has f32, tf32, bf16, f16"));
    assert_int_equal(ost_ceilings_find("t4", &d, &err), OST_OK);
    assert_int_equal(ost_units_find("tf32", d, &units, &err), OST_EUSAGE);
    assert_non_null(strstr(err.text, "'t4' has no 'tf32'; it has f32, f16"));
    assert_int_equal(ost_ceilings_find("h1000", &d, &err), OST_EUSAGE);
    assert_non_null(strstr(err.text, "did you mean 'h100'?"));
    assert_int_equal(ost_ceilings_find("abacus", &d, &err), OST_EUSAGE);
    assert_non_null(strstr(err.text, "there are a10, a100, "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inference_moves_each_number_once),
        cmocka_unit_test(training_adds_gradients_of_values_and_of_weights),
        cmocka_unit_test(gradients_of_shared_values_are_added),
        cmocka_unit_test(what_follows_a_product_is_a_kernel),
        cmocka_unit_test(what_is_made_again_is_counted_again),
        cmocka_unit_test(time_is_bounded_by_the_slower_of_two),
        cmocka_unit_test(losses_and_updates_move_what_they_must),
        cmocka_unit_test(tables_of_devices_make_sense),
        cmocka_unit_test(unknown_devices_and_units_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
