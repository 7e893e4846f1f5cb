/* tests/unit/test_cuda_library_faults.c - a library that fails in a pass
 *
 * The layers that call cuDNN fail one after another.  The message says which it
 * was, of what kind, and in which call; the next pass of the same network is as
 * if nothing had been.
 */
/* links: stages kernels base */
/* on: cuda */
#include "tests/support/backend_case.h"
#include "tests/support/device_counts.h"
#include "tests/support/network_case.h"

#include "base/banned.h"

enum { ITEMS = 3, SIDE = 32, CALLS = 16 };

typedef struct fixture {
    ost_backend *backend;
    ost_network *network;
    ost_weights *weights;
    ost_net *net;
    float *right; /* the output of a pass that nothing failed in */
} fixture;

/* Of cuDNN that the stand-in has counted, which it does while it is to fail
 * one. */
static int counted;

static void open_fixture(fixture *f, bool recorded)
{
    ost_err err = { 0 };

    if (backend_case_is_cpu())
        skip();
    setenv("OSTEON_CUDA_GRAPHS", recorded ? "1" : "0", 1);
    f->backend = backend_case_open(1);
    f->network = network_shipped("small_cnn", "{\"classes\": 3}");
    f->weights = ost_weights_new(f->backend);
    assert_ok(ost_network_build(f->network, f->weights, 4,
                                (int64_t[]){ ITEMS, 1, SIDE, SIDE }, 0, &f->net,
                                &err),
              &err);
    assert_ok(ost_weights_init(f->weights, 3, &err), &err);
}

static void close_fixture(fixture *f)
{
    ost_free(f->right);
    ost_net_free(f->net);
    ost_weights_free(f->weights);
    ost_network_free(f->network);
    ost_backend_close(f->backend);
}

static ost_rc forward(fixture *f, ost_err *err)
{
    ost_tensor x;

    assert_ok(ost_net_host_input(f->net, &x, err), err);
    stream_fill("x", 0.0, 1.0, ost_tensor_count(&x), x.data);
    return ost_net_forward(f->net, 1, err);
}

static void expect_right(fixture *f)
{
    ost_tensor y = ost_net_output(f->net);
    float *got = device_numbers(f->backend, &y);

    if (!f->right) {
        f->right = got;
        return;
    }
    assert_memory_equal(got, f->right,
                        (size_t)ost_tensor_count(&y) * sizeof(*got));
    ost_free(got);
}

/* Lets the n-th call of cuDNN fail in a pass. */
static ost_rc fail_forward(fixture *f, int n, ost_err *err)
{
    char text[32];
    ost_rc rc;

    snprintf(text, sizeof(text), "cudnn:%d", counted + n);
    setenv("OSTEON_CUDASIM_FAIL", text, 1);
    rc = forward(f, err);
    unsetenv("OSTEON_CUDASIM_FAIL");
    return rc;
}

/* "layer 'NAME' (KIND): cuDNN cannot WHAT (CALL): ..."; puts NAME there. */
static void expect_told(const char *text, char name[64])
{
    char kind[32];
    char call[64];

    if (sscanf(text,
               "layer '%63[^']' (%31[a-z0-9_]): cuDNN cannot convolve "
               "(%63[A-Za-z]): ",
               name, kind, call) != 3)
        fail_msg("message: %s", text);
    assert_string_equal(kind, "conv2d");
    assert_true(strcmp(call, "cudnnConvolutionForward") == 0 ||
                strcmp(call, "cudnnConvolutionBiasActivationForward") == 0);
    assert_non_null(strstr(text, "CUDNN_STATUS_EXECUTION_FAILED"));
}

static void the_layer_and_the_call_are_told(void **state)
{
    fixture f = { 0 };
    char last[64] = "";
    int n;
    ost_err err = { 0 };

    (void)state;
    open_fixture(&f, false);
    assert_ok(forward(&f, &err), &err);
    expect_right(&f);
    for (n = 1; n < CALLS; n++) {
        char name[64];

        err = (ost_err){ 0 };
        if (fail_forward(&f, n, &err) == OST_OK)
            break;
        counted += n;
        assert_int_equal(err.rc, OST_EDEVICE);
        expect_told(err.text, name);
        assert_string_not_equal(name, last);
        memcpy(last, name, sizeof(last));
        assert_ok(forward(&f, &err), &err);
        expect_right(&f);
    }
    counted += n - 1;
    /* It has several. */
    assert_in_range(n, 3, CALLS - 1);
    close_fixture(&f);
}

/* What fails while a pass is recorded is told call by call instead. */
static void a_recording_goes_on_without(void **state)
{
    fixture f = { 0 };
    cudasim_counts before = { 0 };
    ost_err err = { 0 };

    (void)state;
    open_fixture(&f, true);
    for (int pass = 0; pass < 3; pass++) {
        /* The first is told, the second recorded. */
        if (pass == 1)
            before = device_counts();
        assert_ok(pass == 1 ? fail_forward(&f, 1, &err) : forward(&f, &err),
                  &err);
        expect_right(&f);
    }
    assert_int_equal(device_counts_since(before).graph_launches, 0);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layer_and_the_call_are_told),
        cmocka_unit_test(a_recording_goes_on_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
