/* tests/unit/test_ranges.c - what a device is told has names, well nested */
/* links: base kernels */
/* on: cpu cuda */
#include "base/buf.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_spec.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

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

static const char *noted(void)
{
    static char text[512];

    snprintf(text, sizeof(text), "%s", ost_buf_str(&seen));
    ost_buf_reset(&seen);
    return text;
}

typedef struct trained {
    ost_backend *backend;
    ost_weights *weights;
    ost_net *net;
} trained;

/* A network "stem", sigmoid, "head". */
static trained make(unsigned flags)
{
    static const int64_t shape[] = { 2, 8 };
    trained t = { .backend = backend_case_open(1) };
    net_spec s = { 0 };
    ost_net_spec spec;

    t.weights = ost_weights_new(t.backend);
    net_layer(&s, "dense", OST_NET_INPUT, -2);
    net_attr(&s, "out", 4);
    s.layers[0].name = "stem";
    net_next(&s, "sigmoid");
    net_next(&s, "dense");
    net_attr(&s, "out", 3);
    s.layers[2].name = "head";
    spec = net_done(&s);
    assert_int_equal(ost_net_new(t.weights, &spec, 2, shape,
                                 flags | OST_NET_TRAIN, &t.net, NULL, NULL),
                     OST_OK);
    return t;
}

static void release(trained *t)
{
    ost_net_free(t->net);
    ost_weights_free(t->weights);
    ost_backend_close(t->backend);
}

/* A pass has its layers in it, by the names of those that run; an update is by
 * itself. */
static void passes_and_layers_and_updates_have_names(void **state)
{
    static const ost_optimizer sgd = { .kind = OST_SGD, .rate = 0.1 };
    trained t;

    (void)state;
    cpu_alone();
    t = make(OST_NET_KEEP);
    t.backend->enter = note_enter;
    t.backend->leave = note_leave;
    assert_int_equal(ost_net_forward(t.net, 0, NULL), OST_OK);
    assert_string_equal(noted(), "forward(stem()1()head())");
    assert_int_equal(ost_net_backward(t.net, NULL), OST_OK);
    assert_string_equal(noted(), "backward(head()1()stem())");
    assert_int_equal(ost_optimizer_step(&sgd, t.weights, NULL), OST_OK);
    assert_string_equal(noted(), "update()");
    assert_int_equal(depth, 0);
    release(&t);
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

typedef const char *seen_fn(void);

/* The tool of support/nvtx_witness.c watches from the start; NULL where it is
 * not built. */
static seen_fn *start_witness(void)
{
    const char *folder = getenv("OSTEON_CUDASIM");
    char *path = ost_xprintf("%s/libnvtx_witness.so", folder ? folder : ".");
    void *library = dlopen(path, RTLD_NOW);
    void *found = library ? dlsym(library, "nvtx_witness_seen") : NULL;
    seen_fn *fn = NULL;

    memcpy(&fn, &found, sizeof(fn));
    setenv("NVTX_INJECTION64_PATH", path, 1);
    ost_free(path);
    return fn;
}

/* A pass that is told call by call shows its layers, one that is repeated is
 * one range. */
static void a_tool_sees_ranges_of_nvtx(void **state)
{
    seen_fn *taken;
    trained t;

    (void)state;
    if (backend_case_is_cpu() || !(taken = start_witness()))
        skip();
    t = make(0);
    assert_int_equal(ost_net_forward(t.net, 0, NULL), OST_OK);
    assert_string_equal(taken(), "forward(stem()head())");
    assert_int_equal(ost_net_backward(t.net, NULL), OST_OK);
    assert_string_equal(taken(), "backward(head()1()stem())");
    assert_int_equal(ost_net_forward(t.net, 0, NULL), OST_OK);
    assert_string_equal(taken(), "forward(stem()head())"); /* is recorded */
    assert_int_equal(ost_net_forward(t.net, 0, NULL), OST_OK);
    assert_string_equal(taken(), "forward()");
    release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_and_layers_and_updates_have_names),
        cmocka_unit_test(a_backend_without_ranges_is_left_alone),
        cmocka_unit_test(a_tool_sees_ranges_of_nvtx),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
