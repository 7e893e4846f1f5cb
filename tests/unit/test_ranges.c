/* tests/unit/test_ranges.c - what a device is told has names, well nested */
/* links: base kernels */
#include "base/buf.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "tests/support/check.h"
#include "tests/support/net_spec.h"

#include <stdio.h>

#include "base/banned.h"

static ost_buf seen;
static int depth;

static void note_enter(ost_backend *backend, const char *what)
{
    (void)backend;
    ost_buf_addf(&seen, "%s(", what);
    depth++;
}

static void note_leave(ost_backend *backend)
{
    (void)backend;
    ost_buf_addc(&seen, ')');
    assert_true(depth-- > 0);
}

static const char *taken(void)
{
    static char text[512];

    snprintf(text, sizeof(text), "%s", ost_buf_str(&seen));
    ost_buf_reset(&seen);
    return text;
}

/* A pass has its layers in it, by the names of those that run; an update is by
 * itself. */
static void passes_and_layers_and_updates_have_names(void **state)
{
    static const int64_t shape[] = { 2, 8 };
    static const ost_optimizer sgd = { .kind = OST_SGD, .rate = 0.1 };
    ost_backend *backend = NULL;
    ost_weights *weights;
    net_spec s = { 0 };
    ost_net_spec spec;
    ost_net *net = NULL;

    (void)state;
    assert_int_equal(ost_backend_open("cpu", 1, &backend, NULL), OST_OK);
    weights = ost_weights_new(backend);
    net_layer(&s, "dense", OST_NET_INPUT, -2);
    net_attr(&s, "out", 4);
    s.layers[0].name = "stem";
    net_next(&s, "sigmoid");
    net_next(&s, "dense");
    net_attr(&s, "out", 3);
    s.layers[2].name = "head";
    spec = net_done(&s);
    assert_int_equal(ost_net_new(weights, &spec, 2, shape,
                                 OST_NET_TRAIN | OST_NET_KEEP, &net, NULL,
                                 NULL),
                     OST_OK);
    backend->enter = note_enter;
    backend->leave = note_leave;
    assert_int_equal(ost_net_forward(net, 0, NULL), OST_OK);
    assert_string_equal(taken(), "forward(stem()1()head())");
    assert_int_equal(ost_net_backward(net, NULL), OST_OK);
    assert_string_equal(taken(), "backward(head()1()stem())");
    assert_int_equal(ost_optimizer_step(&sgd, weights, NULL), OST_OK);
    assert_string_equal(taken(), "update()");
    assert_int_equal(depth, 0);
    ost_net_free(net);
    ost_weights_free(weights);
    ost_backend_close(backend);
    ost_buf_release(&seen);
}

/* A device that has no names for what it is told is asked for none. */
static void a_backend_without_ranges_is_left_alone(void **state)
{
    ost_backend plain = { .name = "plain" };

    (void)state;
    ost_backend_enter(&plain, "forward");
    ost_backend_leave(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_and_layers_and_updates_have_names),
        cmocka_unit_test(a_backend_without_ranges_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
